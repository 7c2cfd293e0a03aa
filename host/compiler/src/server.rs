//! The server: takes programs from one cell, has each compiled by a child, and keeps what comes out.

use crate::kind::{Kind, cut};
use crate::limits::{
    MAX_CACHE_BYTES, MAX_CODE_BYTES, MAX_COMPILER_TIME, MAX_PROGRAM_BYTES, MAX_REASON_BYTES, MAX_VERDICTS,
};
use crate::wire::{LENGTH_BYTES, Verdict};
use crate::{child, kind};
use rustix::fs::MemfdFlags;
use sandbar_engine::{CodeCache, SandboxEngine};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// Between two looks whether a child has ended.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What a server works with.
pub struct Server {
    /// The program of which `compile_guest` is a subcommand: this one.
    pub exe: PathBuf,
    /// Name of the subcommand that runs [`child::run`].
    pub subcommand: String,
    /// Directory of guests' compiled code; nobody else writes it.
    pub directory: PathBuf,
}

/// A verdict as the cache keeps it.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kept {
    Program(Kind),
    Refused(String),
}

impl Server {
    /// Serves until the other end of `stream` is gone.
    ///
    /// # Errors
    /// Of the socket; of the cache, if it cannot be opened at all.
    pub fn serve(&self, mut stream: UnixStream) -> io::Result<()> {
        let engine = SandboxEngine::new().map_err(io::Error::other)?;
        let cache = CodeCache::open(&self.directory).map_err(io::Error::other)?;
        loop {
            let mut length = [0; LENGTH_BYTES];
            match stream.read_exact(&mut length) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                other => other?,
            }
            let length = u64::from_le_bytes(length);
            if length > MAX_PROGRAM_BYTES {
                return Err(io::Error::other("a program longer than agreed"));
            }
            let mut wasm = Vec::new();
            Read::by_ref(&mut stream).take(length).read_to_end(&mut wasm)?;
            if wasm.len() as u64 != length {
                return Ok(());
            }
            let verdict = self.judge(&engine, &cache, &wasm).unwrap_or_else(|error| {
                tracing::warn!("a program cannot be compiled now: {error}");
                Verdict::Unavailable(cut(&error.to_string()))
            });
            let mut line = serde_json::to_vec(&verdict)?;
            line.push(b'\n');
            match stream.write_all(&line) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                other => other?,
            }
        }
    }

    fn judge(&self, engine: &SandboxEngine, cache: &CodeCache, wasm: &[u8]) -> io::Result<Verdict> {
        let code = CodeCache::name_of(engine.wasmtime(), wasm);
        let path = self.directory.join(format!("{code}.verdict"));
        if let Some(kept) = self.kept(&path) {
            match kept {
                Kept::Refused(reason) => return Ok(Verdict::Refused(reason)),
                // Its code may have been cleared away.
                Kept::Program(kind) if cache.get(engine.wasmtime(), &code).map_err(io::Error::other)?.is_some() => {
                    return Ok(Verdict::Program { kind, code });
                }
                Kept::Program(_) => {}
            }
        }
        let kept = match self.compile(wasm)? {
            Ok((kind, compiled)) => {
                cache.keep(&code, &compiled).map_err(io::Error::other)?;
                Kept::Program(kind)
            }
            Err(reason) => Kept::Refused(reason),
        };
        let unfinished = path.with_extension("unfinished");
        std::fs::write(&unfinished, serde_json::to_vec(&kept)?)?;
        std::fs::rename(&unfinished, &path)?;
        self.clear(&code)?;
        Ok(match kept {
            Kept::Program(kind) => Verdict::Program { kind, code },
            Kept::Refused(reason) => Verdict::Refused(reason),
        })
    }

    /// A verdict of before; using it makes it young again.
    fn kept(&self, path: &Path) -> Option<Kept> {
        let bytes = std::fs::read(path).ok()?;
        let kept = serde_json::from_slice(&bytes).ok()?;
        if let Ok(file) = File::options().write(true).open(path) {
            let _ = file.set_modified(SystemTime::now());
        }
        Some(kept)
    }

    /// In a child process: its code, or why not.
    fn compile(&self, wasm: &[u8]) -> io::Result<Result<(Kind, Vec<u8>), String>> {
        let mut input = File::from(rustix::fs::memfd_create("program", MemfdFlags::CLOEXEC)?);
        input.write_all(wasm)?;
        input.rewind()?;
        let mut output = File::from(rustix::fs::memfd_create("code", MemfdFlags::CLOEXEC)?);
        let mut reasons = File::from(rustix::fs::memfd_create("reason", MemfdFlags::CLOEXEC)?);
        let mut child = Command::new(&self.exe)
            .arg(&self.subcommand)
            .env_clear()
            .stdin(input)
            .stdout(output.try_clone()?)
            .stderr(Stdio::from(reasons.try_clone()?))
            .spawn()?;
        let Some(status) = wait(&mut child)? else {
            return Ok(Err(format!(
                "compiling it takes longer than {} s",
                MAX_COMPILER_TIME.as_secs()
            )));
        };
        reasons.rewind()?;
        let mut reason = Vec::new();
        reasons.take(MAX_REASON_BYTES as u64).read_to_end(&mut reason)?;
        let reason = String::from_utf8_lossy(&reason).into_owned();
        if status.code() == Some(child::REFUSED) {
            return Ok(Err(kind::cut(&reason)));
        }
        if !status.success() {
            return Ok(Err(how_it_died(status, &reason)));
        }
        output.rewind()?;
        let mut code = Vec::new();
        output.take(MAX_CODE_BYTES + 1).read_to_end(&mut code)?;
        Ok(match code.split_first() {
            Some((b'c', code)) => Ok((Kind::Command, code.to_vec())),
            Some((b'h', code)) => Ok((Kind::Http, code.to_vec())),
            _ => Err("the compiler gave nothing".to_owned()),
        })
    }

    /// Keeps the cache within its bounds: the oldest go, but not the one just made.
    fn clear(&self, newest: &str) -> io::Result<()> {
        let mut found = Vec::new();
        let mut bytes = 0;
        for entry in std::fs::read_dir(&self.directory)? {
            let entry = entry?;
            let Ok(about) = entry.metadata() else { continue };
            bytes += about.len();
            if let Some(code) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.strip_suffix(".verdict"))
            {
                found.push((about.modified()?, code.to_owned()));
            }
        }
        found.sort();
        let mut count = found.len();
        for (_, code) in found {
            if count <= MAX_VERDICTS && bytes <= MAX_CACHE_BYTES {
                break;
            }
            if code == newest {
                continue;
            }
            count -= 1;
            for ending in ["verdict", "cwasm", "blake3", "lock"] {
                let path = self.directory.join(format!("{code}.{ending}"));
                bytes = bytes.saturating_sub(std::fs::metadata(&path).map_or(0, |about| about.len()));
                let _ = std::fs::remove_file(&path);
            }
        }
        Ok(())
    }
}

/// The child's end; none if it had to be killed.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let until = Instant::now() + MAX_COMPILER_TIME;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn how_it_died(status: ExitStatus, reason: &str) -> String {
    use std::os::unix::process::ExitStatusExt;
    let cpu = rustix::process::Signal::XCPU.as_raw();
    if status.signal() == Some(cpu) {
        return "compiling it takes too much time".to_owned();
    }
    if reason.contains("memory allocation") {
        return "compiling it takes too much memory".to_owned();
    }
    format!("the compiler gave it up ({status})")
}
