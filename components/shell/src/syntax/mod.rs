//! Bash grammar: source text to syntax tree.

mod alias;
pub(crate) mod ast;
pub(crate) mod brace;
mod command;
mod compound;
mod cond;
mod error;
mod param;
mod scan;
mod word;

pub(crate) use alias::Source;
pub(crate) use command::Parser;
pub(crate) use error::SyntaxError;

/// The word that a prompt is, once its escapes are decoded: expansions count, quotes do not.
pub(crate) fn prompt_word(text: &str) -> Result<ast::Word, SyntaxError> {
    Parser::new(text, 1, false).text_word(word::Context::HERE_DOC, word::Stop::End)
}
