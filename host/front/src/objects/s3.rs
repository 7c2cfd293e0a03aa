//! The requests of S3 that the SDKs make, and answers in its form.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;

use super::credentials::Refused;
use super::signature::{self, Subject};
use super::store::{Incoming, StoreError};
use super::{BUCKET, Objects, PREFIX, reading, xml};
use crate::steady::Steady;
use crate::{Body, body};

/// Largest list of parts: 1,000 of them with tags and checksums.
const COMPLETE: usize = 1 << 20;
/// Most keys of one list; S3 has the same.
const KEYS: usize = 1_000;
/// How far a client's clock may be off; S3 has the same.
const SKEW: Duration = Duration::from_secs(15 * 60);

/// An error in S3's form.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

fn refuse(status: StatusCode, code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal {
        status,
        code,
        message: message.into(),
    }
}

fn denied(message: impl Into<String>) -> Refusal {
    refuse(StatusCode::FORBIDDEN, "AccessDenied", message)
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        let (status, code) = match error {
            StoreError::Missing => (StatusCode::NOT_FOUND, "NoSuchKey"),
            StoreError::NoUpload => (StatusCode::NOT_FOUND, "NoSuchUpload"),
            StoreError::NoPart(_) => (StatusCode::BAD_REQUEST, "InvalidPart"),
            StoreError::Key => (StatusCode::BAD_REQUEST, "KeyTooLongError"),
            StoreError::TooLarge => (StatusCode::BAD_REQUEST, "EntityTooLarge"),
            StoreError::Full => (StatusCode::FORBIDDEN, "QuotaExceeded"),
            StoreError::Body(_) => (StatusCode::BAD_REQUEST, "InvalidRequest"),
            StoreError::Disk(error) => {
                tracing::error!(%error, "object storage");
                let message = "the server cannot store or read it now; its log says more";
                return refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message);
            }
        };
        refuse(status, code, message)
    }
}

/// Answers a request below [`PREFIX`].
pub async fn answer(objects: &Objects, request: Request<Body>) -> Response<Body> {
    let head = request.method() == Method::HEAD;
    let path = request.uri().path().to_owned();
    let mut response = serve(objects, request).await.unwrap_or_else(|refusal| {
        let content = [
            xml::element("Code", refusal.code),
            xml::element("Message", &refusal.message),
            xml::element("Resource", &path),
        ];
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>{}</Error>",
            content.concat()
        );
        document(refusal.status, text)
    });
    if head {
        *response.body_mut() = body::empty();
    }
    response
}

