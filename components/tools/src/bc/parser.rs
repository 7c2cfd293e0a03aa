//! The language of bc, read into trees.

use super::lexer::{Lexer, Token};
use super::tree::{Argument, Expression, Function, Place, Statement};

/// Statements and expressions inside each other at most.
const MOST_DEPTH: usize = 200;

/// Reads a program statement by statement.
pub struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    depth: usize,
}

type Parsed<T> = Result<T, String>;
/// The names of a function that are its own (and whether each is an array), and its body.
type OwnBlock = (Vec<(String, bool)>, Vec<Statement>);

impl<'a> Parser<'a> {
    /// A parser of `text`.
    pub fn new(text: &'a str) -> Self {
        Self {
            lexer: Lexer::new(text),
            token: Token::Line,
            depth: 0,
        }
    }

    /// The next statement at the top; none at the end. After an error the rest of its line is gone.
    ///
    /// # Errors
    /// A sentence.
    pub fn next(&mut self) -> Parsed<Option<Statement>> {
        let parsed = self.top();
        if parsed.is_err() {
            self.depth = 0;
            self.lexer.skip_line();
            self.token = Token::Line;
        }
        parsed
    }

    fn top(&mut self) -> Parsed<Option<Statement>> {
        self.skip_ends()?;
        if self.token == Token::End {
            return Ok(None);
        }
        let statement = self.statement()?;
        match self.token {
            Token::Line | Token::End | Token::Operator(";") => Ok(Some(statement)),
            // After a function's brace.
            _ if matches!(
                statement,
                Statement::Define(..) | Statement::Block(_) | Statement::If(..)
            ) =>
            {
                Ok(Some(statement))
            }
            _ => Err("syntax error".into()),
        }
    }

    fn advance(&mut self) -> Parsed<()> {
        self.token = self.lexer.next()?;
        Ok(())
    }

