//! One transfer: redirections, the answer's body, and where it goes.

use super::super::connection::{self, Failure};
use super::super::http::{Body, Head};
use super::super::url::Url;
use super::options::Options;
use super::request;
use crate::console;
use crate::data::codec::Codec;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::PathBuf;
use std::time::Instant;

/// Cookies that are kept.
const MOST_COOKIES: usize = 1000;

/// What `-w` can tell.
#[derive(Default)]
struct Facts {
    status: u16,
    head: Head,
    effective: String,
    redirects: u32,
    next: Option<String>,
    downloaded: u64,
    uploaded: u64,
    connected: f64,
    first_byte: f64,
    total: f64,
    method: String,
    peer: String,
    file: String,
}

/// Cookies and facts of a run.
pub struct Session<'a> {
    options: &'a Options,
    cookies: Vec<(String, String, String)>,
    facts: Facts,
}

impl<'a> Session<'a> {
    /// With the cookies that the options name.
    pub fn new(options: &'a Options) -> Self {
        let mut session = Self {
            options,
            cookies: Vec::new(),
            facts: Facts::default(),
        };
        if let Some(given) = &options.cookies
            && !given.contains('=')
        {
            let text = std::fs::read_to_string(given).unwrap_or_default();
            for line in text.lines() {
                let fields: Vec<&str> = line.trim_start_matches("#HttpOnly_").split('\t').collect();
                if let [host, _, _, _, _, name, value] = fields[..] {
                    session.cookies.push((
                        host.trim_start_matches('.').to_owned(),
                        name.to_owned(),
                        value.to_owned(),
                    ));
                }
            }
        }
        session
    }

    /// Whether the last answer may be another one the next time.
    pub fn is_transient(&self) -> bool {
        matches!(self.facts.status, 408 | 429 | 500 | 502 | 503 | 504)
    }

