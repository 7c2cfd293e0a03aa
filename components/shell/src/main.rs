//! `sh`: the shell as a program.

use std::rc::Rc;

fn main() {
    sandbar_guest_rt::init();
    let args: Vec<String> = std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
    let env = std::env::vars_os()
        .map(|(n, v)| (n.to_string_lossy().into_owned(), v.to_string_lossy().into_owned()))
        .collect();
    let cwd = std::env::current_dir()
        .ok()
        .and_then(|d| d.to_str().map(str::to_owned))
        .unwrap_or_else(|| "/".to_owned());
    sandbar_guest_rt::exit(shell::run(world(), &args, env, &cwd));
}

#[cfg(unix)]
fn world() -> Rc<dyn shell::os::Os> {
    Rc::new(shell::os::native::Native::new())
}

#[cfg(target_family = "wasm")]
fn world() -> Rc<dyn shell::os::Os> {
    Rc::new(shell::os::wasi::Wasi::new())
}
