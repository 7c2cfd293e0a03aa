//! Expansion of words: from syntax to the strings that a command gets.

mod assign;
mod field;
mod glob;
mod param;
mod replace;
mod value;

pub(crate) use field::Builder;
pub(crate) use param::declaration;
pub(crate) use value::epoch;

use std::rc::Rc;

use crate::arith;
use crate::pattern::{Pattern, PatternChar};
use crate::shell::{Flow, MAX_TEXT, Shell};
use crate::syntax::ast::{Kind, List, Piece, RedirectKind, Target, Word};
use crate::syntax::brace;
use crate::task::{Fut, Owned};
use field::Field;

/// Most words that one command may have after expansion.
const MAX_FIELDS: usize = 2_000_000;

/// How a word is expanded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quoting {
    /// Results of expansions are split at IFS.
    Unquoted,
    /// As above, and literal text is split too (the word of `${x:-a b}`).
    SplitLiterals,
    Quoted,
}

impl Shell {
    /// Words to arguments: braces, expansions, splitting, globbing.
    pub async fn expand_words(&mut self, words: &[Word]) -> Result<Vec<String>, Flow> {
        let mut out = Vec::with_capacity(words.len());
        for word in words {
            self.expand_word(word, &mut out).await?;
        }
        Ok(out)
    }

    /// One word to any number of arguments.
    pub async fn expand_word(&mut self, word: &Word, out: &mut Vec<String>) -> Result<(), Flow> {
        if let Some(text) = word.as_literal()
            && !word.brace
            && !text.contains(['*', '?', '[', '('])
        {
            out.push(text.to_owned());
            return Ok(());
        }
        if !word.brace {
            return self.expand_one(word, out).await;
        }
        let Some(words) = brace::expand(word) else {
            self.complain("brace expansion: too many words").await;
            return Err(Flow::Discard(1));
        };
        for word in &words {
            self.expand_one(word, out).await?;
        }
        Ok(())
    }

    async fn expand_one(&mut self, word: &Word, out: &mut Vec<String>) -> Result<(), Flow> {
        let mut builder = Builder::splitting(self);
        self.pieces(&word.pieces, &mut builder, Quoting::Unquoted).await?;
        for field in builder.finish() {
            self.glob(field, out).await?;
        }
        if out.len() > MAX_FIELDS {
            self.complain("too many words").await;
            return Err(Flow::Discard(1));
        }
        Ok(())
    }

    /// One word to one string: neither split nor globbed (assignments, redirections, `case`).
    pub async fn expand_text(&mut self, word: &Word) -> Result<String, Flow> {
        match word.pieces.as_slice() {
            [] => return Ok(String::new()),
            [Piece::Literal(text) | Piece::Quoted(text)] => return Ok(text.clone()),
            _ => {}
        }
        Ok(self.expand_field(word).await?.text())
    }

    /// One word to a pattern, in which quoted characters stand for themselves.
    pub async fn expand_pattern(&mut self, word: &Word) -> Result<Pattern, Flow> {
        Ok(Pattern::new(&self.expand_pattern_chars(word).await?))
    }

    /// The same, as characters.
    pub async fn expand_pattern_chars(&mut self, word: &Word) -> Result<Vec<PatternChar>, Flow> {
        Ok(self.expand_field(word).await?.chars())
    }

    async fn expand_field(&mut self, word: &Word) -> Result<Field, Flow> {
        let mut builder = Builder::joining(self);
        self.pieces(&word.pieces, &mut builder, Quoting::Unquoted).await?;
        Ok(builder.finish().pop().unwrap_or_default())
    }

