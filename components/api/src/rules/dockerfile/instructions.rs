//! Every instruction after `FROM`.

use super::copy::{self, join};
use super::error::{Refusal, refuse};
use super::expand::Scope;
use super::lines::Line;
use super::reader::{Reader, variable};
use super::{Action, heredoc, words};

/// Variables of an image, and bytes of their names and values: what a sandbox may have.
const VARIABLES: usize = 256;
/// See [`VARIABLES`].
const ENVIRONMENT: usize = 64 << 10;

impl Reader<'_> {
    pub(super) fn instruction(&mut self, line: &Line, keyword: &str, arguments: &str) -> Result<(), Refusal> {
        match keyword {
            "RUN" => self.run(line, arguments),
            "COPY" | "ADD" if !line.documents.is_empty() => self.write(line, keyword, arguments),
            "COPY" | "ADD" => {
                let variables = self.variables();
                let scope = Scope {
                    variables: &variables,
                    escape: self.escape,
                };
                let (action, note) = copy::read(keyword, arguments, &scope, &self.directory)?;
                if let Some(reason) = note {
                    self.step(line, Action::Note { reason })?;
                }
                self.step(line, action)
            }
            "ENV" => self.env(line, arguments),
            "ARG" => self.arg(line, arguments),
            "WORKDIR" => {
                let path = join(&self.directory, &self.one(arguments, "WORKDIR /path")?);
                let path = match path.trim_end_matches('/') {
                    "" => "/".to_owned(),
                    path => path.to_owned(),
                };
                self.directory.clone_from(&path);
                self.config.workdir = Some(path.clone());
                self.step(line, Action::Workdir { path })
            }
            "USER" => {
                let user = self.one(arguments, "USER name")?;
                let name = user.split(':').next().unwrap_or_default();
                let plain = !name.is_empty()
                    && name.len() <= 32
                    && name
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
                if !plain {
                    return Err(refuse(
                        format!("{user:?} is not a user's name"),
                        "use letters, digits, _ and -",
                    ));
                }
                self.config.user = Some(name.to_owned());
                self.note(
                    line,
                    format!("sandboxes of this image have the user {name}; steps of the build run as before"),
                )
            }
            "ENTRYPOINT" => {
                self.config.entrypoint = self.command(arguments);
                // As with Docker: a base's CMD was for the base's ENTRYPOINT.
                self.config.cmd.clear();
                self.note(line, "runs when a sandbox of this image starts")
            }
            "CMD" => {
                self.config.cmd = self.command(arguments);
                self.note(
                    line,
                    "runs when a sandbox of this image starts, as the arguments of ENTRYPOINT if there is one",
                )
            }
            "SHELL" => {
                let shell = words::json(arguments).filter(|shell| !shell.is_empty());
                self.shell = shell.ok_or_else(|| refuse("it is no JSON list", r#"write SHELL ["/bin/bash", "-c"]"#))?;
                self.note(line, "commands in shell form run in it from here on")
            }
            "LABEL" => {
                words::pairs(arguments, self.escape)?;
                self.note(line, "labels of images are not kept; label the sandbox")
            }
            "EXPOSE" => self.note(line, "every port of a sandbox can be previewed"),
            "VOLUME" => self.note(line, "no effect: mount a volume when a sandbox is made"),
            "HEALTHCHECK" => self.note(line, "no effect: sandboxes have no health checks of their own"),
            "STOPSIGNAL" => self.note(line, "no effect: a sandbox is stopped as a whole"),
            "MAINTAINER" => self.note(line, "not kept"),
            "ONBUILD" => Err(refuse(
                "an image is no base for triggers",
                "write its instruction where it is needed",
            )),
            _ => Err(refuse(
                format!("{keyword} is no instruction"),
                r"correct it, or end the line before with \ if it goes on here",
            )),
        }
    }

    fn note(&mut self, line: &Line, reason: impl Into<String>) -> Result<(), Refusal> {
        self.step(line, Action::Note { reason: reason.into() })
    }

    fn run(&mut self, line: &Line, arguments: &str) -> Result<(), Refusal> {
        let (flags, command) = words::flags(arguments);
        for (name, value) in flags {
            match (name, value) {
                ("mount", Some(mount)) if mount.split(',').any(|part| part == "type=cache") => {
                    self.note(line, "--mount=type=cache has no effect: steps are cached as a whole")?;
                }
                ("network", Some("default")) => {}
                _ => {
                    return Err(refuse(
                        format!("--{name} is not supported"),
                        "leave it out; secrets belong to the sandbox's env, not into an image",
                    ));
                }
            }
        }
        if command.is_empty() {
            return Err(refuse("it has no command", "write RUN command"));
        }
        if !line.documents.is_empty() {
            let argv = heredoc::command(command, &line.documents, &self.shell);
            return self.step(line, Action::Run { argv });
        }
        let argv = self.command(command);
        if argv.is_empty() {
            return Err(refuse("it has no command", "write RUN command"));
        }
        if upgrades_pip(command) {
            return self.note(line, "the base's pip stays: it is made for this platform");
        }
        self.step(line, Action::Run { argv })
    }

    /// `COPY` of here-documents: files with these contents.
    fn write(&mut self, line: &Line, keyword: &str, arguments: &str) -> Result<(), Refusal> {
        let variables = self.variables();
        let scope = Scope {
            variables: &variables,
            escape: self.escape,
        };
        let (flags, rest) = words::flags(arguments);
        let (mode, note) = copy::flagged(&flags)?;
        let argv = heredoc::files(keyword, rest, &line.documents, mode, &scope, &self.directory)?;
        if let Some(reason) = note {
            self.note(line, reason)?;
        }
        self.step(line, Action::Run { argv })
    }

    fn env(&mut self, line: &Line, arguments: &str) -> Result<(), Refusal> {
        // All pairs of one line see the variables as they were before it.
        let variables = self.variables();
        let scope = Scope {
            variables: &variables,
            escape: self.escape,
        };
        for (name, value) in words::pairs(arguments, self.escape)? {
            let name = variable(&name)?.to_owned();
            let value = scope.word(&value)?;
            self.config.env.insert(name.clone(), value.clone());
            self.step(line, Action::Env { name, value })?;
        }
        let bytes: usize = self
            .config
            .env
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if self.config.env.len() > VARIABLES || bytes > ENVIRONMENT {
            return Err(refuse(
                format!(
                    "an image has at most {VARIABLES} variables of {} KiB in all",
                    ENVIRONMENT >> 10
                ),
                "put long values into a file",
            ));
        }
        Ok(())
    }

    fn arg(&mut self, line: &Line, arguments: &str) -> Result<(), Refusal> {
        for (name, default) in self.arguments(arguments, &self.variables())? {
            let Some(value) = default.or_else(|| self.outer(&name)) else {
                // Without a value it is as if it were not there: nobody can give one at a build here.
                continue;
            };
            self.args.insert(name.clone(), value.clone());
            self.step(line, Action::Arg { name, value })?;
        }
        Ok(())
    }

    /// One expanded word that is not empty.
    fn one(&self, arguments: &str, example: &str) -> Result<String, Refusal> {
        let variables = self.variables();
        let scope = Scope {
            variables: &variables,
            escape: self.escape,
        };
        let word = scope.word(arguments)?;
        if word.is_empty() {
            return Err(refuse(
                "it has no argument, or an empty one",
                format!("write {example}"),
            ));
        }
        Ok(word)
    }

    /// Program and arguments: a JSON list as it is, all else for the shell.
    fn command(&self, text: &str) -> Vec<String> {
        words::json(text).unwrap_or_else(|| {
            let mut argv = self.shell.clone();
            argv.push(text.to_owned());
            argv
        })
    }
}

/// Whether a command does nothing but bring pip itself up to date.
fn upgrades_pip(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    let rest = match words.as_slice() {
        ["pip" | "pip3", rest @ ..] | ["python" | "python3", "-m", "pip", rest @ ..] => rest,
        _ => return false,
    };
    let ["install", rest @ ..] = rest else {
        return false;
    };
    let (options, packages): (Vec<&str>, Vec<&str>) = rest.iter().partition(|word| word.starts_with('-'));
    options.iter().any(|option| matches!(*option, "--upgrade" | "-U"))
        && options
            .iter()
            .all(|option| matches!(*option, "--upgrade" | "-U" | "--no-cache-dir" | "-q" | "--quiet"))
        && packages.contains(&"pip")
        && packages
            .iter()
            .all(|package| matches!(*package, "pip" | "setuptools" | "wheel"))
}
