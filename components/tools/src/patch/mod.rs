//! patch.

mod apply;
mod parse;

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use parse::{FilePatch, Hunk};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

/// Patches and files larger than this are refused.
const MOST_BYTES: u64 = 256 << 20;
/// Some hunks could not be applied; patch itself failed.
const REJECTED: i32 = 1;
const TROUBLE: i32 = 2;

const DRY: char = '\u{e000}';
const IGNORED: char = '\u{e001}';
const TABLE: &[Opt] = &[
    opt('p', "strip", Takes::Value),
    opt('R', "reverse", Takes::Nothing),
    opt('N', "forward", Takes::Nothing),
    opt('i', "input", Takes::Value),
    opt('d', "directory", Takes::Value),
    opt('o', "output", Takes::Value),
    opt('r', "reject-file", Takes::Value),
    opt('b', "backup", Takes::Nothing),
    opt('E', "remove-empty-files", Takes::Nothing),
    opt('s', "silent", Takes::Nothing),
    opt('s', "quiet", Takes::Nothing),
    opt('F', "fuzz", Takes::Value),
    opt('f', "force", Takes::Nothing),
    opt('t', "batch", Takes::Nothing),
    opt('u', "unified", Takes::Nothing),
    opt('c', "context", Takes::Nothing),
    opt('n', "normal", Takes::Nothing),
    opt('l', "ignore-whitespace", Takes::Nothing),
    opt(DRY, "dry-run", Takes::Nothing),
    opt(IGNORED, "binary", Takes::Nothing),
    opt(IGNORED, "no-backup-if-mismatch", Takes::Nothing),
    opt(IGNORED, "verbose", Takes::Nothing),
];

struct Job {
    strip: Option<usize>,
    reverse: bool,
    input: Option<OsString>,
    directory: PathBuf,
    output: Option<PathBuf>,
    rejects: Option<PathBuf>,
    backup: bool,
    remove_empty: bool,
    silent: bool,
    fuzz: usize,
    blanks: bool,
    dry: bool,
    file: Option<PathBuf>,
}

/// Applies a patch: 0, 1 if hunks were rejected, 2 if something went wrong.
pub fn main(arguments: Vec<OsString>) -> i32 {
    match prepare(arguments).and_then(|job| job.run()) {
        Ok(code) => code,
        Err(message) => {
            console::complain("patch", format_args!("**** {message}"));
            TROUBLE
        }
    }
}

fn prepare(arguments: Vec<OsString>) -> Result<Job, String> {
    let parsed = getopt::parse(TABLE, arguments.into_iter().skip(1), true)?;
    let mut job = Job {
        strip: None,
        reverse: false,
        input: None,
        directory: PathBuf::new(),
        output: None,
        rejects: None,
        backup: false,
        remove_empty: false,
        silent: false,
        fuzz: 2,
        blanks: false,
        dry: false,
        file: None,
    };
    for (option, value) in parsed.options {
        let value = value.unwrap_or_default();
        let number = || {
            let text = value.to_string_lossy();
            text.parse::<usize>().map_err(|_| format!("'{text}' is not a number"))
        };
        match option {
            'p' => job.strip = Some(number()?),
            'F' => job.fuzz = number()?,
            'R' => job.reverse = true,
            'i' => job.input = Some(value),
            'd' => job.directory = value.into(),
            'o' => job.output = Some(value.into()),
            'r' => job.rejects = Some(value.into()),
            'b' => job.backup = true,
            'E' => job.remove_empty = true,
            's' => job.silent = true,
            'l' => job.blanks = true,
            DRY => job.dry = true,
            _ => {}
        }
    }
    let mut operands = parsed.operands.into_iter();
    job.file = operands.next().map(PathBuf::from);
    if let Some(patch) = operands.next() {
        job.input = Some(patch);
    }
    Ok(job)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other("it is larger than 256 MiB"));
    }
    Ok(bytes)
}

impl Job {
    fn tell(&self, line: &str) {
        if !self.silent {
            let mut out = console::output();
            let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        }
    }

    fn run(&self) -> Result<i32, String> {
        let bytes = match &self.input {
            Some(name) if name != "-" => read(Path::new(name))
                .map_err(|error| format!("Can't open patch file {} : {}", name.display(), console::reason(&error)))?,
            _ => {
                let mut bytes = Vec::new();
                let read = console::input().take(MOST_BYTES).read_to_end(&mut bytes);
                read.map_err(|error| console::reason(&error))?;
                bytes
            }
        };
        let files = parse::parse(&bytes)?;
        if files.is_empty() {
            return if bytes.trim_ascii().is_empty() {
                Ok(0)
            } else {
                Err("Only garbage was found in the patch input.".into())
            };
        }
        let mut worst = 0;
        for file in &files {
            worst = worst.max(self.patch(file)?);
        }
        Ok(worst)
    }

