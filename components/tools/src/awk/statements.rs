//! Statements, rules, and the course of a run.

use super::ast::{Expression, Output, Place, Statement, When};
use super::format;
use super::interpreter::{Cell, Flow, Interpreter, fatal, slots};
use super::streams;
use super::value::{Str, Value};
use crate::console;

type Done = Result<(), Flow>;

impl<'p> Interpreter<'p> {
    /// Runs the whole program: its exit code.
    pub fn main(&mut self) -> i32 {
        let mut outcome = self.rules(|when| matches!(when, When::Begin));
        let reads = self.program.rules.iter().any(|rule| !matches!(rule.when, When::Begin));
        if outcome.is_ok() && reads {
            outcome = self.records();
        }
        if matches!(outcome, Ok(()) | Err(Flow::Exit)) {
            let ended = self.rules(|when| matches!(when, When::End));
            if ended.is_err() {
                outcome = ended;
            }
        }
        if let Err(flow) = outcome {
            self.complain(flow);
        }
        if !self.streams.finish() && self.code == 0 {
            self.code = 2;
        }
        self.code & 0xff
    }

    /// Says what ended the program, if it is a fault.
    pub fn complain(&mut self, flow: Flow) {
        let message = match flow {
            Flow::Fatal(message) => message,
            Flow::Next | Flow::NextFile => "'next' is used outside of a rule".into(),
            _ => return,
        };
        let _ = self.streams.flush();
        console::complain("awk", message);
        self.code = 2;
    }

    fn rules(&mut self, chosen: impl Fn(&When) -> bool) -> Done {
        let program = self.program;
        for rule in program.rules.iter().filter(|rule| chosen(&rule.when)) {
            if let Some(action) = &rule.action {
                match self.run(action) {
                    Ok(()) | Err(Flow::Break | Flow::Continue | Flow::Return(_)) => {}
                    Err(flow) => return Err(flow),
                }
            }
        }
        Ok(())
    }

    fn records(&mut self) -> Done {
        while let Some(record) = self.next_record()? {
            self.record.set(&record);
            match self.main_rules() {
                Ok(()) | Err(Flow::Next | Flow::Break | Flow::Continue) => {}
                Err(Flow::NextFile) => self.skip_file()?,
                Err(flow) => return Err(flow),
            }
        }
        Ok(())
    }

    fn skip_file(&mut self) -> Done {
        if self.input.take().is_some() {
            self.file_events.push_back(false);
            self.run_file_rules()?;
        }
        Ok(())
    }

    fn main_rules(&mut self) -> Done {
        let program = self.program;
        for rule in &program.rules {
            let runs = match &rule.when {
                When::Begin | When::End | When::BeginFile | When::EndFile => false,
                When::Always => true,
                When::Matches(expression) => self.eval(expression)?.truth(),
                When::Range(from, to, number) => {
                    let inside = self.ranges[*number] || self.eval(from)?.truth();
                    if inside {
                        self.ranges[*number] = !self.eval(to)?.truth();
                    }
                    inside
                }
            };
            if !runs {
                continue;
            }
            match &rule.action {
                Some(action) => self.run(action)?,
                None => {
                    let text = self.record_text();
                    self.line(&text)?;
                }
            }
        }
        Ok(())
    }