fn document(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(body::full(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

fn tagged(tag: &str) -> Response<Body> {
    let mut response = Response::new(body::empty());
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

async fn serve(objects: &Objects, mut request: Request<Body>) -> Result<Response<Body>, Refusal> {
    // HTTP/2 has it elsewhere, and it is signed as a header.
    if let (false, Some(authority)) = (request.headers().contains_key(HOST), request.uri().authority())
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(HOST, host);
    }
    let (parts, incoming_body) = request.into_parts();
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or("");
    let organization = signed(objects, parts.method.as_str(), path, query, &parts.headers)?;
    let rest = path.strip_prefix(PREFIX).unwrap_or_default();
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket != BUCKET {
        return Err(refuse(
            StatusCode::NOT_FOUND,
            "NoSuchBucket",
            format!("the one bucket is {BUCKET}"),
        ));
    }
    let text = |encoded: &str| signature::decode(encoded).and_then(|bytes| String::from_utf8(bytes).ok());
    let wanted = |name: &str| {
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| text(value))
    };
    let key = text(key).ok_or_else(|| denied("the key is not UTF-8"))?;
    let own = format!("{organization}/");
    if key.is_empty() {
        return match parts.method {
            Method::HEAD => Ok(Response::new(body::empty())),
            Method::GET => list(objects, &organization, &wanted).await,
            _ => Err(unknown(&parts.method)),
        };
    }
    let Some(key) = key.strip_prefix(&own) else {
        return Err(denied(format!("these credentials are for keys that begin with {own}")));
    };
    let store = &objects.store;
    let upload = wanted("uploadId");
    let incoming_body = Steady::new(incoming_body).boxed_unsync();
    match (&parts.method, upload) {
        (&Method::HEAD | &Method::GET, None) => {
            let (size, file) = store.read(&organization, key).await?;
            let mut response = Response::new(reading::body(file));
            let headers = response.headers_mut();
            headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            headers.insert(ETAG, HeaderValue::from_static("\"-\""));
            let time = format!("{}", jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT"));
            if let Ok(time) = HeaderValue::from_str(&time) {
                headers.insert(http::header::LAST_MODIFIED, time);
            }
            Ok(response)
        }
        (&Method::PUT, None) => {
            let tag = store
                .write(&organization, key, incoming(&parts.headers, incoming_body)?)
                .await?;
            Ok(tagged(&tag))
        }
        (&Method::PUT, Some(upload)) => {
            let number = wanted("partNumber").and_then(|number| number.parse().ok()).unwrap_or(0);
            let incoming = incoming(&parts.headers, incoming_body)?;
            Ok(tagged(&store.part(&organization, &upload, number, incoming).await?))
        }
        (&Method::POST, None) if wanted("uploads").is_some() => {
            let id = store.begin(&organization, key).await?;
            Ok(result("InitiateMultipartUploadResult", &own, key, ("UploadId", &id)))
        }
        (&Method::POST, Some(upload)) => {
            let text = body::whole(incoming_body, COMPLETE)
                .await
                .ok_or_else(|| refuse(StatusCode::BAD_REQUEST, "MalformedXML", "the list of parts is too long"))?;
            let numbers = std::str::from_utf8(&text).ok().and_then(xml::parts);
            let numbers =
                numbers.ok_or_else(|| refuse(StatusCode::BAD_REQUEST, "MalformedXML", "this is no list of parts"))?;
            let tag = store.complete(&organization, &upload, key, numbers).await?;
            let tag = format!("\"{tag}\"");
            Ok(result("CompleteMultipartUploadResult", &own, key, ("ETag", &tag)))
        }
        (&Method::DELETE, upload) => {
            match upload {
                Some(upload) => store.abort(&organization, &upload).await?,
                None => store.remove(&organization, key).await?,
            }
            let mut response = Response::new(body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
        (method, _) => Err(unknown(method)),
    }
}

fn unknown(method: &Method) -> Refusal {
    refuse(
        StatusCode::NOT_IMPLEMENTED,
        "NotImplemented",
        format!("{method} in this form is not part of this storage: it takes uploads for images"),
    )
}

fn result(root: &str, own: &str, key: &str, more: (&str, &str)) -> Response<Body> {
    let content = [
        xml::element("Bucket", BUCKET),
        xml::element("Key", &format!("{own}{key}")),
        xml::element(more.0, more.1),
    ];
    document(StatusCode::OK, xml::document(root, &content.concat()))
}

async fn list(
    objects: &Objects,
    organization: &str,
    wanted: &impl Fn(&str) -> Option<String>,
) -> Result<Response<Body>, Refusal> {
    let prefix = wanted("prefix").unwrap_or_default();
    let Some(rest) = prefix.strip_prefix(&format!("{organization}/")) else {
        return Err(denied(format!(
            "these credentials list what begins with {organization}/"
        )));
    };
    let most = wanted("max-keys")
        .and_then(|most| most.parse().ok())
        .unwrap_or(KEYS)
        .min(KEYS);
    let (found, more) = objects.store.list(organization, rest, most).await?;
    let mut content = [
        xml::element("Name", BUCKET),
        xml::element("Prefix", &prefix),
        xml::element("KeyCount", &found.len().to_string()),
        xml::element("MaxKeys", &most.to_string()),
        xml::element("IsTruncated", if more { "true" } else { "false" }),
    ]
    .concat();
    for object in found {
        let fields = [
            xml::element("Key", &format!("{organization}/{}", object.key)),
            xml::element("LastModified", &format!("{:.3}", jiff::Timestamp::now())),
            xml::element("ETag", "\"-\""),
            xml::element("Size", &object.size.to_string()),
            xml::element("StorageClass", "STANDARD"),
        ];
        content.push_str(&format!("<Contents>{}</Contents>", fields.concat()));
    }
    Ok(document(StatusCode::OK, xml::document("ListBucketResult", &content)))
}

/// The organization whose credentials signed the request.
fn signed(objects: &Objects, method: &str, path: &str, query: &str, headers: &HeaderMap) -> Result<String, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signature = header(AUTHORIZATION.as_str())
        .and_then(signature::parse)
        .ok_or_else(|| denied("the request is not signed with AWS4-HMAC-SHA256 in its Authorization header"))?;
    let (Some(time), Some(payload)) = (header("x-amz-date"), header("x-amz-content-sha256")) else {
        return Err(denied("x-amz-date and x-amz-content-sha256 are needed"));
    };
    let token = header("x-amz-security-token").ok_or_else(|| denied("x-amz-security-token is needed"))?;
    let now = SystemTime::now();
    let claim = match objects.issuer.claim(signature.access_key, token, now) {
        Ok(claim) => claim,
        Err(Refused::Unknown) => {
            return Err(refuse(
                StatusCode::FORBIDDEN,
                "InvalidAccessKeyId",
                "these credentials were not made here; ask /api/object-storage/push-access",
            ));
        }
        Err(Refused::Expired) => {
            return Err(refuse(
                StatusCode::FORBIDDEN,
                "ExpiredToken",
                "these credentials have expired; ask /api/object-storage/push-access for others",
            ));
        }
    };
    let subject = Subject {
        method,
        path,
        query,
        time,
        payload,
    };
    let needed = ["host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"];
    if !signature.proves(&claim.secret, subject, headers, &needed) {
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "SignatureDoesNotMatch",
            "the signature is not over this request; a proxy that changes Host or path breaks it",
        ));
    }
    // After the signature, so that only who has the secret learns about our clock.
    let sent = moment(time).ok_or_else(|| denied("x-amz-date is not of the form 20060102T150405Z"))?;
    let off = now.duration_since(sent).unwrap_or_else(|ahead| ahead.duration());
    if off > SKEW {
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "RequestTimeTooSkewed",
            "the request's time is more than 15 minutes off; set the clock",
        ));
    }
    Ok(claim.organization)
}

