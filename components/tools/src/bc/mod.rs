//! bc: the calculator of any precision, POSIX with what GNU adds.

mod functions;
mod lexer;
mod number;
mod parser;
mod tree;

use crate::console;
use number::Number;
use parser::Parser;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use tree::{Argument, Expression, Function, Place, Statement};

/// Characters in a line of a long number, with the backslash.
const LINE: usize = 70;
/// Calls inside each other at most.
const MOST_CALLS: usize = 500;
/// Decimals at most.
const MOST_SCALE: u32 = 1_000_000;
/// A program's text at most.
const MOST_TEXT: u64 = 64 << 20;
/// Elements have numbers below this, as POSIX has it and more.
const MOST_ELEMENTS: u32 = 1 << 24;

/// Runs bc on its files and then on standard input: 0, or 1 if a file cannot be read.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let mut machine = Machine {
        out: console::output(),
        scale: 0,
        input_base: 10,
        output_base: 10,
        last: Number::from(0),
        mathematics: false,
        variables: HashMap::new(),
        arrays: HashMap::new(),
        functions: HashMap::new(),
        calls: 0,
        column: 0,
    };
    let mut files = Vec::new();
    for word in arguments.into_iter().skip(1) {
        match word.to_str() {
            Some("-l" | "--mathlib" | "-ql" | "-lq") => {
                machine.mathematics = true;
                machine.scale = 20;
            }
            Some("-q" | "-s" | "-w" | "-i" | "--quiet" | "--standard" | "--warn" | "--interactive") => {}
            Some(option) if option.starts_with('-') && option.len() > 1 => {
                console::complain("bc", format_args!("invalid option -- '{option}'"));
                return 1;
            }
            _ => files.push(word),
        }
    }
    for file in files {
        match std::fs::read_to_string(&file) {
            Ok(text) => {
                if machine.run(&text) {
                    return 0;
                }
            }
            Err(error) => {
                console::complain("bc", format_args!("{}: {}", file.display(), console::reason(&error)));
                return 1;
            }
        }
    }
    let mut text = String::new();
    if is_interactive() {
        // Line by line: what is typed is answered at once.
        for line in io::stdin().lines().map_while(Result::ok) {
            text.push_str(&line);
            text.push('\n');
            if text.matches('{').count() <= text.matches('}').count() {
                if machine.run(&text) {
                    return 0;
                }
                text.clear();
            }
        }
        return 0;
    }
    if let Err(error) = console::input().take(MOST_TEXT).read_to_string(&mut text) {
        console::complain("bc", console::reason(&error));
        return 1;
    }
    machine.run(&text);
    0
}

fn is_interactive() -> bool {
    io::IsTerminal::is_terminal(&io::stdin())
}

struct Machine {
    out: console::Output,
    scale: u32,
    input_base: u32,
    output_base: u32,
    last: Number,
    mathematics: bool,
    variables: HashMap<String, Number>,
    arrays: HashMap<String, HashMap<u32, Number>>,
    functions: HashMap<String, Function>,
    calls: usize,
    column: usize,
}

/// Why a statement is left.
enum Leave {
    Break,
    Continue,
    Return(Number),
    Quit,
    Error(String),
}

impl From<String> for Leave {
    fn from(message: String) -> Self {
        Self::Error(message)
    }
}

type Done = Result<(), Leave>;
type Value = Result<Number, Leave>;

impl Machine {
    /// Runs a text. True after `quit`.
    fn run(&mut self, text: &str) -> bool {
        let mut parser = Parser::new(text);
        loop {
            let done = match parser.next() {
                Ok(None) => break,
                Ok(Some(statement)) => self.statement(&statement),
                Err(message) => Err(Leave::Error(message)),
            };
            match done {
                Err(Leave::Quit) => {
                    let _ = self.out.flush();
                    return true;
                }
                Err(Leave::Error(message)) => {
                    let _ = self.out.flush();
                    console::complain("(standard_in)", message);
                    self.calls = 0;
                }
                _ => {}
            }
        }
        // That it cannot be written is nobody's to hear.
        let _ = self.out.flush();
        false
    }

    fn text(&mut self, text: &str) -> Done {
        self.column = text
            .rfind('\n')
            .map_or(self.column + text.len(), |at| text.len() - at - 1);
        let written = self.out.write_all(text.as_bytes());
        written.map_err(|_| Leave::Quit)
    }

    fn number(&mut self, number: &Number) -> Done {
        let text = number.shown(self.output_base);
        let mut out = String::with_capacity(text.len() + text.len() / LINE * 2);
        for c in text.chars() {
            if self.column == LINE - 2 && (text.len() > LINE - 2) {
                out.push_str("\\\n");
                self.column = 0;
            }
            out.push(c);
            self.column += 1;
        }
        self.out.write_all(out.as_bytes()).map_err(|_| Leave::Quit)
    }

