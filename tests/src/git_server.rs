//! A real git server of this machine, outside of every sandbox.

use crate::root;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// `git http-backend` on loopback, behind the few lines of `tests/conformance/python/git_server.py`. Repositories below
/// `private/` want user:secret. Dropping it ends it.
pub struct GitServer {
    child: Child,
    directory: tempfile::TempDir,
    secure: bool,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A certificate of the tests' own making, in files: itself and its key.
pub struct Certificate {
    /// The certificate, in PEM; for `--guest-ca-file` too.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
}

impl Certificate {
    /// One for these names and addresses, written into a directory.
    pub fn make(directory: &Path, names: &[&str]) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let (certificate, key) = (directory.join("git-cert.pem"), directory.join("git-key.pem"));
        std::fs::write(&certificate, made.cert.pem()).expect("written");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
        Certificate { certificate, key }
    }
}

impl GitServer {
    /// Over HTTP.
    pub fn start() -> GitServer {
        Self::launch(None)
    }

    /// Over HTTPS.
    pub fn secure(certificate: &Certificate) -> GitServer {
        Self::launch(Some(certificate))
    }

    fn launch(certificate: Option<&Certificate>) -> GitServer {
        let directory = tempfile::tempdir().expect("a directory");
        let mut command = Command::new("python3");
        command
            .arg(root().join("tests/conformance/python/git_server.py"))
            .arg(directory.path());
        if let Some(files) = certificate {
            command.args([&files.certificate, &files.key]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 of this machine");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("its port");
        let port: u16 = line
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("the git server says {line:?}"));
        GitServer {
            child,
            directory,
            secure: certificate.is_some(),
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        }
    }

    /// The address of everything that it serves.
    pub fn url(&self) -> String {
        format!("http{}://{}", if self.secure { "s" } else { "" }, self.address)
    }

    /// The directory of its repositories.
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Native git in a directory below the root; what it printed.
    #[track_caller]
    pub fn git(&self, directory: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.root().join(directory))
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

    /// A bare repository with `files` on `main`, in one commit; the work tree that pushes to it is `NAME.work`.
    pub fn repository(&self, name: &str, files: &[(String, String)]) {
        let path = self.root().join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        self.git(name, &["init", "-q", "--bare", "-b", "main"]);
        self.git(name, &["config", "http.receivepack", "true"]);
        let work = format!("{}.work", name.replace('/', "-"));
        for (file, content) in files {
            let file = self.root().join(&work).join(file);
            std::fs::create_dir_all(file.parent().expect("a parent")).expect("a directory");
            std::fs::write(file, content).expect("a file");
        }
        self.git(&work, &["init", "-q", "-b", "main"]);
        self.git(&work, &["add", "-A"]);
        self.git(&work, &["commit", "-q", "-m", "first"]);
        self.git(&work, &["remote", "add", "origin", &path.display().to_string()]);
        self.git(&work, &["push", "-q", "-u", "origin", "main"]);
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
