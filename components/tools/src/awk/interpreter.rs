//! Runs a program: variables, expressions and places. Statements are in `statements`, functions in `builtins`.

use super::ast::{Arithmetic, Comparison, Expression, Place, Program, Slot, Source};
use super::fields::{MOST_FIELDS, Record, Splitter};
use super::input::{Records, Separator};
use super::regex::{Pattern, Patterns};
use super::streams::Streams;
use super::value::{Array, Str, Value};
use crate::console;
use std::collections::VecDeque;
use std::rc::Rc;

/// Calls inside calls beyond this are refused, before the stack would end.
const MOST_CALLS: usize = 4000;

/// Why the normal course ends.
#[derive(Debug)]
pub enum Flow {
    Next,
    NextFile,
    Break,
    Continue,
    Return(Value),
    Exit,
    Fatal(String),
}

/// What a slot holds.
#[derive(Clone)]
pub enum Cell {
    Value(Value),
    Array(Array),
}

/// The slots of variables with a meaning, as `parser::SPECIAL` orders them.
pub mod slots {
    pub const NF: usize = 0;
    pub const NR: usize = 1;
    pub const FNR: usize = 2;
    pub const FS: usize = 3;
    pub const OFS: usize = 4;
    pub const ORS: usize = 5;
    pub const RS: usize = 6;
    pub const SUBSEP: usize = 7;
    pub const CONVFMT: usize = 8;
    pub const OFMT: usize = 9;
    pub const FILENAME: usize = 10;
    pub const RSTART: usize = 11;
    pub const RLENGTH: usize = 12;
    pub const FPAT: usize = 13;
    pub const FIELDWIDTHS: usize = 14;
    pub const IGNORECASE: usize = 15;
    pub const RT: usize = 16;
    pub const ENVIRON: usize = 17;
    pub const ARGC: usize = 18;
    pub const ARGV: usize = 19;
    pub const PROCINFO: usize = 20;
}

/// A running program.
pub struct Interpreter<'p> {
    pub(super) program: &'p Program,
    pub(super) globals: Vec<Cell>,
    pub(super) locals: Vec<Cell>,
    pub(super) base: usize,
    pub(super) calls: usize,
    pub(super) record: Record,
    pub(super) nr: f64,
    pub(super) fnr: f64,
    pub(super) ofs: Str,
    pub(super) ors: Str,
    pub(super) subsep: Str,
    pub(super) convert: Str,
    pub(super) output_format: Str,
    pub(super) ignore_case: bool,
    separator: Separator,
    pub(super) streams: Streams,
    pub(super) patterns: Patterns,
    pub(super) ranges: Vec<bool>,
    pub(super) input: Option<Records>,
    /// Which of ARGV comes next.
    pub(super) argument: usize,
    pub(super) input_ended: bool,
    pub(super) any_file: bool,
    /// Files begun and ended whose rules have not run yet.
    pub(super) file_events: VecDeque<bool>,
    pub(super) code: i32,
    pub(super) seed: f64,
    pub(super) random: u64,
}

type Evaluated = Result<Value, Flow>;

pub(super) fn fatal(message: impl Into<String>) -> Flow {
    Flow::Fatal(message.into())
}

impl<'p> Interpreter<'p> {
    /// With the language's own variables set.
    pub fn new(program: &'p Program) -> Self {
        let globals = program
            .globals
            .iter()
            .map(|(_, array)| {
                if *array {
                    Cell::Array(Array::default())
                } else {
                    Cell::Value(Value::Unset)
                }
            })
            .collect();
        let mut one = Self {
            program,
            globals,
            locals: Vec::new(),
            base: 0,
            calls: 0,
            record: Record::new(),
            nr: 0.0,
            fnr: 0.0,
            ofs: Rc::from(&b" "[..]),
            ors: Rc::from(&b"\n"[..]),
            subsep: Rc::from(&b"\x1c"[..]),
            convert: Rc::from(&b"%.6g"[..]),
            output_format: Rc::from(&b"%.6g"[..]),
            ignore_case: false,
            separator: Separator::Byte(b'\n'),
            streams: Streams::new(),
            patterns: Patterns::default(),
            ranges: vec![false; program.ranges],
            input: None,
            argument: 1,
            input_ended: false,
            any_file: false,
            file_events: VecDeque::new(),
            code: 0,
            seed: 0.0,
            random: 0,
        };
        for (slot, text) in [
            (slots::FS, " "),
            (slots::OFS, " "),
            (slots::ORS, "\n"),
            (slots::RS, "\n"),
            (slots::SUBSEP, "\x1c"),
            (slots::CONVFMT, "%.6g"),
            (slots::OFMT, "%.6g"),
        ] {
            one.globals[slot] = Cell::Value(Value::text(text.as_bytes()));
        }
        for (slot, number) in [(slots::RSTART, 0.0), (slots::RLENGTH, -1.0)] {
            one.globals[slot] = Cell::Value(Value::Number(number));
        }
        one
    }