    fn statement(&mut self, statement: &Statement) -> Done {
        match statement {
            Statement::Expression(expression) => {
                let value = self.value(expression)?;
                if !matches!(expression, Expression::Assign(..)) {
                    self.number(&value)?;
                    self.text("\n")?;
                    self.last = value;
                }
            }
            Statement::Text(text) => self.text(text)?,
            Statement::Print(parts) => {
                for part in parts {
                    match part {
                        Ok(text) => self.text(&escaped(text))?,
                        Err(expression) => {
                            let value = self.value(expression)?;
                            self.number(&value)?;
                            self.last = value;
                        }
                    }
                }
            }
            Statement::Block(statements) => statements.iter().try_for_each(|one| self.statement(one))?,
            Statement::If(condition, then, other) => {
                if !self.value(condition)?.is_zero() {
                    self.statement(then)?;
                } else if let Some(other) = other {
                    self.statement(other)?;
                }
            }
            Statement::While(condition, body) => {
                while !self.value(condition)?.is_zero() {
                    if !self.round(body)? {
                        break;
                    }
                }
            }
            Statement::For(first, condition, step, body) => {
                if let Some(first) = first {
                    self.value(first)?;
                }
                loop {
                    if let Some(condition) = condition
                        && self.value(condition)?.is_zero()
                    {
                        break;
                    }
                    if !self.round(body)? {
                        break;
                    }
                    if let Some(step) = step {
                        self.value(step)?;
                    }
                }
            }
            Statement::Define(name, function) => {
                self.functions.insert(name.clone(), function.clone());
            }
            Statement::Return(value) => {
                let value = match value {
                    Some(value) => self.value(value)?,
                    None => Number::from(0),
                };
                return Err(Leave::Return(value));
            }
            Statement::Break => return Err(Leave::Break),
            Statement::Continue => return Err(Leave::Continue),
            Statement::Quit => return Err(Leave::Quit),
        }
        Ok(())
    }

    /// One round of a loop; false if it was left.
    fn round(&mut self, body: &Statement) -> Result<bool, Leave> {
        match self.statement(body) {
            Err(Leave::Break) => Ok(false),
            Ok(()) | Err(Leave::Continue) => Ok(true),
            Err(other) => Err(other),
        }
    }

    fn value(&mut self, expression: &Expression) -> Value {
        match expression {
            Expression::Number(text) => Ok(Number::parse(text, self.input_base)),
            Expression::Group(inner) => self.value(inner),
            Expression::Place(place) => self.read(place),
            Expression::Unary('-', inner) => Ok(self.value(inner)?.negated()),
            Expression::Unary(_, inner) => Ok(truth(self.value(inner)?.is_zero())),
            Expression::Binary("&&", a, b) => Ok(truth(!self.value(a)?.is_zero() && !self.value(b)?.is_zero())),
            Expression::Binary("||", a, b) => Ok(truth(!self.value(a)?.is_zero() || !self.value(b)?.is_zero())),
            Expression::Binary(operator, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                self.operate(operator, &a, &b)
            }
            Expression::Assign(place, operator, value) => {
                let mut value = self.value(value)?;
                if *operator != "=" {
                    let old = self.read(place)?;
                    value = self.operate(operator, &old, &value)?;
                }
                self.write(place, value.clone())?;
                Ok(value)
            }
            Expression::Step(place, by, before) => {
                let old = self.read(place)?;
                let new = old.add(&Number::from(*by));
                self.write(place, new.clone())?;
                Ok(if *before { old } else { new })
            }
            Expression::Call(name, arguments) => self.call(name, arguments),
        }
    }

    fn operate(&mut self, operator: &str, a: &Number, b: &Number) -> Value {
        let scale = self.scale;
        Ok(match operator {
            "+" => a.add(b),
            "-" => a.subtract(b),
            "*" => a.multiply(b, scale),
            "/" => a.divide(b, scale)?,
            "%" => a.remainder(b, scale)?,
            "^" => a.power(b, scale)?,
            relation => {
                let order = a.compare(b);
                truth(match relation {
                    "==" => order == Ordering::Equal,
                    "!=" => order != Ordering::Equal,
                    "<" => order == Ordering::Less,
                    ">" => order == Ordering::Greater,
                    "<=" => order != Ordering::Greater,
                    _ => order != Ordering::Less,
                })
            }
        })
    }

    fn index(&mut self, index: &Expression) -> Result<u32, Leave> {
        let index = self.value(index)?;
        let index = u32::try_from(index.at(0).value)
            .ok()
            .filter(|index| *index < MOST_ELEMENTS);
        index.ok_or_else(|| Leave::Error("array index out of bounds".into()))
    }

