//! Programs from words: statements and rules. Expressions are in `expressions`.

use super::ast::{Expression, Function, Place, Program, Rule, Slot, Statement, When};
use super::lexer::{Keyword, Lexer, Token};
use std::collections::HashMap;
use std::rc::Rc;

/// Deeper nesting is refused: interpreter and parser are recursive.
const MOST_DEPTH: usize = 200;

/// Variables with a meaning; they have the first slots, in this order.
pub const SPECIAL: &[&str] = &[
    "NF",
    "NR",
    "FNR",
    "FS",
    "OFS",
    "ORS",
    "RS",
    "SUBSEP",
    "CONVFMT",
    "OFMT",
    "FILENAME",
    "RSTART",
    "RLENGTH",
    "FPAT",
    "FIELDWIDTHS",
    "IGNORECASE",
    "RT",
    "ENVIRON",
    "ARGC",
    "ARGV",
    "PROCINFO",
];

/// A use of a name as an argument: it may be an array, which is known only when everything is read.
struct Passed {
    function: Option<usize>,
    slot: Slot,
    callee: usize,
    position: usize,
}

/// What is known of a name's kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Unknown,
    Array,
}

/// What is known of a function.
pub struct Signature {
    name: String,
    parameters: Vec<(String, Kind)>,
    body: Option<Rc<Statement>>,
    most_arguments: usize,
}

/// Reads a program.
pub struct Parser<'a> {
    lexer: Lexer<'a>,
    pub(super) token: Token,
    line: usize,
    depth: usize,
    pub(super) globals: Vec<(String, Kind)>,
    global_slots: HashMap<String, usize>,
    pub(super) functions: Vec<Signature>,
    function_numbers: HashMap<String, usize>,
    /// The function being read.
    current: Option<usize>,
    passed: Vec<Passed>,
    ranges: usize,
}

/// Reads a whole program.
///
/// # Errors
/// What is wrong, and in which line.
pub fn parse(source: &[u8]) -> Result<Program, String> {
    let mut parser = Parser {
        lexer: Lexer::new(source),
        token: Token::Newline,
        line: 1,
        depth: 0,
        globals: Vec::new(),
        global_slots: HashMap::new(),
        functions: Vec::new(),
        function_numbers: HashMap::new(),
        current: None,
        passed: Vec::new(),
        ranges: 0,
    };
    for name in SPECIAL {
        parser.global(name);
    }
    for name in ["ENVIRON", "ARGV", "PROCINFO"] {
        let slot = parser.global(name);
        parser.globals[slot].1 = Kind::Array;
    }
    parser
        .program()
        .map_err(|message| format!("line {}: {message}", parser.line))
}

