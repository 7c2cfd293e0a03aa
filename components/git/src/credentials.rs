//! Who one is to a server: by the address, by the toolbox (for one call), or as stored.

use crate::net::url;
use std::cell::RefCell;
use std::io::Write;
use std::path::PathBuf;

/// A user and their password or token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Name.
    pub username: String,
    /// Password or token.
    pub password: String,
}

thread_local! {
    /// For this process only.
    static GIVEN: RefCell<Option<Credentials>> = const { RefCell::new(None) };
}

/// Uses these for this process, before any that are stored.
pub fn give(credentials: Credentials) {
    GIVEN.set(Some(credentials));
}

/// Those for an address: of `protocol` and `host` (with its port, if it has one).
pub fn find(protocol: &str, host: &str) -> Option<Credentials> {
    if let Some(given) = GIVEN.with_borrow(Clone::clone) {
        return Some(given);
    }
    let text = std::fs::read_to_string(path()?).ok()?;
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(protocol)?.strip_prefix("://")?;
        let (user, place) = rest.rsplit_once('@')?;
        (place.trim_end_matches('/') == host).then(|| split(user))
    })
}

/// `user:password`, each as an address spells it.
pub fn split(user: &str) -> Credentials {
    let (username, password) = user.split_once(':').unwrap_or((user, ""));
    Credentials {
        username: url::decode(username),
        password: url::decode(password),
    }
}

/// Stores credentials, in the place of those for the same user and host: the file that git's helper `store` uses.
///
/// # Errors
/// The file cannot be written.
pub fn store(protocol: &str, host: &str, credentials: &Credentials) -> std::io::Result<()> {
    let path = path().ok_or(std::io::ErrorKind::NotFound)?;
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let escaped = |text: &str| url::encode(text.as_bytes());
    let start = format!("{protocol}://{}:", escaped(&credentials.username));
    let end = format!("@{host}");
    let mut text = format!("{start}{}{end}\n", escaped(&credentials.password));
    for line in old.lines() {
        if !(line.starts_with(&start) && line.ends_with(&end)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    let beside = path.with_extension("lock");
    let mut file = std::fs::File::create(&beside)?;
    sandbar_guest_rt::files::chmod(&beside, 0o600)?;
    file.write_all(text.as_bytes())?;
    drop(file);
    std::fs::rename(&beside, &path)
}

fn path() -> Option<PathBuf> {
    Some(PathBuf::from(std::env::var_os("HOME")?).join(".git-credentials"))
}