    fn cookie_line(&self, host: &str, own_host: bool) -> Option<String> {
        let mut pairs: Vec<String> = self
            .cookies
            .iter()
            .filter(|(known, _, _)| known == host || host.ends_with(&format!(".{known}")))
            .map(|(_, name, value)| format!("{name}={value}"))
            .collect();
        if let Some(given) = self
            .options
            .cookies
            .as_ref()
            .filter(|given| given.contains('=') && own_host)
        {
            pairs.push(given.clone());
        }
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn take_cookies(&mut self, host: &str, head: &Head) {
        for (_, value) in head.fields.iter().filter(|(name, _)| name == "set-cookie") {
            let Some((name, value)) = value.split(';').next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
            self.cookies.retain(|(known, other, _)| known != host || *other != name);
            if self.cookies.len() < MOST_COOKIES {
                self.cookies.push((host.to_owned(), name, value));
            }
        }
    }

    /// Writes the cookie jar, if one is asked for.
    pub fn keep_cookies(&self) {
        let Some(jar) = &self.options.jar else { return };
        let mut text = String::from("# Netscape HTTP Cookie File\n\n");
        for (host, name, value) in &self.cookies {
            text.push_str(&format!("{host}\tFALSE\t/\tFALSE\t0\t{name}\t{value}\n"));
        }
        let written = if jar == "-" {
            io::stdout().write_all(text.as_bytes())
        } else {
            std::fs::write(jar, text)
        };
        if let Err(error) = written {
            console::complain("curl", format_args!("cannot write {jar}: {}", console::reason(&error)));
        }
    }

    /// Fetches an address: the status of the last answer.
    ///
    /// # Errors
    /// As curl numbers them.
    pub fn fetch(&mut self, text: &str, output: Option<&Option<String>>) -> Result<u16, Failure> {
        let started = Instant::now();
        self.facts = Facts {
            effective: text.to_owned(),
            ..Facts::default()
        };
        let outcome = self.follow(text, output, started);
        self.facts.total = started.elapsed().as_secs_f64();
        outcome
    }

    fn follow(&mut self, text: &str, output: Option<&Option<String>>, started: Instant) -> Result<u16, Failure> {
        let mut url = Url::parse(text).map_err(|message| {
            let code = if message.starts_with("Protocol") { 1 } else { 3 };
            Failure::new(code, &message)
        })?;
        let first_host = (url.host.clone(), url.port, url.secure);
        let mut bare = false;
        loop {
            let own_host = self.options.trusted_location || (url.host.clone(), url.port, url.secure) == first_host;
            let cookies = self.cookie_line(&url.host, own_host);
            let request = request::build(self.options, &mut url, bare, own_host, cookies.as_deref())?;
            self.facts.effective = url.to_string();
            self.facts.method.clone_from(&request.method);
            let mut connection = connection::connect(&url, &self.options.how)?;
            self.facts.connected = started.elapsed().as_secs_f64();
            self.facts.peer = connection.peer.ip().to_string();
            self.tell(
                '*',
                &format!("Connected to {} ({}) port {}", url.host, connection.peer.ip(), url.port),
            );
            for line in String::from_utf8_lossy(&request.head).lines() {
                self.tell('>', line);
            }
            // A server may answer, and close, before everything is sent: its answer counts.
            let sent = connection
                .write_all(&request.head)
                .and_then(|()| connection.write_all(&request.body))
                .and_then(|()| connection.flush());
            self.facts.uploaded += request.body.len() as u64;
            let mut reader = BufReader::with_capacity(64 * 1024, connection);
            let head = loop {
                let head = Head::read(&mut reader).map_err(|failure| match &sent {
                    Err(_) if failure.code == 52 => Failure::new(55, "Send failure: the server closed the connection"),
                    _ => failure,
                })?;
                for line in String::from_utf8_lossy(&head.raw).lines() {
                    self.tell('<', line);
                }
                if head.status / 100 != 1 || head.status == 101 {
                    break head;
                }
            };
            self.facts.first_byte = started.elapsed().as_secs_f64();
            self.facts.status = head.status;
            // As curl: only if cookies were asked for in some way.
            if self.options.cookies.is_some() || self.options.jar.is_some() {
                self.take_cookies(&url.host, &head);
            }
            if let Some(path) = &self.options.dump_header {
                let target: Box<dyn Write> = if path == "-" {
                    Box::new(io::stdout())
                } else {
                    Box::new(
                        File::options()
                            .create(true)
                            .append(true)
                            .open(path)
                            .map_err(unwritable)?,
                    )
                };
                let mut target = target;
                target.write_all(&head.raw).map_err(unwritable)?;
            }
            let next = head
                .field("location")
                .filter(|_| head.status / 100 == 3)
                .map(|location| url.join(location));
            self.facts.next = next.as_ref().and_then(|next| next.as_ref().ok().map(Url::to_string));
            self.facts.head = head.clone();
            if let Some(next) = next.filter(|_| self.options.follow) {
                let next = next.map_err(|message| Failure::new(3, &message))?;
                if self.options.include || self.options.head {
                    io::stdout().write_all(&head.raw).map_err(unwritable)?;
                }
                self.facts.redirects += 1;
                if self.facts.redirects > self.options.most_redirects {
                    return Err(Failure::new(
                        47,
                        &format!("Maximum ({}) redirects followed", self.options.most_redirects),
                    ));
                }
                let was_post = request.method == "POST";
                bare |= head.status == 303 || was_post && matches!(head.status, 301 | 302);
                url = next;
                continue;
            }
            return self.receive(&url, &head, &mut reader, &request.method, output);
        }
    }

    fn receive(
        &mut self,
        url: &Url,
        head: &Head,
        reader: &mut BufReader<connection::Connection>,
        method: &str,
        output: Option<&Option<String>>,
    ) -> Result<u16, Failure> {
        let failed = head.status >= 400 && (self.options.fail || self.options.fail_with_body);
        let error = Failure::new(22, &format!("The requested URL returned error: {}", head.status));
        if failed && !self.options.fail_with_body {
            return Err(error);
        }
        let mut out = self.target(url, head, output)?;
        if self.options.include || self.options.head {
            out.write_all(&head.raw).map_err(unwritable)?;
        }
        let body = Body::new(reader, head, method);
        let coding = head.field("content-encoding").unwrap_or_default().to_ascii_lowercase();
        let mut counted = Counted { input: body, count: 0 };
        let done = if self.options.compressed {
            match coding.as_str() {
                // Held in memory in its packed form only.
                "gzip" | "x-gzip" => pump(&mut flate2::read::MultiGzDecoder::new(&mut counted), &mut out),
                "deflate" => pump(&mut flate2::read::ZlibDecoder::new(&mut counted), &mut out),
                "zstd" => {
                    let mut packed = Vec::new();
                    counted.read_to_end(&mut packed).map_err(receive_failure)?;
                    pump(&mut *Codec::Zstd.decoder(Box::new(io::Cursor::new(packed))), &mut out)
                }
                "" | "identity" => pump(&mut counted, &mut out),
                _ => Err(Failure::new(61, &format!("Unrecognized content encoding: {coding}"))),
            }
        } else {
            pump(&mut counted, &mut out)
        };
        self.facts.downloaded += counted.count;
        let flushed = out.flush();
        done?;
        flushed.map_err(unwritable)?;
        if failed { Err(error) } else { Ok(head.status) }
    }

    fn target(&mut self, url: &Url, head: &Head, output: Option<&Option<String>>) -> Result<Box<dyn Write>, Failure> {
        let name = match output {
            None => None,
            Some(Some(name)) if name == "-" => None,
            Some(Some(name)) => Some(name.clone()),
            Some(None) => {
                // A name from the server is a name, never a path.
                let told = head
                    .field("content-disposition")
                    .filter(|_| self.options.remote_header_name)
                    .and_then(|text| {
                        let name = text
                            .split("filename=")
                            .nth(1)?
                            .split(';')
                            .next()?
                            .trim_matches(['"', ' ']);
                        let name = name.rsplit(['/', '\\']).next()?;
                        (!name.is_empty() && !name.starts_with('.')).then(|| name.to_owned())
                    });
                let name = told.or_else(|| url.file_name());
                Some(name.ok_or_else(|| Failure::new(23, "Remote file name has no length"))?)
            }
        };
        let Some(name) = name else {
            return Ok(Box::new(Out));
        };
        let mut path = PathBuf::from(&name);
        if let Some(directory) = &self.options.output_dir {
            path = PathBuf::from(directory).join(path);
        }
        if self.options.create_dirs
            && let Some(parent) = path.parent()
        {
            std::fs::create_dir_all(parent).map_err(unwritable)?;
        }
        self.facts.file = path.display().to_string();
        let resumes = self.options.resume.is_some() && head.status == 206;
        let mut how = File::options();
        how.create(true).write(true);
        if resumes {
            how.append(true);
        } else {
            how.truncate(true);
        }
        let file = how.open(&path).map_err(|error| {
            Failure::new(
                23,
                &format!(
                    "Failure writing output to destination: {name}: {}",
                    console::reason(&error)
                ),
            )
        })?;
        Ok(Box::new(io::BufWriter::new(file)))
    }

    fn tell(&self, mark: char, line: &str) {
        if self.options.verbose {
            let _ = writeln!(io::stderr(), "{mark} {}", line.trim_end());
        }
    }

    /// What `-w` asks for.
    pub fn report(&self, url: &str) {
        let Some(format) = &self.options.write_out else { return };
        let facts = &self.facts;
        let mut text = String::new();
        let mut rest = format.as_str();
        while let Some(at) = rest.find(['%', '\\']) {
            text.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            if rest.as_bytes()[at] == b'\\' {
                let mut chars = after.chars();
                match chars.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(other) => text.extend(['\\', other]),
                    None => text.push('\\'),
                }
                rest = chars.as_str();
            } else if let Some(name) = after.strip_prefix('{').and_then(|name| name.split_once('}')) {
                text.push_str(&self.fact(name.0, url));
                rest = name.1;
            } else if let Some(name) = after.strip_prefix("header{").and_then(|name| name.split_once('}')) {
                text.push_str(facts.head.field(&name.0.to_ascii_lowercase()).unwrap_or_default());
                rest = name.1;
            } else if let Some(after) = after.strip_prefix('%') {
                text.push('%');
                rest = after;
            } else {
                text.push('%');
                rest = after;
            }
        }
        text.push_str(rest);
        let _ = io::stdout()
            .write_all(text.as_bytes())
            .and_then(|()| io::stdout().flush());
    }

