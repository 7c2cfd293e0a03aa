//! Git's smart HTTP: two requests for a fetch or a push, authenticated if need be.

use crate::credentials::{self, Credentials};
use crate::failure::{Failure, Kind};
use crate::net::connection::{Connection, How, connect};
use crate::net::http::{Body, Head};
use crate::net::url::Url;
use crate::net::{Trust, base64};
use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport, register as add};
use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Redirections followed, from one address to the next.
const MOST_REDIRECTIONS: usize = 5;
/// To reach a server.
const CONNECT: Duration = Duration::from_secs(60);
/// Of a server that says nothing: as long as a slow one may need to count objects, and no longer, since a call of the
/// toolbox waits for it.
const SILENCE: Duration = Duration::from_secs(60);
/// The most that `http.lowSpeedTime` or `GIT_HTTP_LOW_SPEED_TIME` may make of it, in seconds.
const MOST_SILENCE: u64 = 600;
/// Kept of a request before it is sent in chunks; as much as git keeps (`http.postBuffer`).
const BUFFER: usize = 1 << 20;
/// Read at once.
const READ: usize = 64 * 1024;
/// Of a file of certificates to trust; the usual bundles have a quarter of a mebibyte.
const MOST_ROOTS: u64 = 1 << 20;
/// Read of what a server says of a failure.
const MOST_REASON: u64 = 4096;

thread_local! {
    static FAILURE: RefCell<Option<Failure>> = const { RefCell::new(None) };
    static INSECURE: Cell<bool> = const { Cell::new(false) };
}

/// The failure of the last request, better than what libgit2 makes of it.
pub fn take_failure() -> Option<Failure> {
    FAILURE.take()
}

/// From now on any certificate will do.
pub fn trust_anybody() {
    INSECURE.set(true);
}

/// Makes libgit2 reach `http` and `https` by us.
///
/// # Errors
/// libgit2 refuses.
pub fn register() -> Result<(), git2::Error> {
    for scheme in ["http", "https"] {
        // SAFETY: this program has one thread, and nothing has made a transport yet.
        unsafe {
            add(scheme, |remote| Transport::smart(remote, true, Http::default()))?;
        }
    }
    Ok(())
}

/// How long a server may be silent: what the environment or the settings say, as git names it.
fn silence() -> Duration {
    let named = std::env::var("GIT_HTTP_LOW_SPEED_TIME")
        .ok()
        .and_then(|text| text.parse().ok())
        .or_else(|| {
            let settings = crate::context::settings().ok()?;
            u64::try_from(settings.get_i64("http.lowSpeedTime").ok()?).ok()
        });
    named
        .filter(|seconds| *seconds > 0)
        .map_or(SILENCE, |seconds| Duration::from_secs(seconds.min(MOST_SILENCE)))
}

/// Whom to trust: what the call, the environment and the settings say, as git names it.
///
/// # Errors
/// The file of certificates cannot be read or is too large, in words.
fn trust() -> Result<Trust, String> {
    let settings = crate::context::settings().ok();
    let setting = |name: &str| settings.as_ref().and_then(|all| all.get_string(name).ok());
    let verify = settings
        .as_ref()
        .and_then(|all| all.get_bool("http.sslVerify").ok())
        .unwrap_or(true);
    let insecure = INSECURE.get() || !verify || std::env::var_os("GIT_SSL_NO_VERIFY").is_some();
    let file = std::env::var("GIT_SSL_CAINFO")
        .ok()
        .or_else(|| setting("http.sslCAInfo"));
    let roots = match file {
        Some(file) if !insecure => {
            let refused = |why: String| format!("error setting certificate file {file}: {why}");
            let opened = std::fs::File::open(&file).map_err(|error| refused(crate::console::reason(&error)))?;
            let mut bytes = Vec::new();
            opened
                .take(MOST_ROOTS + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| refused(crate::console::reason(&error)))?;
            if bytes.len() as u64 > MOST_ROOTS {
                return Err(refused(format!("it is larger than {MOST_ROOTS} bytes")));
            }
            Some(bytes)
        }
        _ => None,
    };
    Ok(Trust { insecure, roots })
}

/// What became of a read or write; silence is told as such.
fn heard(result: io::Result<usize>) -> io::Result<usize> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => io::Error::other(remember(Failure::fatal(
            Kind::Transport,
            format!(
                "the server has said nothing for {} seconds, so the transfer was given up",
                silence().as_secs()
            ),
        ))),
        _ => error,
    })
}

fn remember(failure: Failure) -> String {
    let words = failure.words().to_owned();
    FAILURE.set(Some(failure));
    words
}

fn refused(failure: Failure) -> git2::Error {
    git2::Error::from_str(&remember(failure))
}

/// What the requests of one fetch or push know of the server.
#[derive(Default)]
struct Known {
    /// Where a redirection has led.
    base: Option<String>,
    user: Option<Credentials>,
}

#[derive(Default)]
struct Http {
    known: Arc<Mutex<Known>>,
}

