//! Sends the plane's metrics to an OpenTelemetry collector, by OTLP over HTTP in JSON, if the usual variables name one.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use sandbar_dial::{Connector, Origin, Trust};
use sandbar_plane::Plane;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinHandle;

use crate::error::StartError;

/// Between two exports, unless `OTEL_METRIC_EXPORT_INTERVAL` says otherwise; OpenTelemetry's own default.
const INTERVAL: Duration = Duration::from_secs(60);
/// The shortest: each export walks all series.
const SHORTEST: Duration = Duration::from_secs(1);
/// How long a collector may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read; nothing in it matters.
const MOST_ANSWER: usize = 64 << 10;
/// Headers that the variable may name.
const MOST_HEADERS: usize = 16;

/// Where to export, and how often.
#[derive(Clone, Debug)]
struct Export {
    url: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    interval: Duration,
    service: String,
}

impl Export {
    /// By the variables that all OpenTelemetry exporters know; none if no endpoint is named.
    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, StartError> {
        let named = |name: &str| variable(name).filter(|text| !text.is_empty());
        let url = match named("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") {
            Some(url) => url,
            None => match named("OTEL_EXPORTER_OTLP_ENDPOINT") {
                Some(base) => format!("{}/v1/metrics", base.trim_end_matches('/')),
                None => return Ok(None),
            },
        };
        Origin::parse(&url).map_err(|error| StartError::Option(format!("OTEL_EXPORTER_OTLP_ENDPOINT: {error}")))?;
        let mut headers = Vec::new();
        let given = named("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default();
        for pair in given
            .split(',')
            .filter(|pair| !pair.trim().is_empty())
            .take(MOST_HEADERS)
        {
            let bad =
                || StartError::Option("OTEL_EXPORTER_OTLP_HEADERS: give name=value, separated by commas".to_owned());
            let (name, value) = pair.split_once('=').ok_or_else(bad)?;
            let mut value = HeaderValue::try_from(value.trim()).map_err(|_| bad())?;
            value.set_sensitive(true);
            headers.push((HeaderName::try_from(name.trim()).map_err(|_| bad())?, value));
        }
        let interval = named("OTEL_METRIC_EXPORT_INTERVAL")
            .and_then(|text| text.parse().ok())
            .map_or(INTERVAL, Duration::from_millis);
        Ok(Some(Self {
            url,
            headers,
            interval: interval.max(SHORTEST),
            service: named("OTEL_SERVICE_NAME").unwrap_or_else(|| "sandbar".to_owned()),
        }))
    }
}

/// Starts exporting, if the environment names a collector.
pub fn start(plane: &Arc<Plane>) -> Result<Option<JoinHandle<()>>, StartError> {
    let Some(export) = Export::read(|name| std::env::var(name).ok())? else {
        return Ok(None);
    };
    let trust = Trust::new(None).map_err(|error| StartError::Option(error.to_string()))?;
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(Connector::new(trust));
    let plane = Arc::clone(plane);
    Ok(Some(tokio::spawn(async move {
        let start = now();
        loop {
            tokio::time::sleep(export.interval).await;
            let body = plane.otlp_metrics(&export.service, start, now()).to_string();
            let sent = tokio::time::timeout(DEADLINE, send(&client, &export, body)).await;
            match sent {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(error, url = export.url, "metrics were not exported"),
                Err(_) => tracing::warn!(url = export.url, "the collector did not answer in time"),
            }
        }
    })))
}

async fn send(client: &Client<Connector, Full<Bytes>>, export: &Export, body: String) -> Result<(), String> {
    let mut request = Request::post(&export.url)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(body))
        .map_err(|error| error.to_string())?;
    request.headers_mut().extend(export.headers.iter().cloned());
    let answer = client.request(request).await.map_err(|error| error.to_string())?;
    let status = answer.status();
    // Read, so that the connection can be used again.
    let _ = Limited::new(answer.into_body(), MOST_ANSWER).collect().await;
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("the collector answered {status}"))
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Export>, StartError> {
        Export::read(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_usual_variables_are_understood() {
        assert!(read(&[]).unwrap().is_none());
        let export = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a, x-other=b"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "10"),
        ])
        .unwrap()
        .unwrap();
        assert_eq!(export.url, "http://127.0.0.1:4318/v1/metrics");
        assert_eq!((export.headers.len(), export.interval), (2, SHORTEST));
        for bad in [
            [("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"), ("x", "")],
            [
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"),
                ("OTEL_EXPORTER_OTLP_HEADERS", "novalue"),
            ],
        ] {
            assert!(read(&bad).is_err(), "{bad:?}");
        }
    }
}
