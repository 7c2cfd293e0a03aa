//! A real git server on loopback: `git http-backend` of this machine behind a few lines of HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `user:secret` in Base64, what [`GitServer`] takes for repositories below `private/`.
const AUTHORIZATION: &str = "Basic dXNlcjpzZWNyZXQ=";
/// The same of `guest:guest`, who is known and may nothing.
const GUEST: &str = "Basic Z3Vlc3Q6Z3Vlc3Q=";

/// See the module. It lives as long as the test.
pub struct GitServer {
    directory: tempfile::TempDir,
    pub address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl GitServer {
    pub fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let root = directory.path().to_path_buf();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let root = root.clone();
                counter.fetch_add(1, Ordering::Relaxed);
                std::thread::spawn(move || {
                    if let Err(error) = serve(&root, stream) {
                        eprintln!("git server: {error}");
                    }
                });
            }
        });
        Self {
            directory,
            address,
            requests,
        }
    }

    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Native git in a directory of the server.
    #[track_caller]
    pub fn git(&self, directory: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.path(directory))
            .args(["-c", "user.name=Native", "-c", "user.email=native@example.com"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .expect("native git runs");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// A bare repository with `files` on `main`, in one commit.
    pub fn repository(&self, name: &str, files: &[(String, String)]) {
        std::fs::create_dir_all(self.path(name)).expect("a directory");
        self.git(name, &["init", "-q", "--bare", "-b", "main"]);
        self.git(name, &["config", "http.receivepack", "true"]);
        let work = format!("{}.work", name.replace('/', "-"));
        std::fs::create_dir_all(self.path(&work)).expect("a directory");
        self.git(&work, &["init", "-q", "-b", "main"]);
        for (path, content) in files {
            let path = self.path(&work).join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            std::fs::write(path, content).expect("a file");
        }
        self.git(&work, &["add", "-A"]);
        self.git(&work, &["commit", "-q", "-m", "first"]);
        let bare = self.path(name);
        self.git(&work, &["remote", "add", "origin", &bare.display().to_string()]);
        self.git(&work, &["push", "-q", "-u", "origin", "main"]);
    }
}

fn serve(root: &Path, stream: TcpStream) -> std::io::Result<()> {
    let mut input = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    let mut line = String::new();
    input.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (
        words.next().unwrap_or("").to_owned(),
        words.next().unwrap_or("").to_owned(),
    );
    let mut fields = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let field = |name: &str| {
        fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    if path.starts_with("/moved/") {
        let to = target.replacen("/moved/", "/", 1);
        return write!(out, "HTTP/1.1 301 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    }
    if path.starts_with("/private/") {
        match field("authorization") {
            Some(AUTHORIZATION) => {}
            Some(GUEST) => {
                return write!(
                    out,
                    "HTTP/1.1 403 Forbidden\r\nContent-Length: 14\r\n\r\nnot for guests"
                );
            }
            _ => {
                return write!(
                    out,
                    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\n\r\n"
                );
            }
        }
    }
    let mut body = Vec::new();
    if field("transfer-encoding") == Some("chunked") {
        loop {
            let mut size = String::new();
            input.read_line(&mut size)?;
            let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
            let mut chunk = vec![0; size + 2];
            input.read_exact(&mut chunk)?;
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    } else if let Some(length) = field("content-length").and_then(|text| text.parse().ok()) {
        body.resize(length, 0);
        input.read_exact(&mut body)?;
    }
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &method)
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("CONTENT_TYPE", field("content-type").unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut stdin = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(&body));
    let mut answer = Vec::new();
    child.stdout.take().expect("a pipe").read_to_end(&mut answer)?;
    child.wait()?;
    // A backend that answers early does not read on.
    let _ = writer.join();
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(0, |at| at + 4);
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head
        .lines()
        .find_map(|line| line.strip_prefix("Status: "))
        .unwrap_or("200 OK");
    write!(out, "HTTP/1.1 {status}\r\nConnection: close\r\n")?;
    for line in head
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("Status: "))
    {
        write!(out, "{line}\r\n")?;
    }
    write!(out, "\r\n")?;
    out.write_all(&answer[end..])
}
