//! find's expressions, as a tree.

use crate::glob::Glob;
use std::ffi::OsString;
use std::time::SystemTime;

/// How a number must compare: `+5`, `-5` or `5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `+N`
    More(u64),
    /// `-N`
    Less(u64),
    /// `N`
    Exactly(u64),
}

impl Compare {
    /// Whether a number compares so.
    pub fn holds(self, number: u64) -> bool {
        match self {
            Self::More(bound) => number > bound,
            Self::Less(bound) => number < bound,
            Self::Exactly(bound) => number == bound,
        }
    }
}

/// Which permission bits must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permissions {
    /// `-perm MODE`: exactly these.
    Exactly(u32),
    /// `-perm -MODE`: all of these.
    All(u32),
    /// `-perm /MODE`: any of these.
    Any(u32),
}

/// A command of `-exec` and its kin.
#[derive(Debug)]
pub struct Exec {
    /// Its words; `{}` in them stands for the path.
    pub words: Vec<OsString>,
    /// `+`: many paths at once, at the end.
    pub many: bool,
    /// `-execdir`: in the directory of the file, with `./NAME`.
    pub in_directory: bool,
    /// Number of this command, by which collected paths are kept.
    pub index: usize,
}

/// One node.
pub enum Expression {
    /// Both, the second only if the first is true.
    And(Box<Expression>, Box<Expression>),
    /// Either, the second only if the first is false.
    Or(Box<Expression>, Box<Expression>),
    /// `,`: both; the second counts.
    List(Box<Expression>, Box<Expression>),
    /// `!`
    Not(Box<Expression>),
    /// `-true`
    True,
    /// `-false`
    False,
    /// `-name`, `-iname`
    Name(Glob),
    /// `-path`, `-ipath`, `-wholename`
    Path(Glob),
    /// `-regex`, `-iregex`: of the whole path.
    Regex(regex::Regex),
    /// `-lname`
    LinkName(Glob),
    /// `-type`: any of these letters.
    Type(Vec<char>),
    /// `-size`: number, and bytes of its unit.
    Size(Compare, u64),
    /// `-empty`
    Empty,
    /// `-newer`, `-newermt`, `-mnewer`: modified after.
    Newer(SystemTime),
    /// `-mtime`, `-mmin`: number, and seconds of its unit.
    Modified(Compare, u64),
    /// `-perm`
    Perm(Permissions),
    /// `-readable`, `-writable`, `-executable`: the owner's bit.
    Access(u32),
    /// `-user`, `-uid`
    User(u32),
    /// `-group`, `-gid`
    Group(u32),
    /// `-links`
    Links(Compare),
    /// `-inum`
    Inode(Compare),
    /// `-print`, `-print0`: and what ends the path.
    Print(char),
    /// `-printf`
    Printf(Vec<super::printf::Piece>),
    /// `-ls`
    Ls,
    /// `-delete`
    Delete,
    /// `-prune`
    Prune,
    /// `-quit`
    Quit,
    /// `-exec`, `-execdir`
    Exec(Exec),
}

/// Everything of a command line.
pub struct Plan {
    /// Where to start.
    pub roots: Vec<OsString>,
    /// What to do with each file.
    pub expression: Expression,
    /// `-maxdepth`
    pub most_depth: usize,
    /// `-mindepth`
    pub least_depth: usize,
    /// `-depth`: what a directory holds before itself.
    pub contents_first: bool,
    /// `-L`: follow symbolic links.
    pub follow: bool,
    /// `-H`: follow those among the roots.
    pub follow_roots: bool,
    /// How many `-exec` there are.
    pub commands: usize,
}
