//! gzip, zstd, bzip2, xz and their reverse: one command line for all of them.

use super::codec::{self, Codec};
use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use sandbar_guest_rt::files;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

const REMOVE: char = '\u{e000}';
const VERSION: char = '\u{e001}';
const OTHER: char = '\u{e002}';
const TABLE: &[Opt] = &[
    opt('d', "decompress", Takes::Nothing),
    opt('d', "uncompress", Takes::Nothing),
    opt('z', "compress", Takes::Nothing),
    opt('c', "stdout", Takes::Nothing),
    opt('c', "to-stdout", Takes::Nothing),
    opt('k', "keep", Takes::Nothing),
    opt('f', "force", Takes::Nothing),
    opt('t', "test", Takes::Nothing),
    opt('l', "list", Takes::Nothing),
    opt('n', "no-name", Takes::Nothing),
    opt('N', "name", Takes::Nothing),
    opt('q', "quiet", Takes::Nothing),
    opt('v', "verbose", Takes::Nothing),
    opt('r', "recursive", Takes::Nothing),
    opt('S', "suffix", Takes::Value),
    opt('o', "output", Takes::Value),
    opt('T', "threads", Takes::Value),
    opt('e', "extreme", Takes::Nothing),
    opt('s', "small", Takes::Nothing),
    opt('1', "fast", Takes::Nothing),
    opt('9', "best", Takes::Nothing),
    opt('0', "", Takes::Nothing),
    opt('2', "", Takes::Nothing),
    opt('3', "", Takes::Nothing),
    opt('4', "", Takes::Nothing),
    opt('5', "", Takes::Nothing),
    opt('6', "", Takes::Nothing),
    opt('7', "", Takes::Nothing),
    opt('8', "", Takes::Nothing),
    opt(REMOVE, "rm", Takes::Nothing),
    opt(OTHER, "ultra", Takes::Nothing),
    opt(OTHER, "long", Takes::Optional),
    opt(OTHER, "no-progress", Takes::Nothing),
    opt(VERSION, "version", Takes::Nothing),
];

struct Job {
    program: &'static str,
    codec: Codec,
    decompress: bool,
    to_stdout: bool,
    keep: bool,
    force: bool,
    test: bool,
    list: bool,
    recursive: bool,
    verbose: bool,
    quiet: bool,
    level: u32,
    output: Option<PathBuf>,
}

/// gzip
pub fn gzip(arguments: Vec<OsString>) -> i32 {
    run("gzip", Codec::Gzip, arguments)
}
/// zstd
pub fn zstd(arguments: Vec<OsString>) -> i32 {
    run("zstd", Codec::Zstd, arguments)
}
/// bzip2
pub fn bzip2(arguments: Vec<OsString>) -> i32 {
    run("bzip2", Codec::Bzip2, arguments)
}
/// xz
pub fn xz(arguments: Vec<OsString>) -> i32 {
    run("xz", Codec::Xz, arguments)
}

fn run(program: &'static str, codec: Codec, arguments: Vec<OsString>) -> i32 {
    let called = arguments
        .first()
        .and_then(|name| Path::new(name).file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let parsed = match getopt::parse(TABLE, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain(program, message);
            return 1;
        }
    };
    let to_stdout = called.ends_with("cat");
    let mut job = Job {
        program,
        codec,
        decompress: called.starts_with("un") || called.starts_with("gun") || called.starts_with("bun") || to_stdout,
        to_stdout,
        keep: codec == Codec::Zstd,
        force: false,
        test: false,
        list: false,
        recursive: false,
        verbose: false,
        quiet: false,
        level: if codec == Codec::Bzip2 { 9 } else { 6 },
        output: None,
    };
    for (option, value) in parsed.options {
        match option {
            'd' => job.decompress = true,
            'z' => job.decompress = false,
            'c' => job.to_stdout = true,
            'k' => job.keep = true,
            'f' => job.force = true,
            't' => (job.test, job.decompress) = (true, true),
            'l' => (job.list, job.decompress) = (true, true),
            'r' => job.recursive = true,
            'v' => job.verbose = true,
            'q' => job.quiet = true,
            'o' => job.output = value.map(PathBuf::from),
            '0'..='9' => job.level = option.to_digit(10).unwrap_or(6).max(1),
            REMOVE => job.keep = false,
            VERSION => {
                let mut out = console::output();
                let _ = writeln!(out, "{program} (Sandbar) {}", env!("CARGO_PKG_VERSION")).and_then(|()| out.flush());
                return 0;
            }
            _ => {}
        }
    }
    if job.output.is_some() {
        job.keep = true;
    }
    let mut operands = parsed.operands;
    if operands.is_empty() {
        operands.push("-".into());
    }
    let mut worst = 0;
    for operand in &operands {
        let code = job.operand(Path::new(operand));
        // Trouble outweighs warnings, whose number is larger.
        worst = if code == 1 || worst == 1 { 1 } else { worst.max(code) };
    }
    worst
}

impl Job {
    /// 0, 1 if anything went wrong, 2 if a file was left alone.
    fn operand(&self, path: &Path) -> i32 {
        if self.recursive && path.is_dir() {
            let Ok(entries) = std::fs::read_dir(path) else {
                return self.fail(path, &io::Error::other("cannot be listed"));
            };
            let codes = entries.flatten().map(|entry| self.operand(&entry.path()));
            return codes.fold(
                0,
                |worst, code| if code == 1 || worst == 1 { 1 } else { worst.max(code) },
            );
        }
        match self.one(path) {
            Ok(()) => 0,
            Err(error) => self.fail(path, &error),
        }
    }

