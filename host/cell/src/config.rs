//! What a cell is told when it starts: where its programs and its sandboxes are.

use sandbar_net::{Cidr, Egress};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

/// Configuration of one cell. It travels as command-line arguments of the child process; see
/// [`CellConfig::to_arguments`] and [`CellConfig::from_arguments`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellConfig {
    /// Directory of the userland: `*.wasm` and `base/`.
    pub userland: PathBuf,
    /// Directory of compiled code. A jailed cell only reads it: see [`Mode::Warm`].
    pub cache_dir: PathBuf,
    /// The one directory under which the cell may write: the runner's `sandboxes/`.
    pub sandboxes: PathBuf,
    /// Threads that run guests.
    pub guest_threads: usize,
    /// The way out that its sandboxes share.
    pub egress: EgressOptions,
    /// Certificates (PEM) that programs trust for TLS beside the public ones. Read once, before the jail closes.
    pub tls_roots: Option<PathBuf>,
    /// Whether descriptor 1 is a socket to the compiler of users' programs, whose code is in [`CellConfig::guests`]. Without
    /// it there are none.
    pub compiler: bool,
    /// Whether to close the jail (Landlock, no new privileges) before anything is loaded.
    pub jail: bool,
    /// What to do.
    pub mode: Mode,
}

/// What an operator says about the way out of sandboxes. Each sandbox's own policy holds as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EgressOptions {
    /// No way out at all, for any sandbox.
    pub none: bool,
    /// Addresses that may be reached although they are not public.
    pub allow: Vec<SocketAddr>,
    /// Networks that may not be reached although they are public: the control plane's own address, say.
    pub deny: Vec<Cidr>,
}

impl EgressOptions {
    /// The way out that this describes.
    #[must_use]
    pub fn open(&self) -> Arc<Egress> {
        if self.none {
            return Egress::none();
        }
        Egress::new(self.allow.iter().copied(), self.deny.clone())
    }
}

/// What a cell process is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To serve sandboxes on descriptor 0.
    Serve,
    /// To compile the userland into the cache, and end. Not jailed, runs no guest.
    Warm,
}

/// Why the arguments of a cell were refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ArgumentError {
    /// An option that a cell does not have.
    #[error("unknown option {0:?}")]
    Unknown(OsString),
    /// The option stands last, without its value.
    #[error("option {0} needs a value")]
    NoValue(&'static str),
    /// A required option is absent.
    #[error("option {0} is missing")]
    Missing(&'static str),
    /// A value that is not what the option takes.
    #[error("option {0} has the value {1:?}, which is not {2}")]
    Invalid(&'static str, OsString, &'static str),
}

const USERLAND: &str = "--userland";
const CACHE: &str = "--cache-dir";
const SANDBOXES: &str = "--sandboxes";
const THREADS: &str = "--guest-threads";
const EGRESS_ALLOW: &str = "--egress-allow";
const EGRESS_DENY: &str = "--egress-deny";
const NO_EGRESS: &str = "--no-egress";
const TLS_ROOTS: &str = "--tls-roots";
const COMPILER: &str = "--compiler";
const NO_JAIL: &str = "--no-jail";
const WARM: &str = "--warm";

/// More threads than this for guests is a typing error.
const MOST_GUEST_THREADS: usize = 1024;

impl CellConfig {
    /// Directory of the compiled code of users' programs, within the cache that a jailed cell reads.
    #[must_use]
    pub fn guests(&self) -> PathBuf {
        self.cache_dir.join("guests")
    }

    /// The arguments that follow the subcommand's name; [`CellConfig::from_arguments`] reads them back.
    #[must_use]
    pub fn to_arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            USERLAND.into(),
            self.userland.clone().into(),
            CACHE.into(),
            self.cache_dir.clone().into(),
            SANDBOXES.into(),
            self.sandboxes.clone().into(),
            THREADS.into(),
            self.guest_threads.to_string().into(),
        ];
        for address in &self.egress.allow {
            arguments.extend([EGRESS_ALLOW.into(), address.to_string().into()]);
        }
        for network in &self.egress.deny {
            arguments.extend([EGRESS_DENY.into(), network.to_string().into()]);
        }
        if self.egress.none {
            arguments.push(NO_EGRESS.into());
        }
        if let Some(roots) = &self.tls_roots {
            arguments.extend([TLS_ROOTS.into(), roots.clone().into()]);
        }
        if self.compiler {
            arguments.push(COMPILER.into());
        }
        if !self.jail {
            arguments.push(NO_JAIL.into());
        }
        if self.mode == Mode::Warm {
            arguments.push(WARM.into());
        }
        arguments
    }

    /// Reads what [`CellConfig::to_arguments`] wrote.
    ///
    /// # Errors
    /// Names the first argument that is unknown, missing or out of range.
    pub fn from_arguments(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, ArgumentError> {
        let (mut userland, mut cache, mut sandboxes, mut threads) = (None, None, None, None);
        let (mut jail, mut mode, mut compiler) = (true, Mode::Serve, false);
        let (mut egress, mut tls_roots) = (EgressOptions::default(), None);
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let mut value = |option| arguments.next().ok_or(ArgumentError::NoValue(option));
            match name.to_str() {
                Some(USERLAND) => userland = Some(PathBuf::from(value(USERLAND)?)),
                Some(CACHE) => cache = Some(PathBuf::from(value(CACHE)?)),
                Some(SANDBOXES) => sandboxes = Some(PathBuf::from(value(SANDBOXES)?)),
                Some(THREADS) => threads = Some(parse_threads(value(THREADS)?)?),
                Some(EGRESS_ALLOW) => egress.allow.push(parse(
                    EGRESS_ALLOW,
                    value(EGRESS_ALLOW)?,
                    "an address and a port such as 127.0.0.1:8080",
                )?),
                Some(EGRESS_DENY) => egress.deny.push(parse(
                    EGRESS_DENY,
                    value(EGRESS_DENY)?,
                    "a network such as 203.0.113.0/24",
                )?),
                Some(NO_EGRESS) => egress.none = true,
                Some(TLS_ROOTS) => tls_roots = Some(PathBuf::from(value(TLS_ROOTS)?)),
                Some(COMPILER) => compiler = true,
                Some(NO_JAIL) => jail = false,
                Some(WARM) => mode = Mode::Warm,
                _ => return Err(ArgumentError::Unknown(name)),
            }
        }
        Ok(Self {
            userland: userland.ok_or(ArgumentError::Missing(USERLAND))?,
            cache_dir: cache.ok_or(ArgumentError::Missing(CACHE))?,
            sandboxes: sandboxes.ok_or(ArgumentError::Missing(SANDBOXES))?,
            guest_threads: threads.ok_or(ArgumentError::Missing(THREADS))?,
            egress,
            tls_roots,
            compiler,
            jail,
            mode,
        })
    }
}

