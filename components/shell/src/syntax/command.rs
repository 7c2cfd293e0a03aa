//! Lists, pipelines, simple commands and redirections.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use super::ast::{
    Arg, Assign, AssignValue, Command, Item, Kind, List, Pipeline, Redirect, RedirectKind, Simple, Target, Word,
};
use super::error::{ErrorKind, SyntaxError};
use super::scan::{PendingHereDoc, is_meta};
use super::word::{Context, Stop};

/// A recursive-descent parser over a whole text, one command line at a time.
pub(crate) struct Parser<'a> {
    pub(super) src: &'a str,
    pub(super) pos: usize,
    pub(super) depth: u32,
    pub(super) partial: bool,
    pub(super) pending: Vec<PendingHereDoc>,
    pub(super) line_cache: Cell<(usize, u32)>,
    pub(super) aliases: Option<super::alias::Lookup<'a>>,
    /// An alias that stopped the parser.
    pub(super) hit: Option<super::alias::Hit>,
}

/// Deeper commands keep no copy of their text: bounds what the texts of nested commands take together.
const MAX_TEXT_DEPTH: u32 = 6;

/// Builtins whose arguments may be assignments with arrays.
const DECLARATIONS: [&str; 5] = ["declare", "typeset", "local", "export", "readonly"];