impl SmartSubtransport for Http {
    fn action(&self, url: &str, action: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        let name = match action {
            Service::UploadPackLs | Service::UploadPack => "git-upload-pack",
            Service::ReceivePackLs | Service::ReceivePack => "git-receive-pack",
        };
        match action {
            Service::UploadPackLs | Service::ReceivePackLs => {
                let answer = list(url, name, &self.known).map_err(refused)?;
                Ok(Box::new(Listing(answer)))
            }
            Service::UploadPack | Service::ReceivePack => Ok(Box::new(Call {
                url: url.to_owned(),
                service: name,
                known: Arc::clone(&self.known),
                buffer: Vec::new(),
                sending: None,
                answer: None,
            })),
        }
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

/// The body of an answer. The connection is leaked: a process makes a handful, and ends.
type Answer = Body<'static, BufReader<Connection>>;

/// The list of references: only read.
struct Listing(Answer);

impl Read for Listing {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        heard(self.0.read(bytes))
    }
}

impl Write for Listing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a request is made of, but its body.
struct Request<'a> {
    method: &'a str,
    url: &'a Url,
    fields: Vec<(&'static str, String)>,
}

/// An open connection on which a request's head has been sent.
fn open(request: &Request<'_>, user: Option<&Credentials>) -> Result<Connection, Failure> {
    let unreachable = |words: &str| {
        Failure::fatal(
            Kind::Transport,
            format!(
                "unable to access '{}://{}{}': {words}",
                request.url.scheme(),
                request.url.authority(),
                request.url.target
            ),
        )
    };
    let how = How {
        connect_timeout: Some(CONNECT),
        silence: Some(silence()),
        trust: trust().map_err(|words| unreachable(&words))?,
        ..How::default()
    };
    let mut connection = connect(request.url, &how).map_err(|failure| unreachable(&failure.message))?;
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: git/2.47 (sandbar)\r\nConnection: close\r\n",
        request.method,
        request.url.target,
        request.url.authority()
    );
    for (name, value) in &request.fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(user) = user {
        let joined = format!("{}:{}", user.username, user.password);
        head.push_str(&format!(
            "Authorization: Basic {}\r\n",
            base64::encode(joined.as_bytes())
        ));
    }
    head.push_str("\r\n");
    connection
        .write_all(head.as_bytes())
        .map_err(|error| unreachable(&crate::console::reason(&error)))?;
    Ok(connection)
}

/// The head of the answer on a connection.
fn answer(connection: Connection) -> Result<(Head, Answer), Failure> {
    let input = Box::leak(Box::new(BufReader::with_capacity(READ, connection)));
    let head = Head::read(input).map_err(|failure| {
        let message = match failure.message.as_str() {
            "Operation timed out" => format!(
                "the server has said nothing for {} seconds, so the transfer was given up",
                silence().as_secs()
            ),
            _ => failure.message,
        };
        Failure::fatal(Kind::Transport, message)
    })?;
    let body = Body::new(input, &head, "POST");
    Ok((head, body))
}

/// What stands for the server in messages: no user, no password.
fn shown(url: &Url) -> String {
    let target = url.target.split("/info/refs?").next().unwrap_or_default();
    let target = target.strip_suffix("/git-upload-pack").unwrap_or(target);
    let target = target.strip_suffix("/git-receive-pack").unwrap_or(target);
    format!("{}://{}{target}", url.scheme(), url.authority())
}

/// Fails for an answer that is none of 2xx.
fn check(head: &Head, body: &mut Answer, url: &Url, media: &str) -> Result<(), Failure> {
    let shown = shown(url);
    match head.status {
        200 => {
            let kind = head.field("content-type").unwrap_or_default();
            if kind.eq_ignore_ascii_case(media) {
                Ok(())
            } else {
                Err(Failure::fatal(
                    Kind::NoRepository,
                    format!("'{shown}/info/refs' not valid: is this a git repository?"),
                ))
            }
        }
        401 => Err(Failure::fatal(
            Kind::Authentication,
            format!("Authentication failed for '{shown}/'"),
        )),
        403 => {
            let mut said = Vec::new();
            let _ = body.take(MOST_REASON).read_to_end(&mut said);
            let said = String::from_utf8_lossy(&said);
            let remote: String = said
                .lines()
                .filter(|line| !line.trim().is_empty() && !line.contains('<'))
                .map(|line| format!("remote: {line}\n"))
                .collect();
            Err(Failure {
                kind: Kind::Forbidden,
                message: format!("{remote}fatal: unable to access '{shown}/': The requested URL returned error: 403"),
                code: 128,
            })
        }
        404 | 410 => Err(Failure::fatal(
            Kind::NoRepository,
            format!("repository '{shown}/' not found"),
        )),
        other => Err(Failure::fatal(
            Kind::Transport,
            format!("unable to access '{shown}/': The requested URL returned error: {other}"),
        )),
    }
}