fn parse_threads(value: OsString) -> Result<usize, ArgumentError> {
    value
        .to_str()
        .and_then(|text| text.parse().ok())
        .filter(|threads| (1..=MOST_GUEST_THREADS).contains(threads))
        .ok_or(ArgumentError::Invalid(THREADS, value, "a number from 1 to 1024"))
}

fn parse<T: FromStr>(option: &'static str, value: OsString, wanted: &'static str) -> Result<T, ArgumentError> {
    let parsed = value.to_str().and_then(|text| text.parse().ok());
    parsed.ok_or(ArgumentError::Invalid(option, value, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> CellConfig {
        CellConfig {
            userland: "/u".into(),
            cache_dir: "/c".into(),
            sandboxes: "/s".into(),
            guest_threads: 3,
            egress: EgressOptions::default(),
            tls_roots: None,
            compiler: false,
            jail: false,
            mode: Mode::Serve,
        }
    }

    #[test]
    fn arguments_survive_the_round_trip() {
        for (jail, mode) in [(true, Mode::Serve), (false, Mode::Serve), (true, Mode::Warm)] {
            let config = CellConfig { jail, mode, ..sample() };
            assert_eq!(CellConfig::from_arguments(config.to_arguments()), Ok(config));
        }
        let config = CellConfig {
            egress: EgressOptions {
                none: true,
                allow: vec![
                    "127.0.0.1:80".parse().expect("an address"),
                    "[::1]:81".parse().expect("an address"),
                ],
                deny: vec!["203.0.113.0/24".parse().expect("a network")],
            },
            tls_roots: Some("/r.pem".into()),
            compiler: true,
            ..sample()
        };
        assert_eq!(CellConfig::from_arguments(config.to_arguments()), Ok(config));
    }

    #[test]
    fn bad_arguments_are_named() {
        let read = |words: &[&str]| CellConfig::from_arguments(words.iter().map(OsString::from)).unwrap_err();
        assert_eq!(read(&["--what"]), ArgumentError::Unknown("--what".into()));
        assert_eq!(read(&["--userland"]), ArgumentError::NoValue(USERLAND));
        assert_eq!(
            read(&["--guest-threads", "0"]),
            ArgumentError::Invalid(THREADS, "0".into(), "a number from 1 to 1024")
        );
        assert!(matches!(
            read(&["--egress-allow", "127.0.0.1"]),
            ArgumentError::Invalid(EGRESS_ALLOW, ..)
        ));
        assert_eq!(read(&[]), ArgumentError::Missing(USERLAND));
    }
}
