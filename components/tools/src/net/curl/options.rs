//! The command line of curl.

use super::super::tls::Trust;
use super::super::{base64, connection::How, url};
use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use std::ffi::OsString;
use std::io::Read;
use std::time::{Duration, Instant};

/// Data to be sent may have this many bytes: it is held in memory.
const MOST_DATA: u64 = 256 << 20;

/// Everything that the command line says.
#[derive(Debug, Default)]
pub struct Options {
    pub urls: Vec<String>,
    /// Where the answers go, in order; `None` is `-O`.
    pub outputs: Vec<Option<String>>,
    pub method: Option<String>,
    pub headers: Vec<String>,
    pub data: Option<Vec<u8>>,
    pub get: bool,
    pub form: Vec<(String, String, bool)>,
    pub upload: Option<String>,
    pub user: Option<String>,
    pub agent: Option<String>,
    pub referer: Option<String>,
    pub cookies: Option<String>,
    pub jar: Option<String>,
    pub include: bool,
    pub head: bool,
    pub follow: bool,
    pub most_redirects: u32,
    pub fail: bool,
    pub fail_with_body: bool,
    pub silent: bool,
    pub show_errors: bool,
    pub verbose: bool,
    pub compressed: bool,
    pub json: bool,
    pub write_out: Option<String>,
    pub retry: u32,
    pub retry_delay: Option<Duration>,
    pub retry_all: bool,
    pub retry_refused: bool,
    pub max_time: Option<Duration>,
    pub create_dirs: bool,
    pub dump_header: Option<String>,
    pub resume: Option<String>,
    pub range: Option<String>,
    pub remote_header_name: bool,
    pub output_dir: Option<String>,
    pub trusted_location: bool,
    pub how: How,
}

const LONG: u32 = 0xe000;
const fn private(number: u32) -> char {
    match char::from_u32(LONG + number) {
        Some(c) => c,
        None => '?',
    }
}
const DATA_BINARY: char = private(0);
const DATA_RAW: char = private(1);
const DATA_URLENCODE: char = private(2);
const JSON: char = private(3);
const COMPRESSED: char = private(4);
const CONNECT_TIMEOUT: char = private(5);
const RETRY: char = private(6);
const RETRY_DELAY: char = private(7);
const RETRY_ALL: char = private(8);
const RETRY_REFUSED: char = private(9);
const MOST_REDIRECTS: char = private(10);
const CACERT: char = private(11);
const RESOLVE: char = private(12);
const FAIL_BODY: char = private(13);
const URL: char = private(14);
const CREATE_DIRS: char = private(15);
const IGNORED: char = private(16);
const IGNORED_VALUE: char = private(17);
const FORM_STRING: char = private(18);
const OUTPUT_DIR: char = private(19);
const TRUSTED: char = private(20);
const BEARER: char = private(21);
const TABLE: &[Opt] = &[
    opt('s', "silent", Takes::Nothing),
    opt('S', "show-error", Takes::Nothing),
    opt('f', "fail", Takes::Nothing),
    opt('L', "location", Takes::Nothing),
    opt('o', "output", Takes::Value),
    opt('O', "remote-name", Takes::Nothing),
    opt('J', "remote-header-name", Takes::Nothing),
    opt('X', "request", Takes::Value),
    opt('H', "header", Takes::Value),
    opt('d', "data", Takes::Value),
    opt('d', "data-ascii", Takes::Value),
    opt('F', "form", Takes::Value),
    opt('I', "head", Takes::Nothing),
    opt('i', "include", Takes::Nothing),
    opt('i', "show-headers", Takes::Nothing),
    opt('u', "user", Takes::Value),
    opt('k', "insecure", Takes::Nothing),
    opt('v', "verbose", Takes::Nothing),
    opt('w', "write-out", Takes::Value),
    opt('m', "max-time", Takes::Value),
    opt('A', "user-agent", Takes::Value),
    opt('e', "referer", Takes::Value),
    opt('b', "cookie", Takes::Value),
    opt('c', "cookie-jar", Takes::Value),
    opt('T', "upload-file", Takes::Value),
    opt('G', "get", Takes::Nothing),
    opt('D', "dump-header", Takes::Value),
    opt('C', "continue-at", Takes::Value),
    opt('r', "range", Takes::Value),
    opt('#', "progress-bar", Takes::Nothing),
    opt('4', "ipv4", Takes::Nothing),
    opt('6', "ipv6", Takes::Nothing),
    opt('0', "http1.0", Takes::Nothing),
    opt('N', "no-buffer", Takes::Nothing),
    opt('q', "disable", Takes::Nothing),
    opt('g', "globoff", Takes::Nothing),
    opt('V', "version", Takes::Nothing),
    opt('h', "help", Takes::Nothing),
    opt(DATA_BINARY, "data-binary", Takes::Value),
    opt(DATA_RAW, "data-raw", Takes::Value),
    opt(DATA_URLENCODE, "data-urlencode", Takes::Value),
    opt(JSON, "json", Takes::Value),
    opt(COMPRESSED, "compressed", Takes::Nothing),
    opt(CONNECT_TIMEOUT, "connect-timeout", Takes::Value),
    opt(RETRY, "retry", Takes::Value),
    opt(RETRY_DELAY, "retry-delay", Takes::Value),
    opt(RETRY_ALL, "retry-all-errors", Takes::Nothing),
    opt(RETRY_REFUSED, "retry-connrefused", Takes::Nothing),
    opt(IGNORED_VALUE, "retry-max-time", Takes::Value),
    opt(MOST_REDIRECTS, "max-redirs", Takes::Value),
    opt(CACERT, "cacert", Takes::Value),
    opt(RESOLVE, "resolve", Takes::Value),
    opt(FAIL_BODY, "fail-with-body", Takes::Nothing),
    opt(URL, "url", Takes::Value),
    opt(CREATE_DIRS, "create-dirs", Takes::Nothing),
    opt(FORM_STRING, "form-string", Takes::Value),
    opt(OUTPUT_DIR, "output-dir", Takes::Value),
    opt(TRUSTED, "location-trusted", Takes::Nothing),
    opt(BEARER, "oauth2-bearer", Takes::Value),
    opt(IGNORED, "http1.1", Takes::Nothing),
    opt(IGNORED, "http2", Takes::Nothing),
    opt(IGNORED, "no-progress-meter", Takes::Nothing),
    opt(IGNORED, "tlsv1.2", Takes::Nothing),
    opt(IGNORED, "basic", Takes::Nothing),
    opt(IGNORED, "ssl-reqd", Takes::Nothing),
    opt(IGNORED, "no-keepalive", Takes::Nothing),
    opt(IGNORED, "path-as-is", Takes::Nothing),
    opt(IGNORED_VALUE, "proto", Takes::Value),
    opt(IGNORED_VALUE, "proto-default", Takes::Value),
    opt(IGNORED_VALUE, "noproxy", Takes::Value),
    opt(IGNORED_VALUE, "speed-limit", Takes::Value),
    opt(IGNORED_VALUE, "speed-time", Takes::Value),
];

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .and_then(|number| Duration::try_from_secs_f64(number).ok())
        .ok_or_else(|| format!("expected a proper numerical parameter, not '{text}'"))
}

