//! What every guest program links, so that ordinary Rust programs behave as they would on Linux:
//!
//! * exit codes other than 0 and 1 reach whoever waits ([`exit`], and `exit` of libc by link-time wrapping);
//! * the program starts in the directory that `PWD` names ([`init`]);
//! * a full disk is ENOSPC, and too many open files are EMFILE (libc of WASI makes EIO and ENOMEM of them);
//! * errors are told in the words of Linux;
//! * `stat`, `lstat`, `fstat`, `fstatat`, `chmod`, `fchmod` and `fchmodat` see and set real permission bits;
//! * a panic is one line on standard error and status 134, never a backtrace.
//!
//! A guest package calls [`init`] first in `main`, and passes [`LINK_ARGUMENTS`] to its linker: its
//! `build.rs` prints one `cargo:rustc-link-arg-bins=` line for each when it builds for Wasm.
//!
//! Natively every function here is the plain one of std, so that guests' logic can be tested natively.

/// What a guest's `build.rs` must hand to the linker for the wrappers of this crate to take effect.
pub const LINK_ARGUMENTS: &[&str] = &[
    "--wrap=_Exit",
    "--wrap=stat",
    "--wrap=lstat",
    "--wrap=fstat",
    "--wrap=fstatat",
    "--wrap=chmod",
    "--wrap=fchmod",
    "--wrap=fchmodat",
    "--wrap=open",
    "--wrap=close",
    "--wrap=write",
    "--wrap=opendir",
    "--wrap=strerror_r",
];

#[cfg(target_family = "wasm")]
#[allow(missing_docs, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../wit/deps/io",
            "../../wit/deps/clocks",
            "../../wit/deps/random",
            "../../wit/deps/filesystem",
            "../../wit/deps/sockets",
            "../../wit/deps/cli",
            "../../wit/files",
        ],
        inline: "
            package sandbar:guest-rt;
            world runtime {
                import wasi:cli/exit@0.2.12;
                import sandbar:files/modes@0.1.0;
                import sandbar:files/failures@0.1.0;
            }
        ",
        world: "sandbar:guest-rt/runtime",
        generate_all,
    });
}

#[cfg(target_family = "wasm")]
mod descriptors;
#[cfg(target_family = "wasm")]
mod failures;
pub mod files;
#[cfg(target_family = "wasm")]
mod words;
#[cfg(target_family = "wasm")]
mod wrap;

/// Prepares the process: working directory from `PWD`, and how a panic ends it. Call it first in `main`.
pub fn init() {
    #[cfg(target_family = "wasm")]
    if let Some(directory) = std::env::var_os("PWD") {
        // A directory that is gone leaves the process at `/`, as a shell in a deleted directory would be stuck too.
        let _ = std::env::set_current_dir(directory);
    }
    std::panic::set_hook(Box::new(|info| {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "internal error: {info}");
        exit(PANIC_STATUS);
    }));
}

/// The status of a program that panicked: that of a native one killed by SIGABRT, as a shell shows it.
const PANIC_STATUS: i32 = 134;

/// Ends the process with the low eight bits of `code`, after libc's exit handlers.
pub fn exit(code: i32) -> ! {
    std::process::exit(code & 0xff)
}
