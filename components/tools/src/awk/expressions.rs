//! Expressions from words, by descending precedence.

use super::ast::{Arithmetic, BUILTINS, Builtin, Comparison, Expression, Place, Source, array_arguments};
use super::lexer::{Keyword, Token};
use super::parser::Parser;
use super::regex::Pattern;
use std::rc::Rc;

/// What ends an expression early.
#[derive(Clone, Copy, Default)]
struct Context {
    /// `>` and `|` are those of `print`.
    printing: bool,
}

type Parsed = Result<Expression, String>;

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Parsed {
        self.deeper(|parser| parser.ternary(Context::default()))
    }

    /// A label of `switch`.
    pub(super) fn primary_label(&mut self) -> Parsed {
        self.unary(Context::default())
    }

    /// The file or command of an output.
    pub(super) fn output_target(&mut self) -> Parsed {
        let printing = Context { printing: true };
        self.deeper(|parser| parser.join(printing))
    }

    /// Subscripts after their bracket.
    pub(super) fn keys(&mut self) -> Result<Vec<Expression>, String> {
        let mut keys = vec![self.expression()?];
        while self.accept(",")? {
            self.newlines()?;
            keys.push(self.expression()?);
        }
        self.expect("]")?;
        if self.is("[") {
            return Err("arrays of arrays are not supported; use subscripts as in a[i, j]".into());
        }
        Ok(keys)
    }

    pub(super) fn print_arguments(&mut self) -> Result<Vec<Expression>, String> {
        let ends = |parser: &Self| {
            matches!(parser.token, Token::Newline | Token::End)
                || [";", "}", ">", ">>", "|"].iter().any(|s| parser.is(s))
        };
        let mut arguments = Vec::new();
        if ends(self) {
            return Ok(arguments);
        }
        let printing = Context { printing: true };
        loop {
            let one = self.deeper(|parser| parser.ternary(printing))?;
            arguments.push(one);
            if !self.accept(",")? {
                break;
            }
            self.newlines()?;
        }
        // `print (a, b)` has two arguments.
        if let [Expression::Builtin(Builtin::Sprintf, list)] = arguments.as_mut_slice()
            && matches!(list.first(), Some(Expression::Group(inner)) if matches!(**inner, Expression::Number(n) if n.is_nan()))
        {
            list.remove(0);
            arguments = std::mem::take(list);
        }
        Ok(arguments)
    }

    fn ternary(&mut self, context: Context) -> Parsed {
        let condition = self.or(context)?;
        if self.accept("?")? {
            self.newlines()?;
            let yes = self.deeper(|parser| parser.ternary(context))?;
            self.newlines()?;
            self.expect(":")?;
            self.newlines()?;
            let no = self.deeper(|parser| parser.ternary(context))?;
            return Ok(Expression::Condition(Box::new([condition, yes, no])));
        }
        self.assignment(condition, context)
    }

    /// An assignment, if `left` can be assigned to.
    fn assignment(&mut self, left: Expression, context: Context) -> Parsed {
        let operator = match self.token {
            Token::Sign("=") => None,
            Token::Sign("+=") => Some(Arithmetic::Add),
            Token::Sign("-=") => Some(Arithmetic::Subtract),
            Token::Sign("*=") => Some(Arithmetic::Multiply),
            Token::Sign("/=") => Some(Arithmetic::Divide),
            Token::Sign("%=") => Some(Arithmetic::Remainder),
            Token::Sign("^=") => Some(Arithmetic::Power),
            _ => return Ok(left),
        };
        // `1 == x = 2`, `!x = y`, `$1 ~ a = b`: the assignment is the right operand's.
        let (place, wrap): Split = match left {
            Expression::Place(place) => (place, None),
            Expression::Not(inner) => match *inner {
                Expression::Place(place) => (place, Some(Box::new(|e| Expression::Not(Box::new(e))))),
                _ => return Err("syntax error: nothing that can be assigned to before '='".into()),
            },
            Expression::And(pair) => split_pair(*pair, Expression::And)?,
            Expression::Or(pair) => split_pair(*pair, Expression::Or)?,
            Expression::Match(negated, pair) => split_pair(*pair, move |pair| Expression::Match(negated, pair))?,
            Expression::Compare(how, pair) => split_pair(*pair, move |pair| Expression::Compare(how, pair))?,
            _ => return Err("syntax error: nothing that can be assigned to before '='".into()),
        };
        self.advance()?;
        self.newlines()?;
        let right = Box::new(self.deeper(|parser| parser.ternary(context))?);
        let assigned = match operator {
            None => Expression::Assign(place, right),
            Some(operator) => Expression::Update(operator, place, right),
        };
        Ok(match wrap {
            Some(wrap) => wrap(assigned),
            None => assigned,
        })
    }

    fn or(&mut self, context: Context) -> Parsed {
        let mut left = self.and(context)?;
        while self.accept("||")? {
            self.newlines()?;
            left = Expression::Or(Box::new([left, self.and(context)?]));
        }
        Ok(left)
    }

    fn and(&mut self, context: Context) -> Parsed {
        let mut left = self.membership(context)?;
        while self.accept("&&")? {
            self.newlines()?;
            left = Expression::And(Box::new([left, self.membership(context)?]));
        }
        Ok(left)
    }

    fn membership(&mut self, context: Context) -> Parsed {
        let mut left = self.matching(context)?;
        while self.token == Token::Keyword(Keyword::In) {
            self.advance()?;
            left = self.array_of(vec![left])?;
        }
        Ok(left)
    }

    fn array_of(&mut self, keys: Vec<Expression>) -> Parsed {
        let Token::Name(name) = self.advance()? else {
            return Err("syntax error: 'in' needs an array".into());
        };
        let slot = self.slot(&name)?;
        self.used_as_array(slot);
        Ok(Expression::In(keys, slot))
    }

    fn matching(&mut self, context: Context) -> Parsed {
        let mut left = self.comparison(context)?;
        while self.is("~") || self.is("!~") {
            let negated = self.is("!~");
            self.advance()?;
            let right = self.comparison(context)?;
            left = Expression::Match(negated, Box::new([left, right]));
        }
        Ok(left)
    }

    fn comparison(&mut self, context: Context) -> Parsed {
        let left = self.join(context)?;
        let how = match self.token {
            Token::Sign("<") => Comparison::Less,
            Token::Sign("<=") => Comparison::LessEqual,
            Token::Sign("==") => Comparison::Equal,
            Token::Sign("!=") => Comparison::NotEqual,
            Token::Sign(">") if !context.printing => Comparison::Greater,
            Token::Sign(">=") => Comparison::GreaterEqual,
            _ => return Ok(left),
        };
        self.advance()?;
        let right = self.join(context)?;
        Ok(Expression::Compare(how, Box::new([left, right])))
    }

    /// Operands side by side, and `command | getline`.
    fn join(&mut self, context: Context) -> Parsed {
        let first = self.sum(context)?;
        let mut joined = vec![first];
        loop {
            if self.starts_operand() {
                joined.push(self.sum(context)?);
                continue;
            }
            if self.is("|") && self.getline_follows() {
                self.advance()?;
                self.advance()?;
                let command = collapse(joined);
                let target = self.getline_target(context)?;
                joined = vec![Expression::Getline(Source::Command(Box::new(command)), target)];
                continue;
            }
            if self.is("|&") {
                return Err("coprocesses (|&) are not supported; write to a file, or use two pipes".into());
            }
            return Ok(collapse(joined));
        }
    }

    fn starts_operand(&self) -> bool {
        match &self.token {
            Token::Number(_) | Token::Text(_) | Token::Pattern(_) | Token::Call(_) | Token::Name(_) => true,
            Token::Sign(sign) => matches!(*sign, "$" | "(" | "++" | "--"),
            _ => false,
        }
    }

    fn sum(&mut self, context: Context) -> Parsed {
        let mut left = self.product(context)?;
        loop {
            let operator = match self.token {
                Token::Sign("+") => Arithmetic::Add,
                Token::Sign("-") => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.advance()?;
            left = Expression::Arithmetic(operator, Box::new([left, self.product(context)?]));
        }
    }

    fn product(&mut self, context: Context) -> Parsed {
        let mut left = self.unary(context)?;
        loop {
            let operator = match self.token {
                Token::Sign("*") => Arithmetic::Multiply,
                Token::Sign("/") => Arithmetic::Divide,
                Token::Sign("%") => Arithmetic::Remainder,
                _ => return Ok(left),
            };
            self.advance()?;
            left = Expression::Arithmetic(operator, Box::new([left, self.unary(context)?]));
        }
    }

    fn unary(&mut self, context: Context) -> Parsed {
        self.deeper(|parser| {
            if parser.accept("!")? {
                return Ok(Expression::Not(Box::new(parser.unary(context)?)));
            }
            if parser.accept("-")? {
                return Ok(Expression::Negate(Box::new(parser.unary(context)?)));
            }
            if parser.accept("+")? {
                return Ok(Expression::Positive(Box::new(parser.unary(context)?)));
            }
            parser.power(context)
        })
    }

    fn power(&mut self, context: Context) -> Parsed {
        let base = self.stepped(context)?;
        if self.accept("^")? {
            // To the right: `2^3^2`, and `2^-1`.
            let exponent = self.unary(context)?;
            return Ok(Expression::Arithmetic(Arithmetic::Power, Box::new([base, exponent])));
        }
        Ok(base)
    }

    fn stepped(&mut self, context: Context) -> Parsed {
        for (sign, amount) in [("++", 1.0), ("--", -1.0)] {
            if self.accept(sign)? {
                return match self.primary(context)? {
                    Expression::Place(place) => Ok(Expression::Step(amount, true, place)),
                    _ => Err(format!("syntax error: '{sign}' needs a variable")),
                };
            }
        }
        let operand = self.primary(context)?;
        if let Expression::Place(place) = operand {
            for (sign, amount) in [("++", 1.0), ("--", -1.0)] {
                if self.accept(sign)? {
                    return Ok(Expression::Step(amount, false, place));
                }
            }
            return Ok(Expression::Place(place));
        }
        Ok(operand)
    }

    fn primary(&mut self, context: Context) -> Parsed {
        if self.is("(") {
            return self.grouped(context);
        }
        if self.accept("$")? {
            let number = self.deeper(|parser| parser.field_number(context))?;
            return Ok(Expression::Place(Place::Field(Box::new(number))));
        }
        match self.advance()? {
            Token::Number(number) => Ok(Expression::Number(number)),
            Token::Text(text) => Ok(Expression::Text(text)),
            Token::Pattern(source) => Ok(Expression::Pattern(Rc::new(Pattern::new(&source)?))),
            Token::Name(name) => self.named(&name),
            Token::Call(name) => self.call(&name),
            Token::Keyword(Keyword::Getline) => {
                let target = self.getline_target(context)?;
                if self.accept("<")? {
                    let file = self.deeper(|parser| parser.file_operand(context))?;
                    return Ok(Expression::Getline(Source::File(Box::new(file)), target));
                }
                Ok(Expression::Getline(Source::Main, target))
            }
            token => {
                self.token = token;
                Err(format!("syntax error at or near {}", self.shown()))
            }
        }
    }

    /// The operand of `$`, which binds tighter than everything but grouping and `++`.
    fn field_number(&mut self, context: Context) -> Parsed {
        if self.accept("-")? {
            return Ok(Expression::Negate(Box::new(self.field_number(context)?)));
        }
        if self.is("++") || self.is("--") {
            return self.stepped(context);
        }
        self.primary(context)
    }

    fn file_operand(&mut self, context: Context) -> Parsed {
        self.primary(context)
    }

    /// `(expression)`, `(a, b) in array`, or the arguments of `print (a, b)`.
    fn grouped(&mut self, context: Context) -> Parsed {
        self.advance()?;
        self.newlines()?;
        let first = self.expression()?;
        self.newlines()?;
        if self.accept(")")? {
            return Ok(Expression::Group(Box::new(first)));
        }
        let mut list = vec![first];
        while self.accept(",")? {
            self.newlines()?;
            list.push(self.expression()?);
            self.newlines()?;
        }
        self.expect(")")?;
        if self.token == Token::Keyword(Keyword::In) {
            self.advance()?;
            return self.array_of(list);
        }
        if context.printing {
            // Marked, and taken apart by `print_arguments`.
            let mark = Expression::Group(Box::new(Expression::Number(f64::NAN)));
            list.insert(0, mark);
            return Ok(Expression::Builtin(Builtin::Sprintf, list));
        }
        Err("syntax error: a list in parentheses needs 'in' and an array after it".into())
    }

    fn named(&mut self, name: &str) -> Parsed {
        // `length` needs no parentheses.
        if name == "length" {
            return Ok(Expression::Builtin(Builtin::Length, Vec::new()));
        }
        let slot = self.slot(name)?;
        if self.accept("[")? {
            self.used_as_array(slot);
            return Ok(Expression::Place(Place::Element(slot, self.keys()?)));
        }
        Ok(Expression::Place(Place::Variable(slot)))
    }

    fn getline_target(&mut self, context: Context) -> Result<Option<Place>, String> {
        let starts = matches!(self.token, Token::Name(_)) || self.is("$");
        if !starts {
            return Ok(None);
        }
        match self.primary(context)? {
            Expression::Place(place) => Ok(Some(place)),
            _ => Err("syntax error: 'getline' needs a variable".into()),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Expression>, String> {
        self.expect("(")?;
        self.newlines()?;
        let mut arguments = Vec::new();
        while !self.is(")") {
            arguments.push(self.expression()?);
            self.newlines()?;
            if !self.is(")") {
                self.expect(",")?;
                self.newlines()?;
            }
        }
        self.advance()?;
        Ok(arguments)
    }

    fn call(&mut self, name: &str) -> Parsed {
        let arguments = self.arguments()?;
        if let Some((_, builtin, least, most)) = BUILTINS.iter().find(|(known, ..)| *known == name) {
            if !(*least..=*most).contains(&arguments.len()) {
                return Err(format!("wrong number of arguments for {name}()"));
            }
            for position in array_arguments(*builtin) {
                match arguments.get(*position) {
                    Some(Expression::Place(Place::Variable(slot))) => self.used_as_array(*slot),
                    Some(_) => return Err(format!("argument {} of {name}() must be an array", position + 1)),
                    None => {}
                }
            }
            return Ok(Expression::Builtin(*builtin, arguments));
        }
        let number = self.function(name, arguments.len());
        for (position, argument) in arguments.iter().enumerate() {
            if let Expression::Place(Place::Variable(slot)) = argument {
                self.passes(*slot, number, position);
            }
        }
        Ok(Expression::Call(number, arguments))
    }
}

fn collapse(mut joined: Vec<Expression>) -> Expression {
    if joined.len() == 1 {
        joined.remove(0)
    } else {
        Expression::Join(joined)
    }
}

/// What is assigned to, and what the assignment is an operand of.
type Split = (Place, Option<Box<dyn FnOnce(Expression) -> Expression>>);

/// The right operand as the place of an assignment.
fn split_pair(
    pair: [Expression; 2],
    rebuild: impl FnOnce(Box<[Expression; 2]>) -> Expression + 'static,
) -> Result<Split, String> {
    let [left, right] = pair;
    match right {
        Expression::Place(place) => Ok((place, Some(Box::new(move |e| rebuild(Box::new([left, e])))))),
        _ => Err("syntax error: nothing that can be assigned to before '='".into()),
    }
}