    fn eat(&mut self, operator: &'static str) -> Parsed<bool> {
        let found = self.token == Token::Operator(operator);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn want(&mut self, operator: &'static str) -> Parsed<()> {
        if self.eat(operator)? {
            Ok(())
        } else {
            Err("syntax error".into())
        }
    }

    fn skip_lines(&mut self) -> Parsed<()> {
        while self.token == Token::Line {
            self.advance()?;
        }
        Ok(())
    }

    fn word(&self) -> Option<String> {
        match &self.token {
            Token::Name(name) => Some(name.clone()),
            _ => None,
        }
    }

    fn name(&mut self) -> Parsed<String> {
        let name = self.word().ok_or("syntax error")?;
        self.advance()?;
        Ok(name)
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err("too deeply nested".into());
        }
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn statement(&mut self) -> Parsed<Statement> {
        self.deeper(Self::any_statement)
    }

    fn any_statement(&mut self) -> Parsed<Statement> {
        if let Token::Text(text) = &self.token {
            let text = text.clone();
            self.advance()?;
            return Ok(Statement::Text(text));
        }
        if self.token == Token::Operator("{") {
            return Ok(Statement::Block(self.block()?));
        }
        match self.word().as_deref() {
            Some("if") => {
                self.advance()?;
                self.want("(")?;
                let condition = self.expression()?;
                self.want(")")?;
                self.skip_lines()?;
                let then = self.statement()?;
                let mut other = None;
                if self.word().as_deref() == Some("else") {
                    self.advance()?;
                    self.skip_lines()?;
                    other = Some(Box::new(self.statement()?));
                }
                Ok(Statement::If(condition, Box::new(then), other))
            }
            Some("while") => {
                self.advance()?;
                self.want("(")?;
                let condition = self.expression()?;
                self.want(")")?;
                self.skip_lines()?;
                Ok(Statement::While(condition, Box::new(self.statement()?)))
            }
            Some("for") => {
                self.advance()?;
                self.want("(")?;
                let mut parts = [None, None, None];
                for (at, end) in [";", ";", ")"].into_iter().enumerate() {
                    if self.token != Token::Operator(end) {
                        parts[at] = Some(self.expression()?);
                    }
                    self.want(end)?;
                }
                self.skip_lines()?;
                let [first, condition, step] = parts;
                Ok(Statement::For(first, condition, step, Box::new(self.statement()?)))
            }
            Some("define") => self.define(),
            Some("return") => {
                self.advance()?;
                let ends = matches!(self.token, Token::Line | Token::End | Token::Operator(";" | "}"));
                Ok(Statement::Return(if ends { None } else { Some(self.expression()?) }))
            }
            Some("break") => self.advance().map(|()| Statement::Break),
            Some("continue") => self.advance().map(|()| Statement::Continue),
            // Not the next token: it may be on a line that nobody has typed yet.
            Some("quit" | "halt") => {
                self.token = Token::Line;
                Ok(Statement::Quit)
            }
            Some("print") => {
                self.advance()?;
                let mut parts = Vec::new();
                loop {
                    if let Token::Text(text) = &self.token {
                        parts.push(Ok(text.clone()));
                        self.advance()?;
                    } else {
                        parts.push(Err(self.expression()?));
                    }
                    if !self.eat(",")? {
                        return Ok(Statement::Print(parts));
                    }
                }
            }
            _ => Ok(Statement::Expression(self.expression()?)),
        }
    }

    fn block(&mut self) -> Parsed<Vec<Statement>> {
        self.want("{")?;
        self.rest_of_block()
    }

    /// Statements up to the brace that ends them.
    fn rest_of_block(&mut self) -> Parsed<Vec<Statement>> {
        let mut statements = Vec::new();
        loop {
            self.skip_ends()?;
            if self.eat("}")? {
                return Ok(statements);
            }
            if self.token == Token::End {
                return Err("syntax error".into());
            }
            statements.push(self.statement()?);
        }
    }

    /// Passes over what ends statements.
    fn skip_ends(&mut self) -> Parsed<()> {
        while self.token == Token::Line || self.token == Token::Operator(";") {
            self.advance()?;
        }
        Ok(())
    }

    fn names(&mut self) -> Parsed<Vec<(String, bool)>> {
        let mut names = Vec::new();
        while self.word().is_some() {
            let name = self.name()?;
            let is_array = self.eat("[")?;
            if is_array {
                self.want("]")?;
            }
            names.push((name, is_array));
            if !self.eat(",")? {
                break;
            }
        }
        Ok(names)
    }

    fn define(&mut self) -> Parsed<Statement> {
        self.advance()?;
        let mut name = self.name()?;
        if name == "void" {
            name = self.name()?;
        }
        self.want("(")?;
        let parameters = self.names()?;
        self.want(")")?;
        self.skip_lines()?;
        let (own, body) = self.block_with_own()?;
        let function = Function { parameters, own, body };
        Ok(Statement::Define(name, function))
    }

    fn block_with_own(&mut self) -> Parsed<OwnBlock> {
        self.want("{")?;
        self.skip_ends()?;
        let mut own = Vec::new();
        if self.word().as_deref() == Some("auto") {
            self.advance()?;
            own = self.names()?;
        }
        Ok((own, self.rest_of_block()?))
    }

    /// As GNU bc has the order: `||`, `&&`, `!`, relations, assignment, sums, products, sign, power.
    fn expression(&mut self) -> Parsed<Expression> {
        self.deeper(|parser| parser.level(0))
    }

    fn level(&mut self, level: usize) -> Parsed<Expression> {
        const LEVELS: [&[&str]; 5] = [
            &["||"],
            &["&&"],
            &["==", "<=", ">=", "!=", "<", ">"],
            &["+", "-"],
            &["*", "/", "%"],
        ];
        if level == 2 && self.eat("!")? {
            let inner = self.deeper(|parser| parser.level(2))?;
            return Ok(Expression::Unary('!', Box::new(inner)));
        }
        let Some(operators) = LEVELS.get(level) else {
            return self.power();
        };
        let mut left = self.level(level + 1)?;
        while let Token::Operator(operator) = self.token {
            if !operators.contains(&operator) {
                break;
            }
            self.advance()?;
            let right = self.level(level + 1)?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    /// A sign binds closer than a power: `-2^2` is 4.
    fn signed(&mut self) -> Parsed<Expression> {
        self.deeper(|parser| {
            if parser.eat("-")? {
                return Ok(Expression::Unary('-', Box::new(parser.signed()?)));
            }
            if parser.eat("+")? {
                return parser.signed();
            }
            parser.primary()
        })
    }

    fn power(&mut self) -> Parsed<Expression> {
        self.deeper(|parser| {
            let base = parser.signed()?;
            if parser.eat("^")? {
                // To the right: 2^3^2 is 2^9.
                let exponent = parser.power()?;
                return Ok(Expression::Binary("^", Box::new(base), Box::new(exponent)));
            }
            Ok(base)
        })
    }

    fn primary(&mut self) -> Parsed<Expression> {
        match self.token.clone() {
            Token::Number(text) => {
                self.advance()?;
                Ok(Expression::Number(text))
            }
            Token::Operator("(") => {
                self.advance()?;
                let inner = self.expression()?;
                self.want(")")?;
                Ok(Expression::Group(Box::new(inner)))
            }
            Token::Operator(operator @ ("++" | "--")) => {
                self.advance()?;
                let place = self.place()?;
                Ok(Expression::Step(place, if operator == "++" { 1 } else { -1 }, false))
            }
            Token::Name(name) => {
                self.advance()?;
                if self.eat("(")? {
                    return Ok(Expression::Call(name, self.arguments()?));
                }
                let place = self.rest_of_place(name)?;
                self.after(place)
            }
            _ => Err("syntax error".into()),
        }
    }

    fn place(&mut self) -> Parsed<Place> {
        let name = self.name()?;
        self.rest_of_place(name)
    }

    fn rest_of_place(&mut self, name: String) -> Parsed<Place> {
        if self.eat("[")? {
            let index = self.expression()?;
            self.want("]")?;
            return Ok(Place::Element(name, Box::new(index)));
        }
        Ok(Place::Name(name))
    }

    fn after(&mut self, place: Place) -> Parsed<Expression> {
        let Token::Operator(operator) = self.token else {
            return Ok(Expression::Place(place));
        };
        let plain = match operator {
            "=" => "=",
            "+=" => "+",
            "-=" => "-",
            "*=" => "*",
            "/=" => "/",
            "%=" => "%",
            "^=" => "^",
            "++" | "--" => {
                self.advance()?;
                return Ok(Expression::Step(place, if operator == "++" { 1 } else { -1 }, true));
            }
            _ => return Ok(Expression::Place(place)),
        };
        self.advance()?;
        // Sums bind closer than an assignment, relations do not.
        let value = self.deeper(|parser| parser.level(3))?;
        Ok(Expression::Assign(place, plain, Box::new(value)))
    }

    fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        let mut arguments = Vec::new();
        if self.eat(")")? {
            return Ok(arguments);
        }
        loop {
            let is_array = self.lexer.is_at_brackets();
            match self.word().filter(|_| is_array) {
                Some(name) => {
                    self.advance()?;
                    self.want("[")?;
                    self.want("]")?;
                    arguments.push(Argument::Array(name));
                }
                None => arguments.push(Argument::Value(self.expression()?)),
            }
            if self.eat(")")? {
                return Ok(arguments);
            }
            self.want(",")?;
        }
    }
}