    /// Sets a global variable by name, as `-v` and operands do; true if the program has one.
    ///
    /// # Errors
    /// It is an array, or the value does not fit.
    pub fn assign_by_name(&mut self, name: &str, value: &[u8]) -> Result<(), Flow> {
        let Some(slot) = self.program.globals.iter().position(|(known, _)| known == name) else {
            return Ok(());
        };
        if self.program.globals[slot].1 {
            return Err(fatal(format!("cannot assign to '{name}': it is an array")));
        }
        self.set(Slot::Global(slot), Value::input(value))
    }

    pub(super) fn text_of(&self, value: &Value) -> Str {
        value.to_str(&self.convert)
    }

    pub(super) fn array(&mut self, slot: Slot) -> Result<Array, Flow> {
        let cell = match slot {
            Slot::Global(number) => self.globals.get(number),
            Slot::Local(number) => self.locals.get(self.base + number),
        };
        match cell {
            Some(Cell::Array(array)) => Ok(array.clone()),
            _ => Err(fatal("a value is used as an array")),
        }
    }

    pub(super) fn get(&mut self, slot: Slot) -> Evaluated {
        let cell = match slot {
            Slot::Global(slots::NF) => {
                #[allow(clippy::cast_precision_loss)]
                return Ok(Value::Number(self.record.count() as f64));
            }
            Slot::Global(slots::NR) => return Ok(Value::Number(self.nr)),
            Slot::Global(slots::FNR) => return Ok(Value::Number(self.fnr)),
            Slot::Global(number) => self.globals.get(number),
            Slot::Local(number) => self.locals.get(self.base + number),
        };
        match cell {
            Some(Cell::Value(value)) => Ok(value.clone()),
            _ => Err(fatal("an array is used as a value")),
        }
    }

    pub(super) fn set(&mut self, slot: Slot, value: Value) -> Result<(), Flow> {
        match slot {
            Slot::Local(number) => match self.locals.get_mut(self.base + number) {
                Some(Cell::Value(place)) => *place = value,
                _ => return Err(fatal("an array is used as a value")),
            },
            Slot::Global(number) => {
                if number < super::parser::SPECIAL.len() {
                    self.special(number, &value)?;
                }
                match self.globals.get_mut(number) {
                    Some(Cell::Value(place)) => *place = value,
                    _ => return Err(fatal("an array is used as a value")),
                }
            }
        }
        Ok(())
    }