    fn fail(&self, path: &Path, error: &io::Error) -> i32 {
        let shown = if path == Path::new("-") {
            "(stdin)".into()
        } else {
            path.display().to_string()
        };
        console::complain(self.program, format_args!("{shown}: {}", console::reason(error)));
        let is_warning = matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory);
        if is_warning && self.codec == Codec::Gzip { 2 } else { 1 }
    }

    fn one(&self, path: &Path) -> io::Result<()> {
        let from_stdin = path == Path::new("-");
        let input: Box<dyn Read> = if from_stdin {
            Box::new(console::input())
        } else {
            let file = File::open(path)?;
            if file.metadata()?.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory -- ignored"));
            }
            Box::new(file)
        };
        if self.list {
            return self.listed(path, input);
        }
        if self.test {
            return codec::copy(&mut self.opened(input)?, &mut io::sink()).map(drop);
        }
        if self.to_stdout || from_stdin && self.output.is_none() {
            if !self.decompress && !self.force && io::stdout().is_terminal() {
                return Err(io::Error::other(
                    "compressed data not written to a terminal. Use -f to force compression.",
                ));
            }
            let mut out = console::output();
            self.convert(input, &mut out)?;
            return out.flush();
        }
        let target = match &self.output {
            Some(target) => target.clone(),
            None => self.target(path)?,
        };
        if !self.force && target.exists() {
            let why = format!("{} already exists; use -f to overwrite", target.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        let written = File::create(&target).and_then(|file| {
            let mut out = BufWriter::new(file);
            self.convert(input, &mut out)?;
            out.flush()
        });
        if let Err(error) = written {
            // Half a file is worse than none.
            let _ = std::fs::remove_file(&target);
            return Err(error);
        }
        if !from_stdin {
            self.settle(path, &target)?;
        }
        Ok(())
    }

    /// The new file has the old one's mode and time; the old one goes.
    fn settle(&self, path: &Path, target: &Path) -> io::Result<()> {
        let status = files::status(path, true)?;
        let _ = files::chmod(target, status.mode);
        let _ = File::options()
            .write(true)
            .open(target)
            .and_then(|file| file.set_modified(status.modified));
        if self.verbose && !self.quiet {
            let new = std::fs::metadata(target)?.len();
            let (small, large) = if self.decompress {
                (status.size, new)
            } else {
                (new, status.size)
            };
            #[allow(clippy::cast_precision_loss)]
            let saved = if large == 0 {
                0.0
            } else {
                100.0 - small as f64 * 100.0 / large as f64
            };
            let what = if self.keep { "created" } else { "replaced with" };
            let _ = writeln!(
                io::stderr(),
                "{}:\t{saved:5.1}% -- {what} {}",
                path.display(),
                target.display()
            );
        }
        if !self.keep {
            std::fs::remove_file(path)?;
        }
        Ok(())
    }

    fn target(&self, path: &Path) -> io::Result<PathBuf> {
        let name = path.to_string_lossy();
        if !self.decompress {
            if name.ends_with(self.codec.suffix()) && !self.force {
                let why = format!("already has {} suffix -- unchanged", self.codec.suffix());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
            }
            return Ok(PathBuf::from(format!("{name}{}", self.codec.suffix())));
        }
        for (short, long) in [(".tgz", ".tar"), (".tbz2", ".tar"), (".txz", ".tar"), (".tzst", ".tar")] {
            if let Some(stem) = name.strip_suffix(short) {
                return Ok(PathBuf::from(format!("{stem}{long}")));
            }
        }
        match name.strip_suffix(self.codec.suffix()) {
            Some(stem) if !stem.is_empty() => Ok(PathBuf::from(stem)),
            _ => Err(io::Error::other("unknown suffix -- ignored")),
        }
    }

    fn opened(&self, input: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
        let (found, stream) = codec::sniff(input)?;
        match found {
            Some(found) if found == self.codec => Ok(found.decoder(Box::new(stream))),
            // As the originals: `zcat -f` hands on what is not compressed.
            _ if self.force && self.to_stdout => Ok(Box::new(stream)),
            _ => Err(io::Error::other(format!("not in {} format", self.program))),
        }
    }

    fn convert(&self, mut input: Box<dyn Read>, out: &mut dyn Write) -> io::Result<()> {
        if self.decompress {
            codec::copy(&mut self.opened(input)?, out).map(drop)
        } else {
            self.codec.compress(&mut input, out, self.level)
        }
    }

    fn listed(&self, path: &Path, input: Box<dyn Read>) -> io::Result<()> {
        let large = codec::copy(&mut self.opened(input)?, &mut io::sink())?;
        let small = std::fs::metadata(path).map(|found| found.len()).unwrap_or(0);
        #[allow(clippy::cast_precision_loss)]
        let ratio = if large == 0 {
            0.0
        } else {
            100.0 - small as f64 * 100.0 / large as f64
        };
        let name = self.target(path).unwrap_or_else(|_| path.to_owned());
        let mut out = console::output();
        writeln!(out, "         compressed        uncompressed  ratio uncompressed_name")?;
        writeln!(out, "{small:>19} {large:>19} {ratio:5.1}% {}", name.display())?;
        out.flush()
    }
}
