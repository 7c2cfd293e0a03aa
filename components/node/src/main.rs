//! `node`, `npm`, `npx` and the TypeScript runners `tsx` and `ts-node`: QuickJS with node's modules, of which this crate
//! has what needs the system ([`binding`]) and `js/` all the rest.

#[cfg(target_family = "wasm")]
mod binding;
#[cfg(target_family = "wasm")]
mod engine;
#[cfg(target_family = "wasm")]
mod typescript;
#[cfg(target_family = "wasm")]
mod world;

#[cfg(target_family = "wasm")]
fn main() {
    sandbar_guest_rt::init();
    sandbar_guest_rt::exit(engine::run());
}

#[cfg(not(target_family = "wasm"))]
fn main() {}