/// `20060102T150405Z`
fn moment(time: &str) -> Option<SystemTime> {
    let plain = time.len() == 16 && time.is_ascii();
    let stamp = plain
        .then(|| jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok())
        .flatten()?;
    let seconds = stamp.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?))
}

/// What a body is, by its headers.
fn incoming(headers: &HeaderMap, body: Body) -> Result<Incoming, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (chunked, digest) = match header("x-amz-content-sha256").unwrap_or_default() {
        "UNSIGNED-PAYLOAD" => (false, None),
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => (true, None),
        text => {
            let mut digest = [0; 32];
            if hex::decode_to_slice(text, &mut digest).is_err() {
                return Err(refuse(
                    StatusCode::NOT_IMPLEMENTED,
                    "NotImplemented",
                    format!("bodies signed as {text} are not supported; sign the whole, or nothing of it"),
                ));
            }
            (false, Some(digest))
        }
    };
    let length = if chunked {
        header("x-amz-decoded-content-length")
    } else {
        header("content-length")
    };
    let length = length.and_then(|length| length.parse().ok()).ok_or_else(|| {
        let message = "the length of the body is needed";
        refuse(StatusCode::LENGTH_REQUIRED, "MissingContentLength", message)
    })?;
    Ok(Incoming {
        body,
        length,
        digest,
        chunked,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_requests() {
        let expected = UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        assert_eq!(moment("20130524T000000Z"), Some(expected));
        for bad in [
            "",
            "20130524T000000",
            "20139924T000000Z",
            "2013-05-24T00:00Z",
            "ä0130524T00000Z",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }
}