    pub(super) fn pieces<'a>(
        &'a mut self,
        pieces: &'a [Piece],
        out: &'a mut Builder,
        quoting: Quoting,
    ) -> Fut<'a, Result<(), Flow>> {
        Box::pin(async move {
            for piece in pieces {
                match piece {
                    Piece::Literal(text) => match quoting {
                        Quoting::Quoted => out.quoted(text),
                        Quoting::Unquoted => out.literal(text),
                        Quoting::SplitLiterals => out.split(text),
                    },
                    Piece::Quoted(text) => out.quoted(text),
                    Piece::DoubleQuoted(inner) => {
                        if inner.is_empty() {
                            out.quoted("");
                        }
                        self.pieces(inner, out, Quoting::Quoted).await?;
                    }
                    Piece::Param(param) => self.param(param, out, quoting).await?,
                    Piece::Command(list) => {
                        let text = self.command_substitution(list).await?;
                        out.push(&text, quoting);
                    }
                    Piece::Arith(word) => {
                        let value = self.arith_value(word).await?;
                        out.push(&value.to_string(), quoting);
                    }
                    Piece::Tilde(user) => {
                        let home = self.tilde(user);
                        out.quoted(&home);
                    }
                    Piece::ProcessSubstitution(read, list) => {
                        let path = self.process_substitution(*read, list).await?;
                        out.quoted(&path);
                    }
                }
                if out.size() > MAX_TEXT {
                    self.complain("expansion too long").await;
                    return Err(Flow::Discard(1));
                }
            }
            Ok(())
        })
    }

    fn tilde(&self, user: &str) -> String {
        match user {
            "" => self.vars.scalar("HOME").map_or_else(|| "/".to_owned(), str::to_owned),
            "+" => self.cwd.clone(),
            "-" => self
                .vars
                .scalar("OLDPWD")
                .map_or_else(|| "~-".to_owned(), str::to_owned),
            "root" => "/root".to_owned(),
            user => {
                let home = format!("/home/{user}");
                if self.os().stat(&home, true).is_ok() {
                    home
                } else {
                    format!("~{user}")
                }
            }
        }
    }

    /// The value of an arithmetic expression.
    pub async fn arith_value(&mut self, word: &Word) -> Result<i64, Flow> {
        let text = self.expand_text(word).await?;
        self.arith_text(&text).await
    }

    /// The value of an arithmetic expression whose expansions are done.
    pub async fn arith_text(&mut self, text: &str) -> Result<i64, Flow> {
        match arith::evaluate(text, self, 0) {
            Ok(value) => Ok(value),
            Err(message) => {
                self.complain(&message).await;
                Err(Flow::Discard(1))
            }
        }
    }

    /// The output of a list, without trailing newlines.
    async fn command_substitution(&mut self, list: &Rc<List>) -> Result<String, Flow> {
        if let Some(file) = only_reads_file(list) {
            let path = self.expand_text(file).await?;
            return self.file_substitution(&path).await;
        }
        self.check_depth().await?;
        let (reader, writer) = match self.os().pipe() {
            Ok(pipe) => pipe,
            Err(e) => {
                self.complain(&format!("cannot make pipe for command substitution: {e}"))
                    .await;
                return Err(Flow::Discard(1));
            }
        };
        let mut child = self.fork();
        child.fds.insert(1, writer);
        child.indirection += 1;
        if !self.options.inherit_errexit {
            child.options.errexit = false;
        }
        let running = child.running.clone();
        let body = list.clone();
        let task = self.exec.spawn(async move { child.run_subshell(&body).await });
        let task = Owned::new(&self.exec, running, task);
        let mut bytes = Vec::new();
        let exec = self.exec.clone();
        let text = loop {
            match exec.read(&reader, MAX_TEXT).await {
                Ok(chunk) if chunk.is_empty() => break Ok(()),
                Ok(chunk) => bytes.extend(chunk),
                Err(e) => break Err(e.to_string()),
            }
            if bytes.len() > MAX_TEXT {
                break Err("output too long".to_owned());
            }
        };
        drop(reader);
        if let Err(e) = text {
            self.complain(&format!("command substitution: {e}")).await;
            return Err(Flow::Discard(1));
        }
        self.status = task.handle().join().await;
        self.substitution_status = Some(self.status);
        Ok(trimmed(bytes))
    }

    async fn file_substitution(&mut self, path: &str) -> Result<String, Flow> {
        let how = crate::os::How {
            read: true,
            ..Default::default()
        };
        let exec = self.exec.clone();
        match self.os().open(&self.absolute(path), how) {
            Ok(fd) => {
                let mut bytes = Vec::new();
                while bytes.len() <= MAX_TEXT {
                    match exec.read(&fd, MAX_TEXT).await {
                        Ok(chunk) if !chunk.is_empty() => bytes.extend(chunk),
                        _ => break,
                    }
                }
                self.substitution_status = Some(0);
                Ok(trimmed(bytes))
            }
            Err(e) => {
                self.complain(&format!("{path}: {e}")).await;
                self.substitution_status = Some(1);
                Ok(String::new())
            }
        }
    }
}

fn trimmed(mut bytes: Vec<u8>) -> String {
    while bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    bytes.retain(|b| *b != 0);
    crate::text::decode(&bytes)
}

/// `$(<file)`.
fn only_reads_file(list: &List) -> Option<&Word> {
    let [item] = list.items.as_slice() else {
        return None;
    };
    let [command] = item.first.commands.as_slice() else {
        return None;
    };
    let (Kind::Simple(simple), [redirect]) = (&command.kind, command.redirects.as_slice()) else {
        return None;
    };
    let alone = simple.args.is_empty() && simple.assigns.is_empty() && item.rest.is_empty();
    match (&redirect.target, redirect.kind) {
        (Target::Word(word), RedirectKind::Read) if alone => Some(word),
        _ => None,
    }
}
