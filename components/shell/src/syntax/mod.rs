//! Bash grammar: source text to syntax tree.

pub(crate) mod ast;
pub(crate) mod brace;
mod compound;
mod cond;
mod command;
mod error;
mod param;
mod scan;
mod word;

pub(crate) use command::Parser;
pub(crate) use error::SyntaxError;
