//! Where components and userland are.

use std::path::{Path, PathBuf};

/// What a platform is run from.
#[derive(Clone, Debug)]
pub struct Home {
    /// `spin.toml`.
    pub manifest: PathBuf,
    /// `runner.wasm` and, unless the manifest says otherwise, the control plane's components.
    pub components: PathBuf,
    /// `*.wasm` and `base/`.
    pub userland: PathBuf,
}

impl Home {
    /// A home with everything below `directory`, the manifest in it or above it (as in a checkout, whose home is `target/`).
    #[must_use]
    pub fn at(directory: &Path) -> Home {
        let own = directory.join("spin.toml");
        let above = directory.parent().map(|parent| parent.join("spin.toml"));
        let manifest = match above {
            Some(above) if !own.exists() => above,
            _ => own,
        };
        Home {
            manifest,
            components: directory.join("components"),
            userland: directory.join("userland"),
        }
    }

    /// `$SANDBAR_HOME` if set; else looks beside the running binary: `../share/sandbar` of an installation, or the target directory of a checkout.
    #[must_use]
    pub fn find() -> Home {
        if let Some(home) = std::env::var_os("SANDBAR_HOME") {
            return Home::at(Path::new(&home));
        }
        let binary = std::env::current_exe().unwrap_or_default();
        let candidates = binary
            .ancestors()
            .skip(1)
            .take(3)
            .flat_map(|above| [above.join("share/sandbar"), above.to_path_buf()]);
        let found = candidates
            .into_iter()
            .find(|directory| directory.join("components/runner.wasm").is_file());
        Home::at(&found.unwrap_or_else(|| PathBuf::from("/usr/share/sandbar")))
    }
}

/// `$SANDBAR_CACHE_DIR`, else `$XDG_CACHE_HOME/sandbar`, else `~/.cache/sandbar`.
#[must_use]
pub fn default_cache() -> PathBuf {
    if let Some(directory) = std::env::var_os("SANDBAR_CACHE_DIR") {
        return directory.into();
    }
    under("XDG_CACHE_HOME", ".cache")
}

/// `$XDG_DATA_HOME/sandbar`, else `~/.local/share/sandbar`.
#[must_use]
pub fn default_data() -> PathBuf {
    under("XDG_DATA_HOME", ".local/share")
}

fn under(variable: &str, below_home: &str) -> PathBuf {
    let base = std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let base = base.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(below_home)));
    base.unwrap_or_else(|| PathBuf::from("/var/lib")).join("sandbar")
}
