//! Builtin commands. They read and write the shell's own descriptors, never std's.

mod compgen;
mod declare;
mod directory;
mod flow;
mod getopts;
mod history;
mod jobs;
mod limits;
mod lookup;
mod options;
mod output;
mod read;
mod stack;
mod test;
mod trap;

pub(crate) use flow::source;
pub(crate) use lookup::KEYWORDS;
pub(crate) use options::{is_on as option_is_on, parse_invocation_flag, set_named, shell_options};

use crate::run::simple::Argument;
use crate::shell::{Shell, Step};
use crate::task::Fut;

/// All names, in order.
pub(crate) const NAMES: [&str; 62] = [
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "break",
    "builtin",
    "cd",
    "command",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "kill",
    "let",
    "local",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
    "which",
    "caller",
    "enable",
    "suspend",
    "bind",
    "compgen",
    "complete",
    "compopt",
    "fc",
    "logout",
];

/// Whether this is a builtin.
pub(crate) fn exists(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Runs a builtin. `args` starts with its name; `arrays` keeps the assignments of a declaration.
pub(crate) fn run<'a>(
    shell: &'a mut Shell,
    name: &'a str,
    args: &'a [String],
    arrays: &'a [Argument<'a>],
) -> Fut<'a, Step> {
    Box::pin(async move {
        let rest = args.get(1..).unwrap_or_default();
        match name {
            ":" | "true" => Ok(0),
            "false" => Ok(1),
            "echo" => output::echo(shell, rest).await,
            "printf" => output::printf(shell, rest).await,
            "test" | "[" => test::run(shell, name, rest).await,
            "cd" => directory::cd(shell, rest).await,
            "pwd" => directory::pwd(shell, rest).await,
            "pushd" | "popd" | "dirs" => stack::run(shell, name, rest).await,
            "umask" => directory::umask(shell, rest).await,
            "declare" | "typeset" | "local" | "export" | "readonly" => declare::run(shell, name, rest, arrays).await,
            "unset" => declare::unset(shell, rest).await,
            "let" => declare::let_builtin(shell, rest).await,
            "alias" | "unalias" => lookup::alias(shell, name, rest).await,
            "type" | "which" => lookup::type_builtin(shell, name, rest).await,
            "command" | "builtin" => lookup::command(shell, name, rest).await,
            "history" => history::history(shell, rest).await,
            "hash" => lookup::hash(shell, rest).await,
            "disown" => jobs::disown(shell, rest).await,
            "fg" | "bg" => jobs::resume(shell, name, rest).await,
            // Set up by many startup files; completion here needs no rules.
            "enable" | "suspend" | "help" | "bind" | "complete" | "compopt" => Ok(0),
            "compgen" => compgen::compgen(shell, rest).await,
            "fc" => history::fc(shell, rest).await,
            "read" => read::read(shell, rest).await,
            "mapfile" | "readarray" => read::mapfile(shell, rest).await,
            "set" => options::set(shell, rest).await,
            "shopt" => options::shopt(shell, rest).await,
            "shift" => flow::shift(shell, rest).await,
            "break" | "continue" => flow::break_continue(shell, name, rest).await,
            "return" | "exit" => flow::leave(shell, name, rest).await,
            "logout" => flow::leave(shell, "exit", rest).await,
            "eval" => flow::eval(shell, rest).await,
            "." | "source" => flow::source(shell, rest).await,
            "trap" => trap::trap(shell, rest).await,
            "caller" => flow::caller(shell, rest).await,
            "getopts" => getopts::run(shell, rest).await,
            "wait" => jobs::wait(shell, rest).await,
            "kill" => jobs::kill(shell, rest).await,
            "jobs" => jobs::jobs(shell, rest).await,
            "times" => shell.write(1, "0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n").await,
            "ulimit" => limits::ulimit(shell, rest).await,
            _ => {
                shell.complain(&format!("{name}: not supported")).await;
                Ok(1)
            }
        }
    })
}

/// A usage error: the message, and status 2.
pub(crate) async fn usage(shell: &mut Shell, message: &str) -> Step {
    shell.complain(message).await;
    Ok(2)
}
