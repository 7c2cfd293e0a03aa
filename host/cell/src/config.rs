//! What a cell is told when it starts: where its programs and its sandboxes are.

use std::ffi::OsString;
use std::path::PathBuf;

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
    /// Whether to close the jail (Landlock, no new privileges) before anything is loaded.
    pub jail: bool,
    /// What to do.
    pub mode: Mode,
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
    #[error("option {0} has the value {1:?}, which is not a number from 1 to 1024")]
    Invalid(&'static str, OsString),
}

const USERLAND: &str = "--userland";
const CACHE: &str = "--cache-dir";
const SANDBOXES: &str = "--sandboxes";
const THREADS: &str = "--guest-threads";
const NO_JAIL: &str = "--no-jail";
const WARM: &str = "--warm";

/// More threads than this for guests is a typing error.
const MOST_GUEST_THREADS: usize = 1024;

impl CellConfig {
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
        let (mut jail, mut mode) = (true, Mode::Serve);
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let mut value = |option| arguments.next().ok_or(ArgumentError::NoValue(option));
            match name.to_str() {
                Some(USERLAND) => userland = Some(PathBuf::from(value(USERLAND)?)),
                Some(CACHE) => cache = Some(PathBuf::from(value(CACHE)?)),
                Some(SANDBOXES) => sandboxes = Some(PathBuf::from(value(SANDBOXES)?)),
                Some(THREADS) => threads = Some(parse_threads(value(THREADS)?)?),
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
        .ok_or(ArgumentError::Invalid(THREADS, value))
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
    }

    #[test]
    fn bad_arguments_are_named() {
        let read = |words: &[&str]| CellConfig::from_arguments(words.iter().map(OsString::from)).unwrap_err();
        assert_eq!(read(&["--what"]), ArgumentError::Unknown("--what".into()));
        assert_eq!(read(&["--userland"]), ArgumentError::NoValue(USERLAND));
        assert_eq!(
            read(&["--guest-threads", "0"]),
            ArgumentError::Invalid(THREADS, "0".into())
        );
        assert_eq!(read(&[]), ArgumentError::Missing(USERLAND));
    }
}