    /// The file that a patch is for.
    fn target(&self, file: &FilePatch) -> Result<PathBuf, String> {
        if let Some(named) = &self.file {
            return Ok(self.directory.join(named));
        }
        let names = [&file.old, &file.new];
        let mut candidates = Vec::new();
        for name in names.into_iter().flatten().filter(|name| *name != "/dev/null") {
            let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
            let path: PathBuf = match self.strip {
                Some(count) if count < parts.len() => parts[count..].iter().collect(),
                Some(_) => continue,
                None => parts.last().into_iter().collect(),
            };
            let dangerous = self.strip == Some(0) && name.starts_with('/')
                || path
                    .components()
                    .any(|one| !matches!(one, Component::Normal(_) | Component::CurDir));
            if dangerous {
                console::complain("patch", format_args!("Ignoring potentially dangerous file name {name}"));
                continue;
            }
            candidates.push(self.directory.join(path));
        }
        // Without -p, the whole name counts if such a file is there.
        candidates
            .iter()
            .find(|path| path.exists())
            .or(candidates.last())
            .cloned()
            .ok_or_else(|| "can't find file to patch; name it, or use another -p".into())
    }

    fn patch(&self, file: &FilePatch) -> Result<i32, String> {
        let path = self.target(file)?;
        let shown = path.display().to_string();
        let hunks: Vec<Hunk> = if self.reverse {
            file.hunks.iter().map(Hunk::reversed).collect()
        } else {
            file.hunks.clone()
        };
        let (before, after) = if self.reverse {
            (file.missing.1, file.missing.0)
        } else {
            file.missing
        };
        let content = match read(&path) {
            Ok(content) => content,
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && (before || hunks.iter().all(|hunk| hunk.at == 0)) =>
            {
                Vec::new()
            }
            Err(error) => return Err(format!("Can't open file {shown} : {}", console::reason(&error))),
        };
        self.tell(&format!(
            "{} file {shown}",
            if self.dry { "checking" } else { "patching" }
        ));
        let limits = apply::Limits {
            fuzz: self.fuzz,
            blanks: self.blanks,
        };
        let mut outcome = apply::apply(&content, &hunks, limits);
        if outcome.rejected.len() == hunks.len() {
            let turned: Vec<Hunk> = hunks.iter().map(Hunk::reversed).collect();
            let back = apply::apply(&content, &turned, apply::Limits { fuzz: 0, ..limits });
            if back.rejected.is_empty() {
                self.tell("Reversed (or previously applied) patch detected!  Skipping patch.");
                outcome.said.clear();
                outcome.said.push(format!(
                    "{0} out of {0} hunk{1} ignored{2}",
                    hunks.len(),
                    if hunks.len() == 1 { "" } else { "s" },
                    if self.dry {
                        String::new()
                    } else {
                        format!(" -- saving rejects to file {shown}.rej")
                    }
                ));
            }
        }
        for line in &outcome.said {
            self.tell(line);
        }
        let failed = outcome.rejected.len();
        if failed > 0 && !outcome.said.iter().any(|line| line.contains("ignored")) {
            let place = if self.dry {
                String::new()
            } else {
                format!(" -- saving rejects to file {}", self.reject_path(&path).display())
            };
            let plural = if hunks.len() == 1 { "" } else { "s" };
            self.tell(&format!("{failed} out of {} hunk{plural} FAILED{place}", hunks.len()));
        }
        if !self.dry {
            self.store(&path, file, &content, outcome, after)
                .map_err(|error| format!("{shown}: {}", console::reason(&error)))?;
        }
        Ok(if failed > 0 { REJECTED } else { 0 })
    }

    fn reject_path(&self, path: &Path) -> PathBuf {
        match &self.rejects {
            Some(named) => named.clone(),
            None => PathBuf::from(format!("{}.rej", path.display())),
        }
    }

    fn store(
        &self,
        path: &Path,
        file: &FilePatch,
        before: &[u8],
        outcome: apply::Outcome,
        goes: bool,
    ) -> io::Result<()> {
        if !outcome.rejected.is_empty() {
            let mut text = Vec::new();
            writeln!(text, "--- {}", file.old.as_deref().unwrap_or("old"))?;
            writeln!(text, "+++ {}", file.new.as_deref().unwrap_or("new"))?;
            for hunk in &outcome.rejected {
                apply::show(hunk, &mut text)?;
            }
            std::fs::write(self.reject_path(path), text)?;
        }
        if outcome.content == before && !goes {
            return Ok(());
        }
        if let Some(output) = &self.output {
            return std::fs::write(output, outcome.content);
        }
        let exists = path.exists();
        // As patch does, one is kept where the patch did not fit exactly.
        if exists && (self.backup || !outcome.exact) {
            std::fs::copy(path, format!("{}.orig", path.display()))?;
        }
        if outcome.content.is_empty() && (goes || self.remove_empty) {
            return std::fs::remove_file(path);
        }
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent)?;
        }
        let mode = sandbar_guest_rt::files::status(path, true)
            .ok()
            .map(|status| status.mode);
        // A new file: a link in its place is not written through.
        if path.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
            return Err(io::Error::other("is a symbolic link: not patched"));
        }
        std::fs::write(path, outcome.content)?;
        if let Some(mode) = mode {
            sandbar_guest_rt::files::chmod(path, mode)?;
        }
        Ok(())
    }
}