    fn read(&mut self, place: &Place) -> Value {
        Ok(match place {
            Place::Name(name) => match name.as_str() {
                "scale" => Number::from(i64::from(self.scale)),
                "ibase" => Number::from(i64::from(self.input_base)),
                "obase" => Number::from(i64::from(self.output_base)),
                "last" => self.last.clone(),
                _ => self.variables.get(name).cloned().unwrap_or_else(|| Number::from(0)),
            },
            Place::Element(name, index) => {
                let index = self.index(index)?;
                let element = self.arrays.get(name).and_then(|array| array.get(&index));
                element.cloned().unwrap_or_else(|| Number::from(0))
            }
        })
    }

    fn write(&mut self, place: &Place, value: Number) -> Done {
        let small = |most: u32| u32::try_from(value.at(0).value).map_or(most, |value| value.min(most));
        match place {
            Place::Name(name) => match name.as_str() {
                "scale" if value.is_negative() => return Err(Leave::Error("negative scale, set to 0".into())),
                "scale" => self.scale = small(MOST_SCALE),
                "ibase" => self.input_base = small(16).max(2),
                "obase" => self.output_base = small(i32::MAX as u32).max(2),
                "last" => self.last = value,
                _ => {
                    self.variables.insert(name.clone(), value);
                }
            },
            Place::Element(name, index) => {
                let index = self.index(index)?;
                self.arrays.entry(name.clone()).or_default().insert(index, value);
            }
        }
        Ok(())
    }

    fn call(&mut self, name: &str, arguments: &[Argument]) -> Value {
        if let Some(function) = self.functions.get(name).cloned() {
            return self.call_own(name, &function, arguments);
        }
        let mut values = Vec::new();
        for argument in arguments {
            match argument {
                Argument::Value(expression) => values.push(self.value(expression)?),
                Argument::Array(_) => return Err(Leave::Error("syntax error".into())),
            }
        }
        let scale = self.scale;
        let value = match (name, values.as_slice()) {
            ("length", [x]) => Number::from(x.length() as i64),
            ("scale", [x]) => Number::from(i64::from(x.scale)),
            ("sqrt", [x]) => x.root(scale)?,
            ("s", [x]) if self.mathematics => functions::sine(x, scale)?,
            ("c", [x]) if self.mathematics => functions::cosine(x, scale)?,
            ("a", [x]) if self.mathematics => functions::arc_tangent(x, scale)?,
            ("l", [x]) if self.mathematics => functions::logarithm(x, scale)?,
            ("e", [x]) if self.mathematics => functions::exponential(x, scale)?,
            ("j", [n, x]) if self.mathematics => functions::bessel(n, x, scale)?,
            _ => return Err(Leave::Error(format!("Function {name} not defined."))),
        };
        Ok(value)
    }

    fn call_own(&mut self, name: &str, function: &Function, arguments: &[Argument]) -> Value {
        if arguments.len() != function.parameters.len() {
            return Err(Leave::Error(format!("Parameter number mismatch in {name}")));
        }
        if self.calls >= MOST_CALLS {
            return Err(Leave::Error("too many calls inside each other".into()));
        }
        let mut values = Vec::new();
        let mut arrays = Vec::new();
        for ((name, is_array), argument) in function.parameters.iter().zip(arguments) {
            match (is_array, argument) {
                (false, Argument::Value(expression)) => values.push((name.clone(), Some(self.value(expression)?))),
                (true, Argument::Array(given)) => {
                    arrays.push((name.clone(), Some(self.arrays.get(given).cloned().unwrap_or_default())));
                }
                _ => return Err(Leave::Error(format!("Parameter type mismatch in {name}"))),
            }
        }
        for (name, is_array) in &function.own {
            if *is_array {
                arrays.push((name.clone(), None));
            } else {
                values.push((name.clone(), None));
            }
        }
        // What the names meant outside is set aside, and comes back.
        for (name, value) in &mut values {
            let inside = value.take().unwrap_or_else(|| Number::from(0));
            *value = self.variables.insert(name.clone(), inside);
        }
        for (name, value) in &mut arrays {
            let inside = value.take().unwrap_or_default();
            *value = self.arrays.insert(name.clone(), inside);
        }
        self.calls += 1;
        let done = function.body.iter().try_for_each(|one| self.statement(one));
        self.calls = self.calls.saturating_sub(1);
        for (name, value) in values.into_iter().rev() {
            match value {
                Some(value) => self.variables.insert(name, value),
                None => self.variables.remove(&name),
            };
        }
        for (name, value) in arrays.into_iter().rev() {
            match value {
                Some(value) => self.arrays.insert(name, value),
                None => self.arrays.remove(&name),
            };
        }
        match done {
            Ok(()) => Ok(Number::from(0)),
            Err(Leave::Return(value)) => Ok(value),
            Err(other) => Err(other),
        }
    }
}

fn truth(is: bool) -> Number {
    Number::from(i64::from(is))
}

/// The escapes of `print`.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('a') => out.push('\x07'),
            Some('b') => out.push('\x08'),
            Some('f') => out.push('\x0c'),
            Some('q') => out.push('"'),
            Some('\\') | None => out.push('\\'),
            Some(other) => out.extend(['\\', other]),
        }
    }
    out
}
