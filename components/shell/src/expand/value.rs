//! What a parameter holds.

use crate::arith::{self, Variables};
use crate::shell::Shell;
use crate::vars::{Key, Value};

/// The value of a parameter.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    Unset,
    One(String),
    /// `@` or (true) `*`: all the elements.
    Many(Vec<String>, bool),
}

impl Shell {
    /// The characters at which fields are split.
    pub fn ifs(&self) -> String {
        match self.vars.get("IFS") {
            Some(var) => match var.scalar() {
                Some(ifs) => ifs.to_owned(),
                None => " \t\n".to_owned(),
            },
            None => " \t\n".to_owned(),
        }
    }

    /// A scalar parameter: variable, positional or special.
    pub fn parameter(&mut self, name: &str) -> Option<String> {
        let first = name.chars().next()?;
        if first.is_ascii_digit() {
            let n: usize = name.parse().ok()?;
            return match n.checked_sub(1) {
                None => Some(self.name.clone()),
                Some(i) => self.positional.get(i).cloned(),
            };
        }
        match name {
            "?" => Some(self.status.to_string()),
            "#" => Some(self.positional.len().to_string()),
            "$" => Some(self.os().own_pid().to_string()),
            "!" => self.last_background.map(|id| id.to_string()),
            "-" => Some(self.option_letters()),
            "_" => Some(self.last_argument.clone()),
            _ => {
                if let Some((base, subscript)) = self.element_reference(name) {
                    let key = self.key(&base, &subscript, 0).ok()?;
                    return self.element(&base, &key);
                }
                self.variable(name)
            }
        }
    }

    /// The array and subscript that a name reference leads to, if it leads to an element.
    pub(super) fn element_reference(&self, name: &str) -> Option<(String, String)> {
        if !self.vars.get_raw(name)?.nameref {
            return None;
        }
        let (base, rest) = self.vars.resolve(name).split_once('[')?;
        Some((base.to_owned(), rest.strip_suffix(']')?.to_owned()))
    }

    fn variable(&mut self, name: &str) -> Option<String> {
        if let Some(var) = self.vars.get(name) {
            return var.scalar().map(str::to_owned);
        }
        match name {
            "LINENO" => Some(self.line.to_string()),
            "RANDOM" => Some(self.next_random().to_string()),
            "SRANDOM" => Some((self.next_random() << 15 | self.next_random()).to_string()),
            "SECONDS" => {
                let now = self.os().monotonic().saturating_sub(self.started);
                let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
                Some(self.seconds.saturating_add(now).to_string())
            }
            "EPOCHSECONDS" => Some(epoch().as_secs().to_string()),
            "EPOCHREALTIME" => {
                let now = epoch();
                Some(format!("{}.{:06}", now.as_secs(), now.subsec_micros()))
            }
            "BASHPID" => Some(self.os().own_pid().to_string()),
            "BASH_SUBSHELL" => Some(self.subshell.to_string()),
            "UID" | "EUID" => Some(self.user_id().to_string()),
            "PPID" => Some("1".to_owned()),
            "HOSTNAME" => Some("sandbox".to_owned()),
            "OSTYPE" => Some("linux-gnu".to_owned()),
            "MACHTYPE" => Some("wasm32-unknown-wasi".to_owned()),
            "HOSTTYPE" => Some("wasm32".to_owned()),
            "FUNCNAME" => self.frames.last().map(|f| f.name.clone()),
            "BASH_LINENO" => Some(self.frames.last().map_or(0, |f| f.line).to_string()),
            "BASH_COMMAND" => Some(self.command_text.to_string()),
            "BASH_VERSION" => Some("5.2.15(1)-release".to_owned()),
            "BASH" => Some("/bin/bash".to_owned()),
            "BASH_ARGV0" => Some(self.name.clone()),
            "SHELLOPTS" => Some(crate::builtins::shell_options(self)),
            "DIRSTACK" => Some(self.cwd.clone()),
            "HISTCMD" => Some(self.history.borrow().next_number().to_string()),
            "COLUMNS" | "LINES" if self.options.interactive => {
                let size = self.terminal.as_ref()?.terminal_size().ok()?;
                Some(if name == "LINES" { size.rows } else { size.columns }.to_string())
            }
            "PIPESTATUS" => self.pipe_status.first().map(i32::to_string),
            "BASH_SOURCE" => self.source_stack().into_iter().next(),
            "BASH_VERSINFO" => Some("5".to_owned()),
            "GROUPS" => Some(self.user_id().to_string()),
            _ => None,
        }
    }

