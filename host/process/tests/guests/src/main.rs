//! One program with many small behaviours, chosen by its first argument, for the tests of the process layer.
#![allow(clippy::print_stdout)]

#[cfg(target_family = "wasm")]
mod children;
#[cfg(target_family = "wasm")]
mod faults;
#[cfg(target_family = "wasm")]
mod flows;
#[cfg(target_family = "wasm")]
mod hostile;
#[cfg(target_family = "wasm")]
mod signals;
#[cfg(target_family = "wasm")]
mod terminal;

#[cfg(target_family = "wasm")]
#[allow(missing_docs, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../../wit/deps/io",
            "../../../../wit/deps/clocks",
            "../../../../wit/deps/random",
            "../../../../wit/deps/filesystem",
            "../../../../wit/deps/sockets",
            "../../../../wit/deps/cli",
            "../../../../wit/process",
        ],
        inline: "
            package sandbar:process-guests;
            world guest {
                import wasi:cli/exit@0.2.12;
                import wasi:io/poll@0.2.12;
                import wasi:clocks/monotonic-clock@0.2.12;
                import wasi:random/random@0.2.12;
                import sandbar:process/processes@0.1.0;
            }
        ",
        world: "sandbar:process-guests/guest",
        generate_all,
    });
}

/// Natively there is nothing to run: the tests compile this for Wasm.
#[cfg(not(target_family = "wasm"))]
fn main() {}

#[cfg(target_family = "wasm")]
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let code = run(words.get(1).copied().unwrap_or(""), words.get(2..).unwrap_or(&[]));
    bindings::wasi::cli::exit::exit_with_code(code);
}

#[cfg(target_family = "wasm")]
fn run(what: &str, with: &[&str]) -> u8 {
    let number = |index: usize| with.get(index).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    match what {
        "exit" => number(0) as u8,
        "echo" => flows::echo(with),
        "environment" => flows::environment(),
        "sleep" => flows::sleep(number(0)),
        "generate" => flows::generate(number(0)),
        "copy" => flows::copy(),
        "count" => flows::count(),
        "yes" => flows::yes(),
        "head" => flows::head(number(0)),
        "drip" => flows::drip(),
        "spin" => faults::spin(),
        "bursts" => faults::bursts(number(0)),
        "grow" => faults::grow(number(0)),
        "hold" => faults::hold(number(0), number(1)),
        "abort" => std::process::abort(),
        "recurse" => faults::recurse(0),
        "wild" => faults::wild(),
        "empty-writes" => hostile::empty_writes(number(0)),
        "byte-writes" => hostile::byte_writes(number(0)),
        "descriptors" => hostile::descriptors(),
        "pollables" => hostile::pollables(),
        "timers" => hostile::timers(),
        "huge-random" => hostile::huge_random(),
        "leave-pattern" => hostile::leave_pattern(number(0)),
        "seek-pattern" => hostile::seek_pattern(number(0)),
        "signal-storm" => hostile::signal_storm(),
        "reopen" => hostile::reopen(number(0)),
        "overwrite" => faults::write_without_permit(),
        "pipeline" => children::pipeline(number(0), number(1)),
        "yes-head" => children::yes_head(with.first() == Some(&"ignore")),
        "bomb" => children::bomb(),
        "fork-bomb" => children::fork_bomb(),
        "pipes" => children::pipes(),
        "tree" => children::tree(number(0)),
        "orphan" => children::orphan(),
        "leave" => children::leave(number(0)),
        "delayed" => children::delayed(number(0)),
        "catch" => signals::catch(number(0)),
        "ignore" => signals::ignore(),
        "inherited" => signals::inherited(),
        "stop-child" => signals::stop_child(),
        "stop-self" => signals::stop_self(),
        "terminal" => terminal::describe(),
        "lines" => terminal::lines(),
        "raw" => terminal::raw(),
        "window" => terminal::window(),
        "foreground" => terminal::foreground(),
        "race" => children::race(number(0)),
        "bench" => children::bench(number(0), with.get(1).copied().unwrap_or("exit")),
        "kill-child" => children::kill_child(),
        "kill-self" => children::kill_self(),
        "group" => children::group(),
        "share-stdin" => children::share_stdin(),
        "redirect" => children::redirect(),
        "errors" => children::errors(),
        other => {
            eprintln!("guest: no behaviour {other:?}");
            99
        }
    }
}