    fn fact(&self, name: &str, url: &str) -> String {
        let facts = &self.facts;
        match name {
            "http_code" | "response_code" => format!("{:03}", facts.status),
            "size_download" => facts.downloaded.to_string(),
            "size_upload" => facts.uploaded.to_string(),
            "size_header" => facts.head.raw.len().to_string(),
            "time_total" => format!("{:.6}", facts.total),
            "time_connect" | "time_namelookup" | "time_appconnect" | "time_pretransfer" => {
                format!("{:.6}", facts.connected)
            }
            "time_starttransfer" => format!("{:.6}", facts.first_byte),
            "url_effective" => facts.effective.clone(),
            "url" => url.to_owned(),
            "redirect_url" => facts.next.clone().unwrap_or_default(),
            "num_redirects" => facts.redirects.to_string(),
            "content_type" => facts.head.field("content-type").unwrap_or_default().to_owned(),
            "method" => facts.method.clone(),
            "scheme" => facts.effective.split("://").next().unwrap_or_default().to_owned(),
            "http_version" => "1.1".into(),
            "remote_ip" => facts.peer.clone(),
            "filename_effective" => facts.file.clone(),
            _ => String::new(),
        }
    }
}

/// Standard output, each piece at once.
struct Out;

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Counted<R> {
    input: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(bytes)?;
        self.count += read as u64;
        Ok(read)
    }
}

fn unwritable(error: io::Error) -> Failure {
    Failure::new(
        23,
        &format!("Failure writing output to destination: {}", console::reason(&error)),
    )
}

fn receive_failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Failure::new(18, &console::reason(&error)),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Failure::new(56, &console::reason(&error)),
        _ => Failure::transfer(error),
    }
}

fn pump(input: &mut dyn Read, out: &mut Box<dyn Write>) -> Result<(), Failure> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(receive_failure(error)),
        };
        out.write_all(&buffer[..read]).map_err(unwritable)?;
    }
}