    /// The files of the running calls, the innermost first, and the script.
    fn source_stack(&self) -> Vec<String> {
        let mut files: Vec<String> = self.frames.iter().rev().map(|f| f.file.to_string()).collect();
        if !self.options.from_command_line && !self.options.from_stdin {
            files.push(self.script_name());
        }
        files
    }

    /// What the main script is called in messages.
    pub(crate) fn script_name(&self) -> String {
        self.name.clone()
    }

    /// All elements of an array (or the one value of a scalar).
    pub fn elements(&mut self, name: &str) -> Vec<String> {
        match self.vars.get(name) {
            Some(var) => var.values(),
            None => match name {
                "PIPESTATUS" => self.pipe_status.iter().map(i32::to_string).collect(),
                "FUNCNAME" => {
                    let mut names: Vec<String> = self.frames.iter().rev().map(|f| f.name.clone()).collect();
                    if !names.is_empty() && !self.options.from_command_line && !self.options.from_stdin {
                        names.push("main".to_owned());
                    }
                    names
                }
                "BASH_SOURCE" => self.source_stack(),
                "BASH_LINENO" => {
                    let mut lines: Vec<String> = self.frames.iter().rev().map(|f| f.line.to_string()).collect();
                    lines.push("0".to_owned());
                    lines
                }
                "BASH_VERSINFO" => ["5", "2", "15", "1", "release", "wasm32-unknown-wasi"]
                    .map(str::to_owned)
                    .to_vec(),
                "DIRSTACK" => {
                    let mut all = vec![self.cwd.clone()];
                    all.extend(self.directories.iter().rev().cloned());
                    all
                }
                _ => self.variable(name).into_iter().collect(),
            },
        }
    }

    /// The element at a key.
    pub fn element(&mut self, name: &str, key: &Key) -> Option<String> {
        let Some(var) = self.vars.get(name) else {
            return match key {
                Key::Index(i) => {
                    let all = self.elements(name);
                    usize::try_from(*i).ok().and_then(|i| all.get(i).cloned())
                }
                _ => None,
            };
        };
        match (&var.value, key) {
            (Value::Indexed(map), Key::Index(i)) => {
                let i = if *i < 0 {
                    map.keys().next_back().map_or(0, |k| k + 1) + i
                } else {
                    *i
                };
                map.get(&i).cloned()
            }
            (Value::Assoc(map), Key::Name(k)) => map.get(k).cloned(),
            (Value::Assoc(map), Key::Index(i)) => map.get(&i.to_string()).cloned(),
            (Value::Scalar(s), Key::Index(0 | -1) | Key::Whole) => Some(s.clone()),
            _ => None,
        }
    }

    /// The key that the text of a subscript means for this variable.
    pub fn key(&mut self, name: &str, subscript: &str, depth: u32) -> Result<Key, String> {
        if matches!(self.vars.get(name), Some(var) if matches!(var.value, Value::Assoc(_))) {
            return Ok(Key::Name(subscript.to_owned()));
        }
        arith::evaluate(subscript, self, depth + 1).map(Key::Index)
    }
}

/// Time since the Unix epoch.
pub(crate) fn epoch() -> std::time::Duration {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
}

impl Variables for Shell {
    fn get(&mut self, name: &str, subscript: Option<&str>, depth: u32) -> Result<String, String> {
        let value = match subscript {
            None => self.parameter(name),
            Some(subscript) => {
                let key = self.key(name, subscript, depth)?;
                self.element(name, &key)
            }
        };
        match value {
            Some(value) => Ok(value),
            None if self.options.nounset => Err(format!("{name}: unbound variable")),
            None => Ok(String::new()),
        }
    }

    fn set(&mut self, name: &str, subscript: Option<&str>, value: i64, depth: u32) -> Result<(), String> {
        let key = match subscript {
            None => Key::Whole,
            Some(subscript) => self.key(name, subscript, depth)?,
        };
        self.vars.set(name, key, value.to_string(), false)
    }
}