/// The credentials to send, if any are known: those in the address come first.
fn user_for(url: &Url, known: &Known) -> Option<Credentials> {
    if let Some(user) = &known.user {
        return Some(user.clone());
    }
    match &url.user {
        Some(user) => Some(credentials::split(user)),
        None => credentials::find(url.scheme(), &url.authority()),
    }
}

fn bad_address(reason: String) -> Failure {
    Failure::fatal(Kind::Invalid, reason)
}

/// Asks what references there are, and learns where the repository is and who one is there.
fn list(base: &str, service: &str, known: &Mutex<Known>) -> Result<Answer, Failure> {
    let suffix = format!("/info/refs?service={service}");
    let mut url = Url::parse(&format!("{}{suffix}", base.trim_end_matches('/'))).map_err(bad_address)?;
    let mut known = known
        .lock()
        .map_err(|_| Failure::fatal(Kind::Other, "a transfer broke"))?;
    // The password that `git clone` was given in an address is url.user's: decoded; a name alone has none.
    known.user = user_for(&url, &known);
    for _ in 0..=MOST_REDIRECTIONS {
        let request = Request {
            method: "GET",
            url: &url,
            fields: vec![("Accept", "*/*".into()), ("Pragma", "no-cache".into())],
        };
        let (head, mut body) = answer(open(&request, known.user.as_ref())?)?;
        if let (301 | 302 | 303 | 307 | 308, Some(location)) = (head.status, head.field("location")) {
            let next = url.join(location).map_err(bad_address)?;
            if url.secure && !next.secure {
                return Err(Failure::fatal(
                    Kind::Transport,
                    format!("'{}' leads from https to http, which is not followed", shown(&url)),
                ));
            }
            if next.authority() != url.authority() {
                // What one host was told is not another's to know.
                known.user = user_for(&next, &Known::default());
            }
            url = next;
            continue;
        }
        check(
            &head,
            &mut body,
            &url,
            &format!("application/x-{service}-advertisement"),
        )?;
        if let Some(target) = url.target.strip_suffix(&suffix) {
            known.base = Some(format!("{}://{}{target}", url.scheme(), url.authority()));
        }
        return Ok(body);
    }
    Err(Failure::fatal(
        Kind::Transport,
        format!("unable to access '{}': too many redirections", shown(&url)),
    ))
}

/// The second request: what is asked for or pushed, and the answer.
struct Call {
    url: String,
    service: &'static str,
    known: Arc<Mutex<Known>>,
    buffer: Vec<u8>,
    /// Open once the request has become too large to keep.
    sending: Option<(Url, Connection)>,
    answer: Option<Answer>,
}

impl Call {
    fn start(&mut self, length: Option<usize>) -> Result<(Url, Connection), Failure> {
        let known = self
            .known
            .lock()
            .map_err(|_| Failure::fatal(Kind::Other, "a transfer broke"))?;
        let base = known.base.as_deref().unwrap_or(&self.url).trim_end_matches('/');
        let url = Url::parse(&format!("{base}/{}", self.service)).map_err(bad_address)?;
        let mut fields = vec![
            ("Content-Type", format!("application/x-{}-request", self.service)),
            ("Accept", format!("application/x-{}-result", self.service)),
        ];
        fields.push(match length {
            Some(length) => ("Content-Length", length.to_string()),
            None => ("Transfer-Encoding", "chunked".into()),
        });
        let request = Request {
            method: "POST",
            url: &url,
            fields,
        };
        let connection = open(&request, known.user.as_ref())?;
        Ok((url, connection))
    }

    /// Sends what is kept as one chunk.
    fn chunk(&mut self) -> io::Result<()> {
        if self.sending.is_none() {
            let opened = self
                .start(None)
                .map_err(|failure| io::Error::other(remember(failure)))?;
            self.sending = Some(opened);
        }
        if let Some((_, connection)) = &mut self.sending
            && !self.buffer.is_empty()
        {
            connection.write_all(format!("{:x}\r\n", self.buffer.len()).as_bytes())?;
            connection.write_all(&self.buffer)?;
            connection.write_all(b"\r\n")?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Ends the request and reads the head of the answer.
    fn finish(&mut self) -> Result<Answer, Failure> {
        let (url, connection) = if self.sending.is_some() {
            self.chunk()?;
            let Some((url, mut connection)) = self.sending.take() else {
                return Err(Failure::fatal(Kind::Other, "a transfer broke"));
            };
            connection.write_all(b"0\r\n\r\n")?;
            (url, connection)
        } else {
            let (url, mut connection) = self.start(Some(self.buffer.len()))?;
            connection.write_all(&self.buffer)?;
            (url, connection)
        };
        let (head, mut body) = answer(connection)?;
        check(
            &head,
            &mut body,
            &url,
            &format!("application/x-{}-result", self.service),
        )?;
        Ok(body)
    }
}

impl Write for Call {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.chunk()?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Call {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.answer.is_none() {
            let answer = self.finish().map_err(|failure| io::Error::other(remember(failure)))?;
            self.answer = Some(answer);
        }
        match &mut self.answer {
            Some(answer) => heard(answer.read(bytes)),
            None => Ok(0),
        }
    }
}
