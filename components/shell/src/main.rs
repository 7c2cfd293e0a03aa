//! `sh`: the shell as a program.

use std::rc::Rc;

fn main() {
    sandbar_guest_rt::init();
    sandbar_guest_rt::exit(on_a_big_stack());
}

/// The Wasm build has its stack from the linker; see `build.rs`.
#[cfg(target_family = "wasm")]
fn on_a_big_stack() -> i32 {
    shell_main()
}

/// What the limits on nesting need at most, in bytes, with the large frames of an unoptimised build; touched lazily.
#[cfg(unix)]
const STACK: usize = 512 << 20;

#[cfg(unix)]
fn on_a_big_stack() -> i32 {
    // 126: the shell could not be started, or its thread panicked (and the hook has ended us by then).
    std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(shell_main)
        .map_or(126, |shell| shell.join().unwrap_or(126))
}

fn shell_main() -> i32 {
    let args: Vec<String> = std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
    let env = std::env::vars_os()
        .map(|(n, v)| (n.to_string_lossy().into_owned(), v.to_string_lossy().into_owned()))
        .collect();
    let cwd = std::env::current_dir()
        .ok()
        .and_then(|d| d.to_str().map(str::to_owned))
        .unwrap_or_else(|| "/".to_owned());
    shell::run(world(), &args, env, &cwd)
}

#[cfg(unix)]
fn world() -> Rc<dyn shell::os::Os> {
    Rc::new(shell::os::native::Native::new())
}

#[cfg(target_family = "wasm")]
fn world() -> Rc<dyn shell::os::Os> {
    Rc::new(shell::os::wasi::Wasi::new())
}
