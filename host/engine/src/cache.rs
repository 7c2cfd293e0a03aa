//! Compiled code on disk: made once for each component and engine, then only mapped into memory.
//!
//! Compiled code is native code, so whoever can write the cache can run anything as us. Hence the directory has
//! mode 0700, files that another user owns or may write are refused, and each entry carries a checksum that is
//! verified before the code is mapped (against torn or decayed files, not against an attacker with our own uid).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::CacheError;
use crate::fingerprint;
use crate::locks::{check_owner, lock, open_trusted};

/// Largest WebAssembly file that is compiled. The compiler is not hardened against bombs; the largest program
/// known to be useful (a Python with its scientific libraries) has 135 MB.
pub const MAX_WASM_BYTES: u64 = 256 << 20;

/// What a slow load is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// Another process compiles the same file; we wait for it.
    Waiting {
        /// File name of the component.
        name: &'a str,
    },
    /// Compilation starts; it takes about a second for each MB on a small machine.
    Compiling {
        /// File name of the component.
        name: &'a str,
        /// Size of the component in bytes.
        bytes: u64,
    },
    /// Compilation is done and kept.
    Compiled {
        /// File name of the component.
        name: &'a str,
        /// How long it took.
        elapsed: Duration,
    },
}

/// A directory of compiled code.
#[derive(Clone, Debug)]
pub struct CodeCache {
    directory: PathBuf,
}

impl CodeCache {
    /// Opens the cache at `directory`, which is made (mode 0700) if missing.
    ///
    /// # Errors
    /// When it cannot be made, or another user owns it or may write it.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, CacheError> {
        let directory = directory.into();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .map_err(|error| CacheError::io("create", &directory, error))?;
        let metadata = fs::symlink_metadata(&directory).map_err(|error| CacheError::io("stat", &directory, error))?;
        if !metadata.is_dir() {
            return Err(CacheError::Unsafe {
                path: directory,
                reason: "it is not a directory",
            });
        }
        check_owner(&directory, &metadata)?;
        if metadata.mode() & 0o077 != 0 {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&directory, fs::Permissions::from_mode(0o700))
                .map_err(|error| CacheError::io("restrict", &directory, error))?;
        }
        Ok(Self { directory })
    }

    /// Loads the component in the file `wasm`, compiling it first if this engine never did. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read, is too large or not a valid component, or the cache is unsafe.
    pub fn load(&self, engine: &Engine, wasm: &Path, progress: &dyn Fn(Progress<'_>)) -> Result<Component, CacheError> {
        let bytes = read_limited(wasm)?;
        self.load_bytes(engine, wasm, &bytes, progress)
    }

    /// Like [`CodeCache::load`] for a component in memory; `origin` only names it in messages.
    ///
    /// # Errors
    /// As [`CodeCache::load`].
    pub fn load_bytes(
        &self,
        engine: &Engine,
        origin: &Path,
        wasm: &[u8],
        progress: &dyn Fn(Progress<'_>),
    ) -> Result<Component, CacheError> {
        let entry = self.entry(&fingerprint::name(engine, wasm));
        if let Some(component) = entry.load(engine, origin)? {
            return Ok(component);
        }
        let name = origin.file_name().and_then(|name| name.to_str()).unwrap_or("component");
        let _lock = lock(&entry.lock, || progress(Progress::Waiting { name }))?;
        // Whoever held the lock may have made it.
        if let Some(component) = entry.load(engine, origin)? {
            return Ok(component);
        }
        progress(Progress::Compiling {
            name,
            bytes: wasm.len() as u64,
        });
        let start = Instant::now();
        let code = engine
            .precompile_component(wasm)
            .map_err(|source| CacheError::Compile {
                path: origin.into(),
                source,
            })?;
        entry.store(&code)?;
        progress(Progress::Compiled {
            name,
            elapsed: start.elapsed(),
        });
        match entry.load(engine, origin)? {
            Some(component) => Ok(component),
            None => Err(CacheError::Unsafe {
                path: entry.code,
                reason: "it does not read back as written",
            }),
        }
    }

    /// The name under which the code of `wasm` is kept for `engine`.
    #[must_use]
    pub fn name_of(engine: &Engine, wasm: &[u8]) -> String {
        fingerprint::name(engine, wasm)
    }

    /// The component whose code is kept under `name`; none if there is no whole, unspoilt one.
    ///
    /// # Errors
    /// When the cache is unsafe, or the code is another engine's.
    pub fn get(&self, engine: &Engine, name: &str) -> Result<Option<Component>, CacheError> {
        self.entry(name).load(engine, Path::new(name))
    }

    /// Keeps code under `name` that `precompile_component` of an equal engine, in another process, has made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, name: &str, code: &[u8]) -> Result<(), CacheError> {
        let entry = self.entry(name);
        let _lock = lock(&entry.lock, || {})?;
        entry.store(code)
    }

    fn entry(&self, name: &str) -> Entry {
        Entry {
            code: self.directory.join(format!("{name}.cwasm")),
            checksum: self.directory.join(format!("{name}.blake3")),
            lock: self.directory.join(format!("{name}.lock")),
        }
    }
}

