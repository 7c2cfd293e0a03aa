//! Link arguments of the Wasm build.

/// Stack of the guest in bytes, for deeply nested functions and substitutions (the interpreter limits
/// their depth). Linear memory is touched lazily, so an unused stack costs nothing.
const STACK: u32 = 8 << 20;

fn main() {
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        for argument in sandbar_guest_rt::LINK_ARGUMENTS {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
        println!("cargo:rustc-link-arg-bins=-zstack-size={STACK}");
    }
}
