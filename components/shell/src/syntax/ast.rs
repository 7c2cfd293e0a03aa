//! The syntax tree of a script: what the parser makes and the interpreter walks.

use std::cell::OnceCell;
use std::rc::Rc;

/// A list of commands, run one after another.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub items: Vec<Item>,
}

/// One and-or list, in the foreground or (`&`) in the background.
#[derive(Debug)]
pub(crate) struct Item {
    pub first: Rc<Pipeline>,
    /// true: `&&`; false: `||`.
    pub rest: Vec<(bool, Rc<Pipeline>)>,
    pub background: bool,
    /// The source text, for `jobs`.
    pub text: String,
}

#[derive(Debug)]
pub(crate) struct Pipeline {
    pub negate: bool,
    /// `time`: report how long it took; true for the `-p` format.
    pub time: Option<bool>,
    pub commands: Vec<Rc<Command>>,
    /// The source text, for jobs; empty deep inside other commands.
    pub text: Rc<str>,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub line: u32,
    pub kind: Kind,
    pub redirects: Vec<Redirect>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Simple(Simple),
    Subshell(Rc<List>),
    Group(List),
    If {
        branches: Vec<(List, List)>,
        otherwise: Option<List>,
    },
    Loop {
        until: bool,
        condition: List,
        body: List,
    },
    For {
        name: String,
        /// none: over the positional parameters.
        words: Option<Vec<Word>>,
        body: List,
    },
    ForArith {
        init: Word,
        condition: Word,
        step: Word,
        body: List,
    },
    Case {
        subject: Word,
        arms: Vec<Arm>,
    },
    /// `select name in words; do …; done`.
    Select {
        name: String,
        words: Option<Vec<Word>>,
        body: List,
    },
    /// `coproc [name] command`.
    Coproc {
        name: String,
        body: Rc<Command>,
    },
    Arith(Word),
    Cond(Cond),
    Function {
        name: String,
        body: Rc<Command>,
        /// The source of the body, for `declare -f`.
        source: Rc<str>,
    },
}

#[derive(Debug)]
pub(crate) struct Arm {
    pub patterns: Vec<Word>,
    pub body: List,
    pub after: After,
}

/// What follows a case arm: `;;`, `;&` or `;;&`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Stop,
    FallThrough,
    TestNext,
}

/// The expression of `[[ … ]]`.
#[derive(Debug)]
pub(crate) enum Cond {
    Or(Box<Cond>, Box<Cond>),
    And(Box<Cond>, Box<Cond>),
    Not(Box<Cond>),
    Unary(String, Word),
    Binary(String, Word, Word),
    NonEmpty(Word),
}

#[derive(Debug, Default)]
pub(crate) struct Simple {
    pub assigns: Vec<Assign>,
    pub args: Vec<Arg>,
}

/// An argument: a word, or for `declare` and its kin an assignment.
#[derive(Debug)]
pub(crate) enum Arg {
    Word(Word),
    Assign(Assign),
}

#[derive(Debug)]
pub(crate) struct Assign {
    pub name: String,
    pub index: Option<Word>,
    pub append: bool,
    pub value: AssignValue,
}

#[derive(Debug)]
pub(crate) enum AssignValue {
    Scalar(Word),
    /// `(a b [k]=v)`: optional key and value.
    Array(Vec<(Option<Word>, Word)>),
}

#[derive(Debug)]
pub(crate) struct Redirect {
    pub fd: Option<u32>,
    /// `{name}>file`: a descriptor is chosen and stored in the variable.
    pub variable: Option<String>,
    pub kind: RedirectKind,
    pub target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RedirectKind {
    Read,
    Write,
    Clobber,
    Append,
    ReadWrite,
    DupIn,
    DupOut,
    Both,
    BothAppend,
    HereString,
    HereDoc,
}

#[derive(Debug)]
pub(crate) enum Target {
    Word(Word),
    /// Filled in when the parser reaches the end of the line.
    HereDoc(Rc<OnceCell<Word>>),
}

/// A word before expansion.
#[derive(Debug, Clone, Default)]
pub(crate) struct Word {
    pub pieces: Vec<Piece>,
    /// It holds an unquoted `{`, so brace expansion must look at it.
    pub brace: bool,
}

impl Word {
    /// A word that is this literal, unquoted.
    pub fn literal(text: &str) -> Self {
        Self {
            pieces: vec![Piece::Literal(text.to_owned())],
            brace: false,
        }
    }

    /// The text, if the word is one unquoted literal.
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Literal(String),
    /// Quoted by quotes or a backslash: never split, never a pattern.
    Quoted(String),
    DoubleQuoted(Vec<Piece>),
    Param(Rc<Param>),
    Command(Rc<List>),
    /// `$(<file)`: the content of a file.
    Arith(Rc<Word>),
    Tilde(String),
    /// `<(list)` (true) or `>(list)` (false).
    ProcessSubstitution(bool, Rc<List>),
}

#[derive(Debug)]
pub(crate) struct Param {
    pub name: String,
    pub index: Option<Index>,
    /// `${!name}`.
    pub indirect: bool,
    pub op: Op,
}

#[derive(Debug)]
pub(crate) enum Index {
    At,
    Star,
    Expr(Word),
}

#[derive(Debug)]
pub(crate) enum Op {
    None,
    Length,
    /// `- = ? +`, with or without the colon.
    Default {
        colon: bool,
        kind: char,
        word: Word,
    },
    Trim {
        suffix: bool,
        longest: bool,
        pattern: Word,
    },
    Replace {
        all: bool,
        /// `#` or `%`, if anchored.
        anchor: Option<char>,
        pattern: Word,
        with: Word,
    },
    Substring {
        offset: Word,
        length: Option<Word>,
    },
    Case {
        upper: bool,
        all: bool,
        toggle: bool,
        pattern: Option<Word>,
    },
    Transform(char),
    /// `${!name[@]}`.
    Keys,
    /// `${!prefix*}`.
    Names,
    /// Syntactically wrong; an error when it is expanded, as in bash.
    Bad(String),
}
