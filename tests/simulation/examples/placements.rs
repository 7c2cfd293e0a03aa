//! Placement decisions per second of the compiled scheduler: `cargo run --release -p sandbar-simulation --example placements`.
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::time::Duration;

fn main() {
    for window in [32, 64, 256] {
        let measured = sandbar_simulation::placements_per_second(window, Duration::from_secs(2));
        println!(
            "window of {:>3}: {:>7.0} decisions per second",
            measured.window, measured.per_second
        );
    }
}