    /// Runs the rules for beginnings and ends of files that wait.
    pub(super) fn run_file_rules(&mut self) -> Done {
        while let Some(begins) = self.file_events.pop_front() {
            let outcome = self.rules(|when| match when {
                When::BeginFile => begins,
                When::EndFile => !begins,
                _ => false,
            });
            match outcome {
                Err(Flow::NextFile) if begins => {
                    self.input = None;
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Opens the next file of ARGV; false if there is none.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(super) fn open_next(&mut self) -> Result<bool, Flow> {
        loop {
            if self.input_ended {
                return Ok(false);
            }
            let count = self.get(super::ast::Slot::Global(slots::ARGC))?.number() as usize;
            let argument = self.argument;
            self.argument += 1;
            if argument >= count {
                self.input_ended = true;
                if self.any_file {
                    return Ok(false);
                }
                self.begin_file(b"-", b"-");
                return Ok(self.input.is_some());
            }
            let array = self.array(super::ast::Slot::Global(slots::ARGV))?;
            let key: Str = argument.to_string().into_bytes().into();
            let value = array.borrow().get(&key).cloned();
            let Some(value) = value else { continue };
            let text = self.text_of(&value);
            if text.is_empty() {
                continue;
            }
            if let Some((name, value)) = assignment(&text) {
                self.assign_by_name(&name, &value)?;
                continue;
            }
            self.any_file = true;
            self.begin_file(&text, &text);
            if self.input.is_some() {
                return Ok(true);
            }
        }
    }

    fn begin_file(&mut self, path: &[u8], shown: &[u8]) {
        self.globals[slots::FILENAME] = Cell::Value(Value::input(shown));
        self.fnr = 0.0;
        match streams::open(path) {
            Ok(records) => {
                self.input = Some(records);
                self.file_events.push_back(true);
            }
            Err(error) => {
                let _ = self.streams.flush();
                let name = String::from_utf8_lossy(path).into_owned();
                console::complain(
                    "awk",
                    format_args!("cannot open '{name}' ({})", console::reason(&error)),
                );
                self.code = 2;
            }
        }
    }

    fn line(&mut self, text: &[u8]) -> Done {
        let ors = self.ors.clone();
        self.emit(text).and_then(|()| self.emit(&ors))
    }

    fn emit(&mut self, bytes: &[u8]) -> Done {
        self.streams
            .print(bytes)
            .map_err(|error| Flow::Fatal(format!("cannot write: {}", console::reason(&error))))
    }

    pub(super) fn run(&mut self, statement: &'p Statement) -> Done {
        match statement {
            Statement::Expression(expression) => self.eval(expression).map(drop),
            Statement::Block(statements) => statements.iter().try_for_each(|one| self.run(one)),
            Statement::Print(arguments, output) => self.print(arguments, output),
            Statement::Printf(arguments, output) => {
                let text = self.formatted(arguments)?;
                self.send(output, &text)
            }
            Statement::If(condition, then, otherwise) => {
                if self.eval(condition)?.truth() {
                    self.run(then)
                } else if let Some(otherwise) = otherwise {
                    self.run(otherwise)
                } else {
                    Ok(())
                }
            }
            Statement::While(condition, body) => {
                while self.eval(condition)?.truth() {
                    if self.turn(body)? {
                        break;
                    }
                }
                Ok(())
            }
            Statement::DoWhile(body, condition) => loop {
                if self.turn(body)? || !self.eval(condition)?.truth() {
                    return Ok(());
                }
            },
            Statement::For(first, condition, step, body) => {
                if let Some(first) = first {
                    self.run(first)?;
                }
                loop {
                    if let Some(condition) = condition
                        && !self.eval(condition)?.truth()
                    {
                        return Ok(());
                    }
                    if self.turn(body)? {
                        return Ok(());
                    }
                    if let Some(step) = step {
                        self.run(step)?;
                    }
                }
            }
            Statement::ForIn(place, slot, body) => self.for_in(place, *slot, body),
            Statement::Switch(value, cases) => self.switch(value, cases),
            Statement::Next => Err(Flow::Next),
            Statement::NextFile => Err(Flow::NextFile),
            Statement::Break => Err(Flow::Break),
            Statement::Continue => Err(Flow::Continue),
            Statement::Exit(code) => {
                if let Some(code) = code {
                    #[allow(clippy::cast_possible_truncation)]
                    let code = self.eval(code)?.number() as i32;
                    self.code = code;
                }
                Err(Flow::Exit)
            }
            Statement::Return(value) => {
                let value = match value {
                    Some(value) => self.eval(value)?,
                    None => Value::Unset,
                };
                Err(Flow::Return(value))
            }
            Statement::Delete(slot, keys) => {
                let key = keys.as_ref().map(|keys| self.key(keys)).transpose()?;
                let array = self.array(*slot)?;
                match key {
                    Some(key) => drop(array.borrow_mut().shift_remove(&key)),
                    None => array.borrow_mut().clear(),
                }
                Ok(())
            }
        }
    }

    /// One turn of a loop; true if it is to end.
    fn turn(&mut self, body: &'p Statement) -> Result<bool, Flow> {
        match self.run(body) {
            Ok(()) | Err(Flow::Continue) => Ok(false),
            Err(Flow::Break) => Ok(true),
            Err(flow) => Err(flow),
        }
    }

    fn for_in(&mut self, place: &'p Place, slot: super::ast::Slot, body: &'p Statement) -> Done {
        for key in self.sorted_keys(slot)? {
            // Deleted ones are gone on.
            self.assign(place, Value::input(&key))?;
            if self.turn(body)? {
                break;
            }
        }
        Ok(())
    }

    fn switch(&mut self, value: &'p Expression, cases: &'p [(Option<Expression>, Vec<Statement>)]) -> Done {
        let value = self.eval(value)?;
        let mut start = None;
        for (number, (label, _)) in cases.iter().enumerate() {
            let Some(label) = label else { continue };
            let matches = if let Expression::Pattern(pattern) = label {
                pattern.is_match(&self.text_of(&value))
            } else {
                let label = self.eval(label)?;
                if matches!(label, Value::Number(_)) && value.is_numeric() {
                    #[allow(clippy::float_cmp)]
                    let same = label.number() == value.number();
                    same
                } else {
                    self.text_of(&label) == self.text_of(&value)
                }
            };
            if matches {
                start = Some(number);
                break;
            }
        }
        let Some(start) = start.or_else(|| cases.iter().position(|(label, _)| label.is_none())) else {
            return Ok(());
        };
        for statement in cases[start..].iter().flat_map(|(_, statements)| statements) {
            match self.run(statement) {
                Err(Flow::Break) => return Ok(()),
                other => other?,
            }
        }
        Ok(())
    }

    fn print(&mut self, arguments: &'p [Expression], output: &'p Output) -> Done {
        let mut text: Vec<u8>;
        if arguments.is_empty() {
            text = self.record_text().to_vec();
        } else {
            text = Vec::new();
            let (ofs, convert) = (self.ofs.clone(), self.output_format.clone());
            for (position, argument) in arguments.iter().enumerate() {
                if position > 0 {
                    text.extend_from_slice(&ofs);
                }
                match self.eval(argument)? {
                    Value::Text(piece) | Value::Numeric(piece, _) => text.extend_from_slice(&piece),
                    value => text.extend_from_slice(&value.to_str(&convert)),
                }
            }
        }
        text.extend_from_slice(&self.ors.clone());
        self.send(output, &text)
    }

    pub(super) fn formatted(&mut self, arguments: &'p [Expression]) -> Result<Vec<u8>, Flow> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.eval(argument)?);
        }
        let pattern = self.text_of(&values.remove(0));
        let mut out = Vec::new();
        format::format(&mut out, &pattern, &values, &self.convert.clone()).map_err(fatal)?;
        Ok(out)
    }

    fn send(&mut self, output: &'p Output, bytes: &[u8]) -> Done {
        let (target, append, is_command) = match output {
            Output::Standard => return self.emit(bytes),
            Output::File(target) => (target, false, false),
            Output::Append(target) => (target, true, false),
            Output::Command(target) => (target, false, true),
        };
        let value = self.eval(target)?;
        let name = self.text_of(&value);
        if name.is_empty() {
            return Err(fatal("the name of an output is empty"));
        }
        self.streams.write(&name, append, is_command, bytes).map_err(|error| {
            let name = String::from_utf8_lossy(&name).into_owned();
            fatal(format!("cannot write to '{name}': {}", console::reason(&error)))
        })
    }
}

/// `name=value`, as an operand or the value of `-v`.
pub fn assignment(text: &[u8]) -> Option<(String, Vec<u8>)> {
    let at = memchr::memchr(b'=', text)?;
    let name = &text[..at];
    let starts = name.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    if !starts || !name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        return None;
    }
    let mut value = Vec::new();
    let mut rest = &text[at + 1..];
    while let Some(backslash) = memchr::memchr(b'\\', rest) {
        value.extend_from_slice(&rest[..backslash]);
        rest = &rest[backslash + 1..];
        let used = super::lexer::unescape(rest, &mut value);
        rest = &rest[used..];
    }
    value.extend_from_slice(rest);
    Some((String::from_utf8_lossy(name).into_owned(), value))
}
