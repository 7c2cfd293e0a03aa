//! Fields under construction: text, which parts of it are quoted, and splitting at IFS.

use super::Quoting;
use crate::pattern::PatternChar;
use crate::shell::Shell;

/// A string of which each part knows whether it was quoted.
#[derive(Debug, Default)]
pub(crate) struct Field {
    parts: Vec<(String, bool)>,
}

impl Field {
    fn push(&mut self, text: &str, quoted: bool) {
        match self.parts.last_mut() {
            Some((last, q)) if *q == quoted => last.push_str(text),
            _ => self.parts.push((text.to_owned(), quoted)),
        }
    }

    fn push_char(&mut self, c: char) {
        match self.parts.last_mut() {
            Some((last, false)) => last.push(c),
            _ => self.parts.push((c.to_string(), false)),
        }
    }

    /// The text, quotes removed.
    pub fn text(self) -> String {
        if self.parts.len() == 1 {
            return self.parts.into_iter().map(|(t, _)| t).next().unwrap_or_default();
        }
        self.parts.into_iter().map(|(t, _)| t).collect()
    }

    /// The characters, for patterns.
    pub fn chars(&self) -> Vec<PatternChar> {
        self.parts
            .iter()
            .flat_map(|(t, q)| t.chars().map(move |c| (c, *q)))
            .collect()
    }

    /// Whether an unquoted character could make it a pattern.
    pub fn may_glob(&self) -> bool {
        self.parts.iter().any(|(t, q)| !q && t.contains(['*', '?', '[', '(']))
    }
}

/// Collects the fields of one word.
pub(crate) struct Builder {
    fields: Vec<Field>,
    current: Field,
    /// The current field exists, even if it is empty.
    started: bool,
    /// none: never split; lists are joined.
    splitting: bool,
    ifs: String,
    size: usize,
}

impl Builder {
    pub fn splitting(shell: &Shell) -> Self {
        Self {
            fields: Vec::new(),
            current: Field::default(),
            started: false,
            splitting: true,
            ifs: shell.ifs(),
            size: 0,
        }
    }

    pub fn joining(shell: &Shell) -> Self {
        Self {
            splitting: false,
            ..Self::splitting(shell)
        }
    }

    /// Bytes so far.
    pub fn size(&self) -> usize {
        self.size
    }

    pub fn is_splitting(&self) -> bool {
        self.splitting
    }

    /// What joins the elements of `"$*"`.
    pub fn joiner(&self) -> String {
        self.ifs.chars().take(1).collect()
    }

    pub fn finish(mut self) -> Vec<Field> {
        self.end_field(false);
        self.fields
    }

    /// Ends the current field; with `force` even one that does not exist yet.
    pub fn end_field(&mut self, force: bool) {
        if self.started || force {
            self.fields.push(std::mem::take(&mut self.current));
            self.started = false;
        }
    }

    pub fn literal(&mut self, text: &str) {
        self.size += text.len();
        self.started = true;
        self.current.push(text, false);
    }

    pub fn quoted(&mut self, text: &str) {
        self.size += text.len();
        self.started = true;
        self.current.push(text, true);
    }

    pub fn push(&mut self, text: &str, quoting: Quoting) {
        if quoting == Quoting::Quoted {
            self.quoted(text);
        } else {
            self.split(text);
        }
    }

    /// Unquoted text, split at the characters of IFS.
    pub fn split(&mut self, text: &str) {
        self.size += text.len();
        if !self.splitting || self.ifs.is_empty() {
            if !text.is_empty() {
                self.started = true;
                self.current.push(text, false);
            }
            return;
        }
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if !self.ifs.contains(c) {
                self.started = true;
                self.current.push_char(c);
                continue;
            }
            let white = |c: char| matches!(c, ' ' | '\t' | '\n');
            let mut hard = !white(c);
            while let Some(&next) = chars.peek() {
                if !self.ifs.contains(next) || (!white(next) && hard) {
                    break;
                }
                hard |= !white(next);
                chars.next();
            }
            self.end_field(hard);
        }
    }
}