    /// What the assignment of a variable with a meaning brings about.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn special(&mut self, slot: usize, value: &Value) -> Result<(), Flow> {
        let text = self.text_of(value);
        match slot {
            slots::NF => {
                let count = value.number();
                if count < 0.0 || count > MOST_FIELDS as f64 {
                    return Err(fatal("NF is set to a number that no record can have"));
                }
                self.record.set_count(count as usize);
            }
            slots::NR => self.nr = value.number(),
            slots::FNR => self.fnr = value.number(),
            slots::FS => {
                self.record.settle();
                self.record.splitter = self.splitter(&text)?;
            }
            slots::FPAT => {
                self.record.settle();
                self.record.splitter = Splitter::Content(self.pattern_of(&text)?);
            }
            slots::FIELDWIDTHS => {
                self.record.settle();
                let widths = String::from_utf8_lossy(&text);
                let widths: Vec<usize> = widths.split_whitespace().filter_map(|one| one.parse().ok()).collect();
                self.record.splitter = Splitter::Widths(widths);
            }
            slots::OFS => self.ofs = text,
            slots::ORS => self.ors = text,
            slots::SUBSEP => self.subsep = text,
            slots::CONVFMT => self.convert = text,
            slots::OFMT => self.output_format = text,
            slots::IGNORECASE => self.ignore_case = value.truth(),
            slots::RS => {
                self.record.settle();
                self.separator = match &*text {
                    b"" => Separator::Paragraph,
                    [byte] => Separator::Byte(*byte),
                    other => Separator::Pattern(self.pattern_of(other)?),
                };
                self.record.paragraph = text.is_empty();
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn splitter(&mut self, separator: &[u8]) -> Result<Splitter, Flow> {
        Splitter::new(separator, &mut self.patterns).map_err(Flow::Fatal)
    }

    /// A pattern that is made at run time.
    pub(super) fn pattern_of(&mut self, source: &[u8]) -> Result<Rc<Pattern>, Flow> {
        if self.ignore_case {
            let mut folded = b"(?i)".to_vec();
            folded.extend_from_slice(source);
            return self.patterns.get(&folded).map_err(Flow::Fatal);
        }
        self.patterns.get(source).map_err(Flow::Fatal)
    }

    /// An expression as a pattern.
    pub(super) fn pattern(&mut self, expression: &'p Expression) -> Result<Rc<Pattern>, Flow> {
        match expression {
            Expression::Pattern(pattern) if self.ignore_case => {
                let source = pattern.source.clone();
                self.pattern_of(&source)
            }
            Expression::Pattern(pattern) => Ok(pattern.clone()),
            Expression::Group(inner) if matches!(**inner, Expression::Pattern(_)) => self.pattern(inner),
            other => {
                let value = self.eval(other)?;
                let text = self.text_of(&value);
                self.pattern_of(&text)
            }
        }
    }

    pub(super) fn key(&mut self, keys: &'p [Expression]) -> Result<Str, Flow> {
        if let [only] = keys {
            let value = self.eval(only)?;
            return Ok(self.text_of(&value));
        }
        let mut key = Vec::new();
        for (position, one) in keys.iter().enumerate() {
            if position > 0 {
                key.extend_from_slice(&self.subsep.clone());
            }
            let value = self.eval(one)?;
            key.extend_from_slice(&self.text_of(&value));
        }
        Ok(key.into())
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    fn field_number(&mut self, expression: &'p Expression) -> Result<usize, Flow> {
        let number = self.eval(expression)?.number();
        if number < 0.0 || number.is_nan() {
            return Err(fatal(format!("attempt to access field {number}")));
        }
        if number > MOST_FIELDS as f64 {
            return Err(fatal(format!("field {number} is more than a record can have")));
        }
        Ok(number as usize)
    }

    pub(super) fn whole(&mut self) -> Value {
        let (ofs, convert) = (self.ofs.clone(), self.convert.clone());
        self.record.whole(&ofs, &convert)
    }

    pub(super) fn record_text(&mut self) -> Str {
        let (ofs, convert) = (self.ofs.clone(), self.convert.clone());
        self.record.text(&ofs, &convert)
    }

    fn read(&mut self, place: &'p Place) -> Evaluated {
        match place {
            Place::Variable(slot) => self.get(*slot),
            Place::Element(slot, keys) => {
                let key = self.key(keys)?;
                let array = self.array(*slot)?;
                // Looking at an element makes it.
                let value = array.borrow_mut().entry(key).or_insert(Value::Unset).clone();
                Ok(value)
            }
            Place::Field(number) => {
                let number = self.field_number(number)?;
                Ok(if number == 0 {
                    self.whole()
                } else {
                    self.record.field(number)
                })
            }
        }
    }

    pub(super) fn assign(&mut self, place: &'p Place, value: Value) -> Result<(), Flow> {
        match place {
            Place::Variable(slot) => self.set(*slot, value),
            Place::Element(slot, keys) => {
                let key = self.key(keys)?;
                let array = self.array(*slot)?;
                array.borrow_mut().insert(key, value);
                Ok(())
            }
            Place::Field(number) => {
                let number = self.field_number(number)?;
                if number == 0 {
                    let text = self.text_of(&value);
                    self.record.set(&text);
                } else {
                    self.record.set_field(number, value);
                }
                Ok(())
            }
        }
    }

    pub(super) fn eval(&mut self, expression: &'p Expression) -> Evaluated {
        let truth = |yes: bool| Value::Number(f64::from(u8::from(yes)));
        Ok(match expression {
            Expression::Number(number) => Value::Number(*number),
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Pattern(_) => {
                let pattern = self.pattern(expression)?;
                let text = self.record_text();
                truth(pattern.is_match(&text))
            }
            Expression::Group(inner) => self.eval(inner)?,
            Expression::Place(place) => self.read(place)?,
            Expression::Assign(place, value) => {
                let value = self.eval(value)?;
                self.assign(place, value.clone())?;
                value
            }
            Expression::Update(operator, place, value) => {
                let right = self.eval(value)?.number();
                let left = self.read(place)?.number();
                let value = Value::Number(compute(*operator, left, right)?);
                self.assign(place, value.clone())?;
                value
            }
            Expression::Step(amount, after, place) => {
                let before = self.read(place)?.number();
                self.assign(place, Value::Number(before + amount))?;
                Value::Number(if *after { before + amount } else { before })
            }
            Expression::Condition(three) => {
                let [condition, yes, no] = &**three;
                let chosen = if self.eval(condition)?.truth() { yes } else { no };
                self.eval(chosen)?
            }
            Expression::And(pair) => truth(self.eval(&pair[0])?.truth() && self.eval(&pair[1])?.truth()),
            Expression::Or(pair) => truth(self.eval(&pair[0])?.truth() || self.eval(&pair[1])?.truth()),
            Expression::Not(inner) => truth(!self.eval(inner)?.truth()),
            Expression::Negate(inner) => Value::Number(-self.eval(inner)?.number()),
            Expression::Positive(inner) => Value::Number(self.eval(inner)?.number()),
            Expression::Arithmetic(operator, pair) => {
                let left = self.eval(&pair[0])?.number();
                let right = self.eval(&pair[1])?.number();
                Value::Number(compute(*operator, left, right)?)
            }
            Expression::Compare(how, pair) => {
                let left = self.eval(&pair[0])?;
                let right = self.eval(&pair[1])?;
                truth(self.compare(*how, &left, &right))
            }
            Expression::Join(parts) => {
                let mut text = Vec::new();
                for part in parts {
                    let value = self.eval(part)?;
                    text.extend_from_slice(&self.text_of(&value));
                }
                Value::Text(text.into())
            }
            Expression::Match(negated, pair) => {
                let value = self.eval(&pair[0])?;
                let text = self.text_of(&value);
                let pattern = self.pattern(&pair[1])?;
                truth(pattern.is_match(&text) != *negated)
            }
            Expression::In(keys, slot) => {
                let key = self.key(keys)?;
                let array = self.array(*slot)?;
                let found = array.borrow().contains_key(&key);
                truth(found)
            }
            Expression::Call(number, arguments) => self.call(*number, arguments)?,
            Expression::Builtin(builtin, arguments) => self.builtin(*builtin, arguments)?,
            Expression::Getline(source, target) => self.getline(source, target.as_ref())?,
        })
    }

    fn compare(&self, how: Comparison, left: &Value, right: &Value) -> bool {
        if left.is_numeric() && right.is_numeric() {
            let (left, right) = (left.number(), right.number());
            return match how {
                Comparison::Less => left < right,
                Comparison::LessEqual => left <= right,
                #[allow(clippy::float_cmp)]
                Comparison::Equal => left == right,
                #[allow(clippy::float_cmp)]
                Comparison::NotEqual => left != right,
                Comparison::Greater => left > right,
                Comparison::GreaterEqual => left >= right,
            };
        }
        let (left, right) = (self.text_of(left), self.text_of(right));
        match how {
            Comparison::Less => left < right,
            Comparison::LessEqual => left <= right,
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            Comparison::Greater => left > right,
            Comparison::GreaterEqual => left >= right,
        }
    }

    fn call(&mut self, number: usize, arguments: &'p [Expression]) -> Evaluated {
        let program = self.program;
        let function = &program.functions[number];
        if self.calls >= MOST_CALLS {
            return Err(fatal(format!(
                "function '{}' is called {MOST_CALLS} levels deep; that is too deep",
                function.name
            )));
        }
        let mut cells = Vec::with_capacity(function.arrays.len());
        for (position, is_array) in function.arrays.iter().enumerate() {
            cells.push(match (arguments.get(position), is_array) {
                (Some(Expression::Place(Place::Variable(slot))), true) => Cell::Array(self.array(*slot)?),
                (Some(_), true) => return Err(fatal(format!("function '{}' wants an array", function.name))),
                (None, true) => Cell::Array(Array::default()),
                (Some(argument), false) => Cell::Value(self.eval(argument)?),
                (None, false) => Cell::Value(Value::Unset),
            });
        }
        let base = std::mem::replace(&mut self.base, self.locals.len());
        self.locals.append(&mut cells);
        self.calls += 1;
        let outcome = self.run(&function.body);
        self.calls -= 1;
        self.locals.truncate(self.base);
        self.base = base;
        match outcome {
            Ok(()) => Ok(Value::Unset),
            Err(Flow::Return(value)) => Ok(value),
            Err(flow) => Err(flow),
        }
    }

    fn getline(&mut self, source: &'p Source, target: Option<&'p Place>) -> Evaluated {
        let record = match source {
            Source::Main => match self.next_record()? {
                Some(record) => record,
                None => return Ok(Value::Number(0.0)),
            },
            Source::File(expression) | Source::Command(expression) => {
                let is_command = matches!(source, Source::Command(_));
                let value = self.eval(expression)?;
                let name = self.text_of(&value);
                let separator = self.separator.clone();
                let read = self
                    .streams
                    .records(&name, is_command)
                    .and_then(|records| records.next(&separator));
                match read {
                    Ok(Some((record, _))) => {
                        if is_command {
                            self.nr += 1.0;
                        }
                        record
                    }
                    Ok(None) => return Ok(Value::Number(0.0)),
                    Err(_) => return Ok(Value::Number(-1.0)),
                }
            }
        };
        match target {
            Some(place) => self.assign(place, Value::input(&record))?,
            None => self.record.set(&record),
        }
        Ok(Value::Number(1.0))
    }

    /// The next record of the main input; NR and FNR count it.
    pub(super) fn next_record(&mut self) -> Result<Option<Vec<u8>>, Flow> {
        let separator = self.separator.clone();
        loop {
            if self.input.is_none() && !self.open_next()? {
                return Ok(None);
            }
            // Rules for the beginning of the file come first.
            if !self.file_events.is_empty() {
                self.run_file_rules()?;
                continue;
            }
            let Some(records) = &mut self.input else { continue };
            match records.next(&separator) {
                Ok(Some((record, ending))) => {
                    self.nr += 1.0;
                    self.fnr += 1.0;
                    self.globals[slots::RT] = Cell::Value(Value::text(&ending));
                    return Ok(Some(record));
                }
                Ok(None) => {}
                Err(error) => {
                    let name = self.get(Slot::Global(slots::FILENAME))?;
                    let name = String::from_utf8_lossy(&self.text_of(&name)).into_owned();
                    console::complain("awk", format_args!("cannot read '{name}': {}", console::reason(&error)));
                    self.code = 2;
                }
            }
            self.input = None;
            self.file_events.push_back(false);
            self.run_file_rules()?;
        }
    }
}

#[allow(clippy::float_cmp)]
fn compute(operator: Arithmetic, left: f64, right: f64) -> Result<f64, Flow> {
    Ok(match operator {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide if right == 0.0 => return Err(fatal("division by zero attempted")),
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder if right == 0.0 => return Err(fatal("division by zero attempted in '%'")),
        Arithmetic::Remainder => left % right,
        Arithmetic::Power => left.powf(right),
    })
}
