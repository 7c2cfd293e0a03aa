//! `git`: the commands of git, on libgit2. Everything that reads a repository happens here, inside the sandbox; the host
//! lends sockets under the sandbox's policy, and TLS.

mod api;
mod args;
mod commands;
mod console;
mod context;
mod credentials;
mod dates;
mod failure;
mod history;
mod net;
mod out;
mod pretty;
mod remotes;
mod transport;

use failure::Failure;

fn main() {
    sandbar_guest_rt::init();
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let code = match run(arguments) {
        Ok(code) => code,
        Err(failure) => {
            out::flush();
            failure.complain();
            failure.code
        }
    };
    out::flush();
    context::clean_up();
    sandbar_guest_rt::exit(code);
}

fn run(arguments: Vec<String>) -> Result<i32, Failure> {
    context::start()?;
    transport::register()?;
    let arguments = context::global_options(arguments)?;
    let Some((name, rest)) = arguments.split_first() else {
        out::line(commands::USAGE);
        return Ok(1);
    };
    let (name, rest) = commands::alias(name, rest)?;
    commands::dispatch(&name, rest)
}