impl Parser<'_> {
    pub(super) fn advance(&mut self) -> Result<Token, String> {
        self.line = self.lexer.line;
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    pub(super) fn is(&self, sign: &str) -> bool {
        matches!(self.token, Token::Sign(found) if found == sign)
    }

    pub(super) fn accept(&mut self, sign: &str) -> Result<bool, String> {
        let found = self.is(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.accept(sign)? {
            Ok(())
        } else {
            Err(format!("syntax error: expected '{sign}' before {}", self.shown()))
        }
    }

    pub(super) fn shown(&self) -> String {
        match &self.token {
            Token::Number(number) => format!("{number}"),
            Token::Text(text) => format!("\"{}\"", String::from_utf8_lossy(text)),
            Token::Pattern(text) => format!("/{}/", String::from_utf8_lossy(text)),
            Token::Call(name) | Token::Name(name) => format!("'{name}'"),
            Token::Keyword(word) => format!("'{word:?}'").to_lowercase(),
            Token::Sign(sign) => format!("'{sign}'"),
            Token::Newline => "the end of the line".into(),
            Token::End => "the end of the program".into(),
        }
    }

    /// Whether `getline` comes after the present word.
    pub(super) fn getline_follows(&self) -> bool {
        self.lexer.comes("getline")
    }

    pub(super) fn newlines(&mut self) -> Result<(), String> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    pub(super) fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(format!("nested more than {MOST_DEPTH} levels deep"));
        }
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn global(&mut self, name: &str) -> usize {
        if let Some(slot) = self.global_slots.get(name) {
            return *slot;
        }
        let slot = self.globals.len();
        self.globals.push((name.to_owned(), Kind::Unknown));
        self.global_slots.insert(name.to_owned(), slot);
        slot
    }

    /// The slot of a name.
    pub(super) fn slot(&mut self, name: &str) -> Result<Slot, String> {
        if let Some(function) = self.current {
            let parameters = &self.functions[function].parameters;
            if let Some(position) = parameters.iter().position(|(known, _)| known == name) {
                return Ok(Slot::Local(position));
            }
        }
        if self.function_numbers.contains_key(name) {
            return Err(format!("function '{name}' is used as a variable"));
        }
        Ok(Slot::Global(self.global(name)))
    }

    fn kind_of(&mut self, function: Option<usize>, slot: Slot) -> Option<&mut Kind> {
        match slot {
            Slot::Global(number) => self.globals.get_mut(number).map(|(_, kind)| kind),
            Slot::Local(position) => self.functions[function?]
                .parameters
                .get_mut(position)
                .map(|(_, kind)| kind),
        }
    }

    /// A name is used as an array.
    pub(super) fn used_as_array(&mut self, slot: Slot) {
        let current = self.current;
        if let Some(known) = self.kind_of(current, slot) {
            *known = Kind::Array;
        }
    }

    /// A bare name is an argument of a function.
    pub(super) fn passes(&mut self, slot: Slot, callee: usize, position: usize) {
        self.passed.push(Passed {
            function: self.current,
            slot,
            callee,
            position,
        });
    }

    /// The number of a function, known already or not.
    pub(super) fn function(&mut self, name: &str, arguments: usize) -> usize {
        let number = match self.function_numbers.get(name) {
            Some(number) => *number,
            None => {
                self.functions.push(Signature {
                    name: name.to_owned(),
                    parameters: Vec::new(),
                    body: None,
                    most_arguments: 0,
                });
                self.function_numbers.insert(name.to_owned(), self.functions.len() - 1);
                self.functions.len() - 1
            }
        };
        let known = &mut self.functions[number];
        known.most_arguments = known.most_arguments.max(arguments);
        number
    }

    fn program(&mut self) -> Result<Program, String> {
        self.advance()?;
        let mut rules = Vec::new();
        loop {
            while self.token == Token::Newline || self.is(";") {
                self.advance()?;
            }
            if self.token == Token::End {
                break;
            }
            if self.token == Token::Keyword(Keyword::Function) {
                self.definition()?;
            } else {
                rules.push(self.rule()?);
            }
        }
        self.settle_kinds();
        let functions = std::mem::take(&mut self.functions)
            .into_iter()
            .map(|one| {
                if one.most_arguments > one.parameters.len() && one.body.is_some() {
                    return Err(format!("function '{}' is called with too many arguments", one.name));
                }
                Ok(Function {
                    body: one
                        .body
                        .ok_or_else(|| format!("function '{}' is not defined", one.name))?,
                    arrays: one.parameters.iter().map(|(_, kind)| *kind == Kind::Array).collect(),
                    name: one.name,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Program {
            rules,
            functions,
            globals: std::mem::take(&mut self.globals)
                .into_iter()
                .map(|(name, kind)| (name, kind == Kind::Array))
                .collect(),
            ranges: self.ranges,
        })
    }

    /// Follows arrays through calls, both ways, until nothing new is learned.
    fn settle_kinds(&mut self) {
        let passed = std::mem::take(&mut self.passed);
        loop {
            let mut learned = false;
            for one in &passed {
                let parameter = Slot::Local(one.position);
                let theirs = self
                    .kind_of(Some(one.callee), parameter)
                    .copied()
                    .unwrap_or(Kind::Unknown);
                let ours = self.kind_of(one.function, one.slot).copied().unwrap_or(Kind::Unknown);
                match (ours, theirs) {
                    (Kind::Array, Kind::Unknown) => {
                        if let Some(kind) = self.kind_of(Some(one.callee), parameter) {
                            *kind = Kind::Array;
                            learned = true;
                        }
                    }
                    (Kind::Unknown, Kind::Array) => {
                        if let Some(kind) = self.kind_of(one.function, one.slot) {
                            *kind = Kind::Array;
                            learned = true;
                        }
                    }
                    _ => {}
                }
            }
            if !learned {
                return;
            }
        }
    }

    fn definition(&mut self) -> Result<(), String> {
        self.advance()?;
        let name = match self.advance()? {
            Token::Call(name) | Token::Name(name) => name,
            _ => return Err("syntax error: a function needs a name".into()),
        };
        self.expect("(")?;
        let mut parameters: Vec<(String, Kind)> = Vec::new();
        self.newlines()?;
        while !self.is(")") {
            let Token::Name(parameter) = self.advance()? else {
                return Err(format!("syntax error in the parameters of function '{name}'"));
            };
            if parameters.iter().any(|(known, _)| *known == parameter) || parameter == name {
                return Err(format!("function '{name}' has parameter '{parameter}' twice"));
            }
            parameters.push((parameter, Kind::Unknown));
            self.newlines()?;
            if !self.is(")") {
                self.expect(",")?;
                self.newlines()?;
            }
        }
        self.advance()?;
        let number = self.function(&name, 0);
        if self.functions[number].body.is_some() {
            return Err(format!("function '{name}' is defined twice"));
        }
        self.functions[number].parameters = parameters;
        self.current = Some(number);
        self.newlines()?;
        let body = self.block()?;
        self.current = None;
        self.functions[number].body = Some(Rc::new(body));
        Ok(())
    }

    fn rule(&mut self) -> Result<Rule, String> {
        let simple = match self.token {
            Token::Keyword(Keyword::Begin) => Some(When::Begin),
            Token::Keyword(Keyword::EndRule) => Some(When::End),
            Token::Keyword(Keyword::BeginFile) => Some(When::BeginFile),
            Token::Keyword(Keyword::EndFile) => Some(When::EndFile),
            _ => None,
        };
        if let Some(when) = simple {
            self.advance()?;
            self.newlines()?;
            let action = Some(self.block()?);
            return Ok(Rule { when, action });
        }
        let when = if self.is("{") {
            When::Always
        } else {
            let from = self.expression()?;
            if self.accept(",")? {
                self.newlines()?;
                let to = self.expression()?;
                self.ranges += 1;
                When::Range(from, to, self.ranges - 1)
            } else {
                When::Matches(from)
            }
        };
        let action = if self.is("{") { Some(self.block()?) } else { None };
        if action.is_none() && !(self.token == Token::Newline || self.token == Token::End || self.is(";")) {
            return Err(format!("syntax error at or near {}", self.shown()));
        }
        Ok(Rule { when, action })
    }

    fn block(&mut self) -> Result<Statement, String> {
        self.expect("{")?;
        let mut statements = Vec::new();
        loop {
            while self.token == Token::Newline || self.is(";") {
                self.advance()?;
            }
            if self.accept("}")? {
                return Ok(Statement::Block(statements));
            }
            statements.push(self.deeper(Self::statement)?);
        }
    }

    /// The statement that a condition or loop governs.
    fn governed(&mut self) -> Result<Box<Statement>, String> {
        self.newlines()?;
        if self.accept(";")? {
            return Ok(Box::new(Statement::Block(Vec::new())));
        }
        self.deeper(Self::statement).map(Box::new)
    }

    pub(super) fn statement(&mut self) -> Result<Statement, String> {
        if self.is("{") {
            return self.block();
        }
        let Token::Keyword(keyword) = self.token else {
            let simple = self.simple()?;
            self.terminator()?;
            return Ok(simple);
        };
        match keyword {
            Keyword::If => {
                self.advance()?;
                let condition = self.parenthesized()?;
                let then = self.governed()?;
                // `else` may stand after newlines and a semicolon.
                self.skip_to_else()?;
                let otherwise = if self.token == Token::Keyword(Keyword::Else) {
                    self.advance()?;
                    Some(self.governed()?)
                } else {
                    None
                };
                Ok(Statement::If(condition, then, otherwise))
            }
            Keyword::While => {
                self.advance()?;
                let condition = self.parenthesized()?;
                Ok(Statement::While(condition, self.governed()?))
            }
            Keyword::Do => {
                self.advance()?;
                let body = self.governed()?;
                while self.token == Token::Newline || self.is(";") {
                    self.advance()?;
                }
                if self.token != Token::Keyword(Keyword::While) {
                    return Err("syntax error: 'do' without 'while'".into());
                }
                self.advance()?;
                let condition = self.parenthesized()?;
                self.terminator()?;
                Ok(Statement::DoWhile(body, condition))
            }
            Keyword::For => self.for_loop(),
            Keyword::Switch => self.switch(),
            _ => {
                let simple = self.simple()?;
                self.terminator()?;
                Ok(simple)
            }
        }
    }

    fn skip_to_else(&mut self) -> Result<(), String> {
        while self.token == Token::Newline || self.is(";") {
            self.advance()?;
        }
        Ok(())
    }

    fn terminator(&mut self) -> Result<(), String> {
        if self.token == Token::Newline || self.is(";") {
            self.advance()?;
            return Ok(());
        }
        if self.is("}") || self.token == Token::End || self.token == Token::Keyword(Keyword::Else) {
            return Ok(());
        }
        Err(format!("syntax error at or near {}", self.shown()))
    }

    pub(super) fn parenthesized(&mut self) -> Result<Expression, String> {
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        Ok(condition)
    }

    fn for_loop(&mut self) -> Result<Statement, String> {
        self.advance()?;
        self.expect("(")?;
        let first = if self.is(";") { None } else { Some(self.simple()?) };
        if self.is(")") {
            let Some(Statement::Expression(Expression::In(mut keys, array))) = first else {
                return Err("syntax error in 'for'".into());
            };
            let Some(Expression::Place(place @ Place::Variable(_))) = keys.pop() else {
                return Err("syntax error: 'for (name in array)' needs a name".into());
            };
            self.advance()?;
            return Ok(Statement::ForIn(place, array, self.governed()?));
        }
        self.expect(";")?;
        self.newlines()?;
        let condition = if self.is(";") { None } else { Some(self.expression()?) };
        self.expect(";")?;
        self.newlines()?;
        let step = if self.is(")") {
            None
        } else {
            Some(Box::new(self.simple()?))
        };
        self.expect(")")?;
        Ok(Statement::For(first.map(Box::new), condition, step, self.governed()?))
    }

    fn simple(&mut self) -> Result<Statement, String> {
        let Token::Keyword(keyword) = self.token else {
            return self.expression().map(Statement::Expression);
        };
        match keyword {
            Keyword::Getline => return self.expression().map(Statement::Expression),
            Keyword::Print | Keyword::Printf => return self.print(keyword == Keyword::Printf),
            _ => {}
        }
        self.advance()?;
        let value = |parser: &mut Self| {
            if parser.token == Token::Newline || parser.is(";") || parser.is("}") || parser.token == Token::End {
                Ok(None)
            } else {
                parser.expression().map(Some)
            }
        };
        match keyword {
            Keyword::Next => Ok(Statement::Next),
            Keyword::NextFile => Ok(Statement::NextFile),
            Keyword::Break => Ok(Statement::Break),
            Keyword::Continue => Ok(Statement::Continue),
            Keyword::Exit => value(self).map(Statement::Exit),
            Keyword::Return => {
                if self.current.is_none() {
                    return Err("'return' outside of a function".into());
                }
                value(self).map(Statement::Return)
            }
            Keyword::Delete => {
                let Token::Name(name) = self.advance()? else {
                    return Err("syntax error: 'delete' needs an array".into());
                };
                let slot = self.slot(&name)?;
                self.used_as_array(slot);
                let keys = if self.accept("[")? { Some(self.keys()?) } else { None };
                Ok(Statement::Delete(slot, keys))
            }
            _ => Err("syntax error: a keyword stands where a statement should".into()),
        }
    }
}