struct Entry {
    code: PathBuf,
    checksum: PathBuf,
    lock: PathBuf,
}

impl Entry {
    /// None if there is no whole, unspoilt entry.
    fn load(&self, engine: &Engine, origin: &Path) -> Result<Option<Component>, CacheError> {
        let Some(mut code) = open_trusted(&self.code)? else {
            return Ok(None);
        };
        let Some(mut checksum) = open_trusted(&self.checksum)? else {
            return Ok(None);
        };
        let mut expected = Vec::new();
        Read::by_ref(&mut checksum)
            .take(2 * blake3::OUT_LEN as u64 + 1)
            .read_to_end(&mut expected)
            .map_err(|error| CacheError::io("read", &self.checksum, error))?;
        let mut hasher = blake3::Hasher::new();
        std::io::copy(&mut code, &mut hasher).map_err(|error| CacheError::io("read", &self.code, error))?;
        if hasher.finalize().to_hex().as_bytes() != expected.as_slice() {
            tracing::warn!(path = %self.code.display(), "compiled code does not match its checksum; compiling again");
            return Ok(None);
        }
        // SAFETY: the file was written by this program (only our uid can write the directory, checked when it
        // was opened, and the file, checked just now), its content is what `precompile_component` returned (the
        // checksum), and entries are replaced by rename and never written in place, so the mapping is stable.
        match unsafe { Component::deserialize_file(engine, &self.code) } {
            Ok(component) => Ok(Some(component)),
            Err(source) => Err(CacheError::Load {
                path: origin.into(),
                source,
            }),
        }
    }

    fn store(&self, code: &[u8]) -> Result<(), CacheError> {
        replace(&self.code, code)?;
        replace(&self.checksum, blake3::hash(code).to_hex().as_bytes())?;
        let directory = self.code.parent().unwrap_or(Path::new("."));
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|error| CacheError::io("sync", directory, error))
    }
}

/// Writes a file so that it is never seen half-written. The caller holds the entry's lock.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), CacheError> {
    let temporary = path.with_extension("tmp");
    // Left behind by a crash, if at all.
    let _ = fs::remove_file(&temporary);
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|error| CacheError::io("write", path, error))
}

fn read_limited(path: &Path) -> Result<Vec<u8>, CacheError> {
    let file = File::open(path).map_err(|error| CacheError::io("open", path, error))?;
    let bytes = file
        .metadata()
        .map_err(|error| CacheError::io("stat", path, error))?
        .len();
    if bytes > MAX_WASM_BYTES {
        return Err(CacheError::TooLarge {
            path: path.into(),
            bytes,
            limit: MAX_WASM_BYTES,
        });
    }
    let mut wasm = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    file.take(MAX_WASM_BYTES)
        .read_to_end(&mut wasm)
        .map_err(|error| CacheError::io("read", path, error))?;
    Ok(wasm)
}
