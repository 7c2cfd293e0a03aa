//! One call of the API: JSON in, JSON or a typed error out.

use http::{Method, Request};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// A create waits up to half a minute for its sandbox, a command in a sandbox as long as it is told.
const PATIENCE: Duration = Duration::from_secs(600);
/// To reach the platform at all.
const CONNECT: Duration = Duration::from_secs(10);
/// Largest answer that is read, bytes: a thousand decisions with their facts.
const MAX_ANSWER: u64 = 64 << 20;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// The platform cannot be reached.
    #[error("cannot reach {url}: {reason}. Is the platform running, and the URL right?")]
    Unreachable {
        /// The URL that was tried.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The platform refused.
    #[error("{message} ({status}{}){}", code.as_ref().map(|code| format!(", {code}")).unwrap_or_default(), next_step(*status))]
    Refused {
        /// HTTP status.
        status: u16,
        /// The code for programs, if the answer has one.
        code: Option<String>,
        /// The reason in words.
        message: String,
    },
    /// The answer is not what the API documents.
    #[error("the platform's answer cannot be understood: {0}")]
    Answer(String),
    /// A command inside a sandbox ended with this code; it has said why itself.
    #[error("the command ended with {0}")]
    Exit(u8),
    /// A file of this machine.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What went wrong.
        error: std::io::Error,
    },
}

/// What helps with what everybody meets once.
fn next_step(status: u16) -> &'static str {
    match status {
        401 => {
            ". Is the key right? It comes from --api-key, DAYTONA_API_KEY or the data directory of a platform on this machine"
        }
        403 => ". `sandbar key show` says what your key may",
        _ => "",
    }
}

impl CliError {
    /// What the process exits with: 2 for a wrong command line, 3 if the platform cannot be reached, else 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Unreachable { .. } => 3,
            Self::Exit(code) => *code,
            _ => 1,
        }
    }
}

/// A platform, with the caller's key.
pub struct Client {
    agent: Agent,
    url: String,
    key: String,
    organization: Option<String>,
}

impl Client {
    /// A client of the API at `url`.
    ///
    /// # Errors
    /// [`CliError::File`] or [`CliError::Usage`] for certificates that cannot be read.
    pub fn new(url: &str, key: &str, organization: Option<&str>, ca_file: Option<&Path>) -> Result<Self, CliError> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(PATIENCE));
        if let Some(path) = ca_file {
            let roots = Arc::new(certificates(path)?);
            config = config.tls_config(TlsConfig::builder().root_certs(RootCerts::Specific(roots)).build());
        }
        Ok(Self {
            agent: config.build().into(),
            url: url.to_owned(),
            key: key.to_owned(),
            organization: organization.map(str::to_owned),
        })
    }

    /// The API's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `GET` of a path of the API.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn get(&self, path: &str) -> Result<Value, CliError> {
        self.call(Method::GET, path, None)
    }

    /// One call; `null` for an empty answer.
    ///
    /// # Errors
    /// [`CliError::Unreachable`], [`CliError::Refused`], [`CliError::Answer`].
    pub fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, CliError> {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let answer = self.send(
            method,
            &format!("{}{path}", self.url),
            "application/json",
            bytes.unwrap_or_default(),
        )?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).map_err(|error| CliError::Answer(error.to_string()))
    }

    /// One call of any URL of the platform with any body; the answer's bytes.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn send(&self, method: Method, url: &str, media_type: &str, body: Vec<u8>) -> Result<Vec<u8>, CliError> {
        let unreachable = |reason: String| CliError::Unreachable {
            url: url.to_owned(),
            reason,
        };
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", format!("Bearer {}", self.key))
            .header("user-agent", concat!("sandbar/", env!("CARGO_PKG_VERSION")));
        if let Some(organization) = &self.organization {
            request = request.header("x-daytona-organization-id", organization);
        }
        if !body.is_empty() {
            request = request.header("content-type", media_type);
        }
        let request = request.body(body).map_err(|error| CliError::Usage(error.to_string()))?;
        let mut answer = self
            .agent
            .run(request)
            .map_err(|error| unreachable(error.to_string()))?;
        let status = answer.status();
        let bytes = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        let bytes = bytes.map_err(|error| unreachable(error.to_string()))?;
        if status.is_success() {
            Ok(bytes)
        } else {
            Err(refusal(status.as_u16(), &bytes))
        }
    }
}

/// The error body of the API, or whatever a proxy in between says.
fn refusal(status: u16, bytes: &[u8]) -> CliError {
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let message = match &body["message"] {
        Value::String(message) => message.clone(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        _ => String::from_utf8_lossy(bytes).trim().chars().take(300).collect(),
    };
    CliError::Refused {
        status,
        code: body["code"].as_str().map(str::to_owned),
        message: if message.is_empty() {
            "the platform refused".to_owned()
        } else {
            message
        },
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, CliError> {
    let bytes = read(path)?;
    let mut found = Vec::new();
    for item in parse_pem(&bytes) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(CliError::Usage(format!("{}: {error}", path.display()))),
        }
    }
    if found.is_empty() {
        return Err(CliError::Usage(format!(
            "{} holds no certificate in PEM form",
            path.display()
        )));
    }
    Ok(found)
}

/// A file of this machine, whole.
///
/// # Errors
/// [`CliError::File`].
pub fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|error| CliError::File {
        path: path.display().to_string(),
        error,
    })
}

/// One segment of a path, so that no name can lead elsewhere.
#[must_use]
pub fn segment(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let mut safe = String::new();
    for byte in text.bytes() {
        if plain(byte) && text != "." && text != ".." {
            safe.push(char::from(byte));
        } else {
            safe.push_str(&format!("%{byte:02X}"));
        }
    }
    safe
}

/// A query string of those pairs that have a value; empty if none has.
#[must_use]
pub fn query(pairs: &[(&str, Option<String>)]) -> String {
    let set: Vec<String> = pairs
        .iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={}", segment(value))))
        .collect();
    if set.is_empty() {
        String::new()
    } else {
        format!("?{}", set.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_elsewhere() {
        assert_eq!(segment("a-b_c.d~1"), "a-b_c.d~1");
        assert_eq!(segment("../x?y#z"), "..%2Fx%3Fy%23z");
        assert_eq!(
            (segment(".."), segment("."), segment("é")),
            ("%2E%2E".into(), "%2E".into(), "%C3%A9".into())
        );
        assert_eq!(query(&[("a", None), ("b", Some("1&2".into()))]), "?b=1%262");
        assert_eq!(query(&[("a", None)]), "");
    }

    #[test]
    fn refusals_are_told_in_words() {
        let text = |status, body: &str| refusal(status, body.as_bytes()).to_string();
        assert_eq!(text(400, r#"{"message":"no","code":"X"}"#), "no (400, X)");
        assert_eq!(text(400, r#"{"message":["a","b"]}"#), "a; b (400)");
        assert_eq!(text(502, "<html>"), "<html> (502)");
        assert_eq!(text(500, ""), "the platform refused (500)");
    }
}
