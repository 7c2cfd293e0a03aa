//! Requests: what is sent.

use super::super::connection::Failure;
use super::super::url::Url;
use super::options::{Options, basic};
use crate::console;
use std::io::Read;
use std::path::Path;

/// A file that is uploaded may have this many bytes: it is held in memory.
const MOST_UPLOAD: u64 = 512 << 20;

/// A request, ready to be sent.
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// All lines, and the empty one.
    pub head: Vec<u8>,
    /// What comes after.
    pub body: Vec<u8>,
}

fn file(name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if name == "-" {
        console::input().take(MOST_UPLOAD).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(name).and_then(|file| file.take(MOST_UPLOAD).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::new(26, &format!("Can't open '{name}': {}", console::reason(&error))))?;
    Ok(bytes)
}

/// The parts of a form, and the line between them.
fn form(options: &Options) -> Result<(Vec<u8>, String), Failure> {
    let boundary = "------------------------a4c1f09e7d5b3826".to_owned();
    let mut body = Vec::new();
    for (name, value, literal) in &options.form {
        body.extend_from_slice(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"").as_bytes());
        let mut parts = value.split(';');
        let first = parts.next().unwrap_or_default();
        let setting = |key: &str| {
            value
                .split(';')
                .skip(1)
                .find_map(|part| part.trim().strip_prefix(key).map(str::to_owned))
        };
        if let Some(path) = first.strip_prefix('@').filter(|_| !literal) {
            let shown = setting("filename=").unwrap_or_else(|| {
                Path::new(path)
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            });
            let kind = setting("type=").unwrap_or_else(|| "application/octet-stream".into());
            body.extend_from_slice(format!("; filename=\"{shown}\"\r\nContent-Type: {kind}\r\n\r\n").as_bytes());
            body.extend_from_slice(&file(path)?);
        } else if let Some(path) = first.strip_prefix('<').filter(|_| !literal) {
            body.extend_from_slice(b"\r\n\r\n");
            body.extend_from_slice(&file(path)?);
        } else if let (Some(kind), false) = (setting("type="), *literal) {
            body.extend_from_slice(format!("\r\nContent-Type: {kind}\r\n\r\n{first}").as_bytes());
        } else {
            body.extend_from_slice(format!("\r\n\r\n{value}").as_bytes());
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok((body, boundary))
}

/// Builds the request for an address; `bare` after a redirection that drops the body.
///
/// # Errors
/// A file that is to be sent cannot be read.
pub fn build(
    options: &Options,
    url: &mut Url,
    bare: bool,
    own_host: bool,
    cookies: Option<&str>,
) -> Result<Request, Failure> {
    let mut body = Vec::new();
    let mut kind = None;
    let mut method = "GET";
    if options.head {
        method = "HEAD";
    } else if bare {
    } else if let Some(upload) = &options.upload {
        method = "PUT";
        body = file(upload)?;
        if url.target.ends_with('/') && upload != "-" {
            url.target
                .push_str(&Path::new(upload).file_name().unwrap_or_default().to_string_lossy());
        }
    } else if !options.form.is_empty() {
        method = "POST";
        let (bytes, boundary) = form(options)?;
        body = bytes;
        kind = Some(format!("multipart/form-data; boundary={boundary}"));
    } else if let Some(data) = options.data.as_ref().filter(|_| !options.get) {
        method = "POST";
        body.clone_from(data);
        kind = Some(
            if options.json {
                "application/json"
            } else {
                "application/x-www-form-urlencoded"
            }
            .to_owned(),
        );
    }
    let has_body = method == "POST" || method == "PUT";
    let method = match &options.method {
        Some(given) if !bare || !has_body => given.clone(),
        _ => method.to_owned(),
    };
    let given = |name: &str| {
        options.headers.iter().any(|line| {
            let end = line.find([':', ';']).unwrap_or(line.len());
            line[..end].eq_ignore_ascii_case(name)
        })
    };
    let mut lines = vec![format!("{method} {} HTTP/1.1", url.target)];
    let mut add = |name: &str, value: &str| {
        if !given(name) {
            lines.push(format!("{name}: {value}"));
        }
    };
    add("Host", &url.authority());
    if let Some(user) = options.user.as_ref().filter(|_| own_host).or(url.user.as_ref()) {
        add("Authorization", &basic(user));
    }
    match &options.range {
        Some(range) => add("Range", &format!("bytes={range}")),
        None => {
            if let Some(from) = options.resume.as_ref().and_then(|text| text.parse::<u64>().ok()) {
                add("Range", &format!("bytes={from}-"));
            }
        }
    }
    let agent = options
        .agent
        .clone()
        .unwrap_or_else(|| format!("curl/8.0 (Sandbar {})", env!("CARGO_PKG_VERSION")));
    if !agent.is_empty() {
        add("User-Agent", &agent);
    }
    add("Accept", if options.json { "application/json" } else { "*/*" });
    if let Some(referer) = &options.referer {
        add("Referer", referer);
    }
    if options.compressed {
        add("Accept-Encoding", "gzip, zstd, deflate");
    }
    if let Some(cookies) = cookies {
        add("Cookie", cookies);
    }
    add("Connection", "close");
    if has_body || !body.is_empty() {
        add("Content-Length", &body.len().to_string());
        if let Some(kind) = &kind {
            add("Content-Type", kind);
        }
    }
    for line in &options.headers {
        // `Name:` takes one away, `Name;` sends it empty. Credentials stay with the host that they are for.
        let name = line.split([':', ';']).next().unwrap_or_default();
        let is_secret = name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("cookie");
        if is_secret && !own_host || line.contains(['\r', '\n']) {
            continue;
        }
        if let Some(name) = line.strip_suffix(';').filter(|name| !name.contains(':')) {
            lines.push(format!("{name}:"));
        } else if line.split_once(':').is_some_and(|(_, value)| !value.trim().is_empty()) {
            lines.push(line.clone());
        }
    }
    let mut head = lines.join("\r\n").into_bytes();
    head.extend_from_slice(b"\r\n\r\n");
    Ok(Request { method, head, body })
}
