//! A parsed program: names are resolved to slots, and every slot is known to hold a value or an array.

use super::regex::Pattern;
use super::value::Str;
use std::rc::Rc;

/// Where a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Of the whole program.
    Global(usize),
    /// A parameter of the running function.
    Local(usize),
}

/// What can be assigned to.
#[derive(Debug)]
pub enum Place {
    /// A variable.
    Variable(Slot),
    /// An element of an array.
    Element(Slot, Vec<Expression>),
    /// A field, or the record.
    Field(Box<Expression>),
}

/// Operators of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `^`
    Power,
}

/// Operators of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

/// Where `getline` reads.
#[derive(Debug)]
pub enum Source {
    /// The main input.
    Main,
    /// `< file`
    File(Box<Expression>),
    /// `command |`
    Command(Box<Expression>),
}

/// An expression.
#[derive(Debug)]
pub enum Expression {
    Number(f64),
    Text(Str),
    /// A regular expression: alone, whether the record matches it.
    Pattern(Rc<Pattern>),
    Place(Place),
    Assign(Place, Box<Expression>),
    Update(Arithmetic, Place, Box<Expression>),
    /// The amount, and whether the value is that after it.
    Step(f64, bool, Place),
    Condition(Box<[Expression; 3]>),
    And(Box<[Expression; 2]>),
    Or(Box<[Expression; 2]>),
    Not(Box<Expression>),
    Negate(Box<Expression>),
    Positive(Box<Expression>),
    Arithmetic(Arithmetic, Box<[Expression; 2]>),
    Compare(Comparison, Box<[Expression; 2]>),
    Join(Vec<Expression>),
    /// Negated, text, pattern.
    Match(bool, Box<[Expression; 2]>),
    In(Vec<Expression>, Slot),
    /// A user's function by number.
    Call(usize, Vec<Expression>),
    Builtin(Builtin, Vec<Expression>),
    Getline(Source, Option<Place>),
    /// Parenthesized: no file of an output, no list.
    Group(Box<Expression>),
}

/// Where `print` writes.
#[derive(Debug)]
pub enum Output {
    Standard,
    File(Expression),
    Append(Expression),
    Command(Expression),
}

/// A statement.
#[derive(Debug)]
pub enum Statement {
    Expression(Expression),
    Print(Vec<Expression>, Output),
    Printf(Vec<Expression>, Output),
    If(Expression, Box<Statement>, Option<Box<Statement>>),
    While(Expression, Box<Statement>),
    DoWhile(Box<Statement>, Expression),
    For(
        Option<Box<Statement>>,
        Option<Expression>,
        Option<Box<Statement>>,
        Box<Statement>,
    ),
    ForIn(Place, Slot, Box<Statement>),
    Switch(Expression, Vec<(Option<Expression>, Vec<Statement>)>),
    Block(Vec<Statement>),
    Next,
    NextFile,
    Exit(Option<Expression>),
    Return(Option<Expression>),
    Break,
    Continue,
    Delete(Slot, Option<Vec<Expression>>),
}

/// When a rule's action runs.
#[derive(Debug)]
pub enum When {
    Begin,
    End,
    BeginFile,
    EndFile,
    Always,
    Matches(Expression),
    /// From, to, and the number of its switch.
    Range(Expression, Expression, usize),
}

/// A rule: an action of none prints the record.
#[derive(Debug)]
pub struct Rule {
    pub when: When,
    pub action: Option<Statement>,
}

/// A function of the program's own.
#[derive(Debug)]
pub struct Function {
    pub name: String,
    /// For each parameter, whether it is an array.
    pub arrays: Vec<bool>,
    pub body: Rc<Statement>,
}

/// A whole program.
#[derive(Debug)]
pub struct Program {
    pub rules: Vec<Rule>,
    pub functions: Vec<Function>,
    /// Names of the global variables, and whether each is an array.
    pub globals: Vec<(String, bool)>,
    /// How many ranges there are.
    pub ranges: usize,
}

/// Functions of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    And,
    Asort,
    Asorti,
    Atan2,
    Close,
    Compl,
    Cos,
    Exp,
    Fflush,
    Gensub,
    Gsub,
    Index,
    Int,
    Length,
    Log,
    Lshift,
    Match,
    Mktime,
    Or,
    Rand,
    Rshift,
    Sin,
    Split,
    Sprintf,
    Sqrt,
    Srand,
    Strftime,
    Strtonum,
    Sub,
    Substr,
    System,
    Systime,
    Tolower,
    Toupper,
    Xor,
}

/// Each function by name, with the least and the most arguments.
pub const BUILTINS: &[(&str, Builtin, usize, usize)] = &[
    ("and", Builtin::And, 2, 99),
    ("asort", Builtin::Asort, 1, 3),
    ("asorti", Builtin::Asorti, 1, 3),
    ("atan2", Builtin::Atan2, 2, 2),
    ("close", Builtin::Close, 1, 2),
    ("compl", Builtin::Compl, 1, 1),
    ("cos", Builtin::Cos, 1, 1),
    ("exp", Builtin::Exp, 1, 1),
    ("fflush", Builtin::Fflush, 0, 1),
    ("gensub", Builtin::Gensub, 3, 4),
    ("gsub", Builtin::Gsub, 2, 3),
    ("index", Builtin::Index, 2, 2),
    ("int", Builtin::Int, 1, 1),
    ("length", Builtin::Length, 0, 1),
    ("log", Builtin::Log, 1, 1),
    ("lshift", Builtin::Lshift, 2, 2),
    ("match", Builtin::Match, 2, 3),
    ("mktime", Builtin::Mktime, 1, 2),
    ("or", Builtin::Or, 2, 99),
    ("rand", Builtin::Rand, 0, 0),
    ("rshift", Builtin::Rshift, 2, 2),
    ("sin", Builtin::Sin, 1, 1),
    ("split", Builtin::Split, 2, 4),
    ("sprintf", Builtin::Sprintf, 1, 999),
    ("sqrt", Builtin::Sqrt, 1, 1),
    ("srand", Builtin::Srand, 0, 1),
    ("strftime", Builtin::Strftime, 0, 3),
    ("strtonum", Builtin::Strtonum, 1, 1),
    ("sub", Builtin::Sub, 2, 3),
    ("substr", Builtin::Substr, 2, 3),
    ("system", Builtin::System, 1, 1),
    ("systime", Builtin::Systime, 0, 0),
    ("tolower", Builtin::Tolower, 1, 1),
    ("toupper", Builtin::Toupper, 1, 1),
    ("xor", Builtin::Xor, 2, 99),
];

/// Which arguments of a function are arrays.
pub fn array_arguments(builtin: Builtin) -> &'static [usize] {
    match builtin {
        Builtin::Split => &[1, 3],
        Builtin::Match => &[2],
        Builtin::Asort | Builtin::Asorti => &[0, 1],
        _ => &[],
    }
}