fn number(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| format!("expected a proper numerical parameter, not '{text}'"))
}

/// The bytes of a file, or of standard input.
fn whole(name: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = if name == "-" {
        console::input().take(MOST_DATA).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(name).and_then(|file| file.take(MOST_DATA).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("Failed to open {name}: {}", console::reason(&error)))?;
    Ok(bytes)
}

/// `@file`, or the text itself.
fn data(text: &str, strip: bool) -> Result<Vec<u8>, String> {
    match text.strip_prefix('@') {
        Some(name) => {
            let mut bytes = whole(name)?;
            if strip {
                bytes.retain(|byte| !matches!(byte, b'\n' | b'\r' | 0));
            }
            Ok(bytes)
        }
        None => Ok(text.as_bytes().to_vec()),
    }
}

/// `content`, `=content`, `name=content`, `@file`, `name@file`.
fn urlencoded(text: &str) -> Result<Vec<u8>, String> {
    let (name, content) = match text.find(['=', '@']) {
        Some(at) if text.as_bytes()[at] == b'=' => (&text[..at], text.as_bytes()[at + 1..].to_vec()),
        Some(at) => (&text[..at], whole(&text[at + 1..])?),
        None => ("", text.as_bytes().to_vec()),
    };
    // As curl does since 7.83: spaces are written as forms have them. A plus of the text itself is encoded already.
    let encoded = url::encode(&content).replace("%20", "+");
    Ok(if name.is_empty() {
        encoded
    } else {
        format!("{name}={encoded}")
    }
    .into_bytes())
}

impl Options {
    fn add_data(&mut self, more: Vec<u8>) {
        match &mut self.data {
            Some(data) => {
                if !self.json {
                    data.push(b'&');
                }
                data.extend_from_slice(&more);
            }
            None => self.data = Some(more),
        }
    }
}

/// Reads the command line; none if everything is said already.
///
/// # Errors
/// A sentence on what is wrong.
pub fn parse(arguments: Vec<OsString>) -> Result<Option<Options>, String> {
    let parsed = getopt::parse(TABLE, arguments.into_iter().skip(1), true)?;
    let mut options = Options {
        most_redirects: 50,
        ..Options::default()
    };
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        match option {
            's' => options.silent = true,
            'S' => options.show_errors = true,
            'f' => options.fail = true,
            FAIL_BODY => options.fail_with_body = true,
            'L' => options.follow = true,
            TRUSTED => (options.follow, options.trusted_location) = (true, true),
            'o' => options.outputs.push(Some(text)),
            'O' => options.outputs.push(None),
            'J' => options.remote_header_name = true,
            'X' => options.method = Some(text),
            'H' => match text.strip_prefix('@') {
                Some(name) => {
                    let bytes = whole(name)?;
                    options
                        .headers
                        .extend(String::from_utf8_lossy(&bytes).lines().map(str::to_owned));
                }
                None => options.headers.push(text),
            },
            'd' => options.add_data(data(&text, true)?),
            DATA_BINARY => options.add_data(data(&text, false)?),
            DATA_RAW => options.add_data(text.into_bytes()),
            DATA_URLENCODE => options.add_data(urlencoded(&text)?),
            JSON => {
                options.json = true;
                options.add_data(data(&text, false)?);
            }
            'F' | FORM_STRING => {
                let (name, value) = text
                    .split_once('=')
                    .ok_or_else(|| format!("Illegally formatted input field: {text}"))?;
                options
                    .form
                    .push((name.to_owned(), value.to_owned(), option == FORM_STRING));
            }
            'I' => options.head = true,
            'i' => options.include = true,
            'u' => options.user = Some(text),
            BEARER => options.headers.push(format!("Authorization: Bearer {text}")),
            'k' => options.how.trust.insecure = true,
            'v' => options.verbose = true,
            'w' => options.write_out = Some(String::from_utf8_lossy(&data(&text, false)?).into_owned()),
            'm' => options.max_time = Some(seconds(&text)?),
            'A' => options.agent = Some(text),
            'e' => options.referer = Some(text),
            'b' => options.cookies = Some(text),
            'c' => options.jar = Some(text),
            'T' => options.upload = Some(text),
            'G' => options.get = true,
            'D' => options.dump_header = Some(text),
            'C' => options.resume = Some(text),
            'r' => options.range = Some(text),
            COMPRESSED => options.compressed = true,
            CONNECT_TIMEOUT => options.how.connect_timeout = Some(seconds(&text)?),
            RETRY => options.retry = number(&text)?,
            RETRY_DELAY => options.retry_delay = Some(seconds(&text)?),
            RETRY_ALL => options.retry_all = true,
            RETRY_REFUSED => options.retry_refused = true,
            MOST_REDIRECTS => options.most_redirects = number(&text)?,
            CACERT => {
                options.how.trust = Trust {
                    roots: Some(whole(&text)?),
                    ..options.how.trust
                }
            }
            RESOLVE => {
                let parts: Vec<&str> = text.splitn(3, ':').collect();
                let [host, port, address] = parts[..] else {
                    return Err(format!("--resolve takes host:port:address, not '{text}'"));
                };
                let port = port.parse().map_err(|_| format!("bad port in --resolve '{text}'"))?;
                options
                    .how
                    .resolve
                    .push((host.to_owned(), port, address.trim_matches(['[', ']']).to_owned()));
            }
            URL => options.urls.push(text),
            CREATE_DIRS => options.create_dirs = true,
            OUTPUT_DIR => options.output_dir = Some(text),
            'V' => {
                return told(&format!(
                    "curl {} (Sandbar) HTTP/1.1 and TLS by the host\nProtocols: http https",
                    env!("CARGO_PKG_VERSION")
                ));
            }
            'h' => return told("usage: curl [options] url ..."),
            _ => {}
        }
    }
    options
        .urls
        .extend(parsed.operands.iter().map(|word| word.to_string_lossy().into_owned()));
    if options.urls.is_empty() {
        return Err("no URL specified".into());
    }
    options.how.deadline = options.max_time.and_then(|limit| Instant::now().checked_add(limit));
    Ok(Some(options))
}

fn told(text: &str) -> Result<Option<Options>, String> {
    use std::io::Write;
    let mut out = console::output();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    Ok(None)
}

/// A user and password as `Authorization` has them.
pub fn basic(user: &str) -> String {
    let user = if user.contains(':') {
        user.to_owned()
    } else {
        format!("{user}:")
    };
    format!("Basic {}", base64::encode(user.as_bytes()))
}
