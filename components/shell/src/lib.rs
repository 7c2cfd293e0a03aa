//! The shell: sh and bash for sandboxes.
//!
//! A bash-compatible interpreter over [`os::Os`], the little it needs from the world. Subshells,
//! command substitutions, stages of pipelines and background lists are cooperative tasks, each with
//! a copy of the shell's state, on one thread; programs are processes of the world.

mod arith;
mod builtins;
mod clock;
mod edit;
mod expand;
mod history;
mod invoke;
mod jobs;
pub mod os;
mod pattern;
mod run;
mod shell;
mod signals;
mod syntax;
mod task;
mod text;
mod vars;

pub use invoke::run;
