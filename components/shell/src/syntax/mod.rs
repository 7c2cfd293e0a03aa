//! Bash grammar: source text to syntax tree.

pub(crate) mod ast;
pub(crate) mod brace;
mod command;
mod compound;
mod cond;
mod error;
mod param;
mod scan;
mod word;

pub(crate) use command::Parser;
pub(crate) use error::SyntaxError;
