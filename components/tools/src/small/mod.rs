//! Small tools, each of which is a page of code.

pub mod absent;
pub mod df;
pub mod du;
pub mod dump;
pub mod file;
pub mod make;
pub mod processes;
pub mod stat;
pub mod system;
pub mod terminal;
pub mod text;
