//! `node`, `npm`, `npx` and the TypeScript runners `tsx` and `ts-node`.

#[cfg(target_family = "wasm")]
fn main() {
    sandbar_guest_rt::init();
}

#[cfg(not(target_family = "wasm"))]
fn main() {}