impl Parser<'_> {
    /// The next command line; none at the end of the text.
    pub fn next_line(&mut self) -> Result<Option<List>, SyntaxError> {
        self.skip_newlines()?;
        if self.peek().is_none() {
            return Ok(None);
        }
        let list = self.list(true)?;
        match self.peek() {
            Some(b'\n') => self.newline()?,
            None if self.partial => return self.fail(ErrorKind::EndOfFile),
            None => self.finish_here_docs()?,
            Some(_) => return self.unexpected(),
        }
        Ok(Some(list))
    }

    /// The whole text as one list.
    pub fn whole(&mut self) -> Result<List, SyntaxError> {
        let list = self.nested(|p| p.list(false))?;
        if self.peek().is_some() {
            return self.unexpected();
        }
        self.finish_here_docs()?;
        Ok(list)
    }

    /// Here-documents whose line ended with the text are empty.
    fn finish_here_docs(&mut self) -> Result<(), SyntaxError> {
        for doc in std::mem::take(&mut self.pending) {
            let _ = doc.cell.set(Word::default());
        }
        Ok(())
    }

    /// After an opening parenthesis: a list and the closing one.
    pub(super) fn list_in_parens(&mut self) -> Result<List, SyntaxError> {
        let outer = std::mem::take(&mut self.pending);
        let list = self.nested(|p| p.list(false))?;
        if self.peek().is_none() {
            return self.fail(ErrorKind::Unclosed(')'));
        }
        if !self.eat(")") {
            return self.unexpected();
        }
        self.finish_here_docs()?;
        self.pending = outer;
        Ok(list)
    }

    /// Commands up to something that cannot start one; with `one_line`, up to a newline.
    pub(super) fn list(&mut self, one_line: bool) -> Result<List, SyntaxError> {
        let mut list = List::default();
        loop {
            if one_line {
                self.skip_blank();
            } else {
                self.skip_newlines()?;
            }
            if self.at_list_end() {
                return Ok(list);
            }
            let mut item = self.and_or()?;
            self.skip_blank();
            let mut more = true;
            if self.peek() == Some(b'&') && !self.at("&&") {
                self.pos += 1;
                item.background = true;
            } else if self.peek() == Some(b';') && !matches!(self.peek_at(1), Some(b';' | b'&')) {
                self.pos += 1;
            } else if self.peek() != Some(b'\n') || one_line {
                more = false;
            }
            list.items.push(item);
            if !more {
                return Ok(list);
            }
        }
    }

    fn at_list_end(&self) -> bool {
        match self.peek() {
            None | Some(b')' | b'\n') => true,
            Some(b';') => matches!(self.peek_at(1), Some(b';' | b'&')),
            Some(b't' | b'e' | b'f' | b'd' | b'}') => matches!(
                self.peek_raw_word(),
                "then" | "else" | "elif" | "fi" | "do" | "done" | "esac" | "}"
            ),
            _ => false,
        }
    }

    fn and_or(&mut self) -> Result<Item, SyntaxError> {
        let start = self.pos;
        let first = Rc::new(self.pipeline()?);
        let mut rest = Vec::new();
        loop {
            self.skip_blank();
            let and = if self.eat("&&") {
                true
            } else if self.eat("||") {
                false
            } else {
                break;
            };
            self.skip_newlines()?;
            rest.push((and, Rc::new(self.pipeline()?)));
        }
        Ok(Item {
            first,
            rest,
            background: false,
            text: if self.depth < MAX_TEXT_DEPTH {
                self.slice(start, self.pos).trim_end().to_owned()
            } else {
                String::new()
            },
        })
    }

    fn pipeline(&mut self) -> Result<Pipeline, SyntaxError> {
        let mut pipeline = Pipeline {
            negate: false,
            time: None,
            commands: Vec::new(),
            text: "".into(),
        };
        self.skip_blank();
        let start = self.pos;
        loop {
            self.skip_blank();
            if self.eat_reserved("!") {
                pipeline.negate = !pipeline.negate;
            } else if self.eat_reserved("time") {
                self.skip_blank();
                pipeline.time = Some(self.eat_reserved("-p"));
            } else {
                break;
            }
        }
        let bare = pipeline.time.is_some() || pipeline.negate;
        if bare && (self.at_list_end() || self.peek() == Some(b';')) {
            return Ok(pipeline);
        }
        loop {
            let mut command = self.nested(Self::command)?;
            self.skip_blank();
            if self.eat("|&") {
                command.redirects.push(Redirect {
                    fd: Some(2),
                    variable: None,
                    kind: RedirectKind::DupOut,
                    target: Target::Word(Word::literal("1")),
                });
            } else if self.at("||") || !self.eat("|") {
                pipeline.commands.push(Rc::new(command));
                if self.depth < MAX_TEXT_DEPTH {
                    pipeline.text = self.slice(start, self.pos).trim_end().into();
                }
                return Ok(pipeline);
            }
            pipeline.commands.push(Rc::new(command));
            self.skip_newlines()?;
        }
    }

    pub(super) fn command(&mut self) -> Result<Command, SyntaxError> {
        self.skip_blank();
        let line = self.line();
        self.check_alias()?;
        if let Some(kind) = self.compound()? {
            let mut redirects = Vec::new();
            self.redirects(&mut redirects)?;
            return Ok(Command { line, kind, redirects });
        }
        self.simple(line)
    }

    /// The redirections that follow a compound command.
    pub(super) fn redirects(&mut self, into: &mut Vec<Redirect>) -> Result<(), SyntaxError> {
        loop {
            self.skip_blank();
            match self.redirect()? {
                Some(redirect) => into.push(redirect),
                None => return Ok(()),
            }
        }
    }

    fn simple(&mut self, line: u32) -> Result<Command, SyntaxError> {
        let mut simple = Simple::default();
        let mut redirects = Vec::new();
        let mut declaration = false;
        loop {
            self.skip_blank();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            let Some(b) = self.peek() else { break };
            if is_meta(b) && !self.at("<(") && !self.at(">(") {
                break;
            }
            if (simple.args.is_empty() || declaration)
                && let Some(assign) = self.assignment()?
            {
                if simple.args.is_empty() {
                    simple.assigns.push(assign);
                } else {
                    simple.args.push(Arg::Assign(assign));
                }
                continue;
            }
            if simple.args.is_empty() {
                if !simple.assigns.is_empty() {
                    self.check_alias()?;
                }
            } else {
                self.check_alias_after_blank()?;
            }
            let start = self.pos;
            let word = self.word()?;
            if simple.args.is_empty() {
                let name = word.as_literal().unwrap_or_default();
                declaration = DECLARATIONS.contains(&name);
                if simple.assigns.is_empty() && redirects.is_empty() && self.function_follows() {
                    let name = self.slice(start, self.pos).to_owned();
                    return self.function(name, line);
                }
            }
            simple.args.push(Arg::Word(word));
        }
        if simple.args.is_empty() && simple.assigns.is_empty() && redirects.is_empty() {
            return self.unexpected();
        }
        Ok(Command {
            line,
            kind: Kind::Simple(simple),
            redirects,
        })
    }

    /// Whether `()` follows a name.
    fn function_follows(&self) -> bool {
        let rest = self.slice(self.pos, self.src.len());
        rest.trim_start_matches([' ', '\t'])
            .strip_prefix('(')
            .is_some_and(|r| r.trim_start_matches([' ', '\t']).starts_with(')'))
    }

    /// `name=…`, `name+=…`, `name[index]=…`, if that is what comes.
    pub(super) fn assignment(&mut self) -> Result<Option<Assign>, SyntaxError> {
        let start = self.pos;
        let len = self.name_length();
        if len == 0 {
            return Ok(None);
        }
        let name = self.slice(start, start + len);
        self.pos += len;
        let mut index = None;
        if self.peek() == Some(b'[') {
            if !self.subscript_of_assignment() {
                self.pos = start;
                return Ok(None);
            }
            self.pos += 1;
            index = Some(self.text_word(Context::PATTERN, Stop::Bracket)?);
            self.pos += 1;
        }
        let append = self.eat("+=");
        if !append && !self.eat("=") {
            self.pos = start;
            return Ok(None);
        }
        let value = if self.peek() == Some(b'(') && index.is_none() {
            self.pos += 1;
            AssignValue::Array(self.array()?)
        } else {
            AssignValue::Scalar(self.text_word(Context::ASSIGNMENT, Stop::Meta)?)
        };
        Ok(Some(Assign {
            name: name.to_owned(),
            index,
            append,
            value,
        }))
    }

    /// At `[`: whether the matching `]` is followed by `=` or `+=`.
    fn subscript_of_assignment(&self) -> bool {
        let bytes = self.src.as_bytes();
        let mut depth = 0u32;
        let mut i = self.pos;
        while let Some(&b) = bytes.get(i) {
            match b {
                b'[' => depth += 1,
                b']' => {
                    depth -= 1;
                    if depth == 0 {
                        let rest = bytes.get(i + 1..).unwrap_or_default();
                        return rest.starts_with(b"=") || rest.starts_with(b"+=");
                    }
                }
                b'\'' | b'"' => match bytes.get(i + 1..).and_then(|r| r.iter().position(|c| *c == b)) {
                    Some(len) => i += len + 1,
                    None => return false,
                },
                b'\n' | b';' => return false,
                _ => {}
            }
            i += 1;
        }
        false
    }

    /// After `(`: the elements of an array, and the closing parenthesis.
    fn array(&mut self) -> Result<Vec<(Option<Word>, Word)>, SyntaxError> {
        let mut elements = Vec::new();
        loop {
            self.skip_newlines()?;
            match self.peek() {
                None => return self.fail(ErrorKind::Unclosed(')')),
                Some(b')') => {
                    self.pos += 1;
                    return Ok(elements);
                }
                Some(b'[') if self.subscript_of_assignment() => {
                    self.pos += 1;
                    let key = self.text_word(Context::PATTERN, Stop::Bracket)?;
                    self.pos += 1;
                    if !self.eat("=") {
                        return self.unexpected();
                    }
                    let value = self.text_word(Context::ASSIGNMENT, Stop::Meta)?;
                    elements.push((Some(key), value));
                }
                Some(b) if is_meta(b) && !self.at("<(") && !self.at(">(") => {
                    return self.unexpected();
                }
                Some(_) => elements.push((None, self.word()?)),
            }
        }
    }

    /// A redirection, if one comes.
    fn redirect(&mut self) -> Result<Option<Redirect>, SyntaxError> {
        let start = self.pos;
        let mut fd = None;
        let mut variable = None;
        let digits = self.slice(start, self.src.len().min(start + 10));
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        if count > 0 {
            if !matches!(self.peek_at(count), Some(b'<' | b'>')) {
                return Ok(None);
            }
            let Ok(number) = self.slice(start, start + count).parse() else {
                return Ok(None);
            };
            fd = Some(number);
            self.pos += count;
        } else if self.peek() == Some(b'{') {
            self.pos += 1;
            let len = self.name_length();
            let name = self.slice(self.pos, self.pos + len);
            self.pos += len;
            if len == 0 || !self.eat("}") || !matches!(self.peek(), Some(b'<' | b'>')) {
                self.pos = start;
                return Ok(None);
            }
            variable = Some(name.to_owned());
        }
        const OPERATORS: [(&str, RedirectKind); 12] = [
            ("&>>", RedirectKind::BothAppend),
            ("&>", RedirectKind::Both),
            ("<<<", RedirectKind::HereString),
            ("<<-", RedirectKind::HereDoc),
            ("<<", RedirectKind::HereDoc),
            ("<&", RedirectKind::DupIn),
            ("<>", RedirectKind::ReadWrite),
            (">>", RedirectKind::Append),
            (">&", RedirectKind::DupOut),
            (">|", RedirectKind::Clobber),
            ("<", RedirectKind::Read),
            (">", RedirectKind::Write),
        ];
        let plain = fd.is_none() && variable.is_none();
        if plain && (self.at("<(") || self.at(">(")) {
            return Ok(None);
        }
        let strip_tabs = self.at("<<-");
        let Some((text, kind)) = OPERATORS
            .iter()
            .find(|(text, _)| self.at(text) && (plain || !text.starts_with('&')))
        else {
            self.pos = start;
            return Ok(None);
        };
        self.pos += text.len();
        self.skip_blank();
        if self
            .peek()
            .is_none_or(|b| is_meta(b) && !self.at("<(") && !self.at(">("))
        {
            return self.unexpected();
        }
        let target = if *kind == RedirectKind::HereDoc {
            let cell = Rc::new(OnceCell::new());
            let (delimiter, quoted) = self.here_delimiter()?;
            self.pending.push(PendingHereDoc {
                cell: cell.clone(),
                delimiter,
                strip_tabs,
                quoted,
            });
            Target::HereDoc(cell)
        } else {
            Target::Word(self.word()?)
        };
        Ok(Some(Redirect {
            fd,
            variable,
            kind: *kind,
            target,
        }))
    }

    /// The delimiter of a here-document: taken literally, quotes removed.
    fn here_delimiter(&mut self) -> Result<(String, bool), SyntaxError> {
        let mut text = String::new();
        let mut quoted = false;
        while let Some(b) = self.peek() {
            if is_meta(b) {
                break;
            }
            match self.next_char() {
                Some(q @ ('\'' | '"')) => {
                    quoted = true;
                    loop {
                        match self.next_char() {
                            None => return self.fail(ErrorKind::Unclosed(q)),
                            Some(c) if c == q => break,
                            Some(c) => text.push(c),
                        }
                    }
                }
                Some('\\') => {
                    quoted = true;
                    text.extend(self.next_char());
                }
                Some(c) => text.push(c),
                None => break,
            }
        }
        Ok((text, quoted))
    }
}
