//! Programs of bc as trees.

/// An expression.
#[derive(Clone, Debug)]
pub enum Expression {
    /// Digits, as they stand there.
    Number(String),
    /// A place.
    Place(Place),
    /// A function of the user's, or a built-in one.
    Call(String, Vec<Argument>),
    /// `-x`, `!x`.
    Unary(char, Box<Self>),
    /// `a op b`.
    Binary(&'static str, Box<Self>, Box<Self>),
    /// `place op= b`; op is `=` for none.
    Assign(Place, &'static str, Box<Self>),
    /// `++x`, `x--`: by what, and whether the value is that from before.
    Step(Place, i64, bool),
    /// `(x)`: printed even if it is an assignment.
    Group(Box<Self>),
}

/// What can be assigned to.
#[derive(Clone, Debug)]
pub enum Place {
    /// A variable, or one of `scale`, `ibase`, `obase`, `last`.
    Name(String),
    /// An element.
    Element(String, Box<Expression>),
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A value.
    Value(Expression),
    /// `name[]`.
    Array(String),
}

/// A statement.
#[derive(Clone, Debug)]
pub enum Statement {
    /// Printed, unless it is an assignment.
    Expression(Expression),
    /// Printed as it is.
    Text(String),
    /// `print`.
    Print(Vec<Result<String, Expression>>),
    /// `{ … }`.
    Block(Vec<Self>),
    /// `if`.
    If(Expression, Box<Self>, Option<Box<Self>>),
    /// `while`.
    While(Expression, Box<Self>),
    /// `for`.
    For(Option<Expression>, Option<Expression>, Option<Expression>, Box<Self>),
    /// `define`.
    Define(String, Function),
    /// `return`.
    Return(Option<Expression>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `quit`, `halt`.
    Quit,
}

/// A function of the user's.
#[derive(Clone, Debug)]
pub struct Function {
    /// Parameters; `true` for an array.
    pub parameters: Vec<(String, bool)>,
    /// Its own variables.
    pub own: Vec<(String, bool)>,
    /// What it does.
    pub body: Vec<Statement>,
}
