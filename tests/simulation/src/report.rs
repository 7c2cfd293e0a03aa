//! A failure, made small and told.

use std::fmt::Write;

use crate::options::{Faults, Options};
use crate::truth::Violation;
use crate::world::{World, run};

/// Lines of the trace that are printed.
const TAIL: usize = 60;
/// Longer lines are cut.
const LINE: usize = 400;

/// Plays a failed history again with ever fewer kinds of faults, clients and runners, as long as it still fails, and
/// tells the end of the smallest: the lines that name what the violation is about.
#[must_use]
pub fn report(options: &Options, violation: &Violation) -> String {
    let (small, violation) = shrink(options.clone(), violation.clone());
    let mut text = String::new();
    let seed = options.seed;
    // Writing to a string cannot fail.
    let _ = writeln!(text, "seed {seed} fails; SANDBAR_SEED={seed} plays it again");
    let on: Vec<&str> = Faults::switches()
        .into_iter()
        .filter(|(_, switch)| *switch(&mut small.faults.clone()))
        .map(|(name, _)| name)
        .collect();
    let _ = writeln!(
        text,
        "smallest that still fails: {} runners, {} clients, {} ms of trouble, faults: {}",
        small.runners,
        small.clients,
        small.trouble,
        on.join(", ")
    );
    let _ = writeln!(text, "{violation}");
    for line in tail(&small, &violation.subject) {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// Makes a history smaller.
type Change = Box<dyn Fn(&mut Options)>;

fn shrink(mut smallest: Options, mut violation: Violation) -> (Options, Violation) {
    let mut tries: Vec<Change> = Vec::new();
    for (_, switch) in Faults::switches() {
        tries.push(Box::new(move |it| *switch(&mut it.faults) = false));
    }
    for _ in 0..4 {
        tries.push(Box::new(|it| it.clients = it.clients.div_ceil(2)));
        tries.push(Box::new(|it| it.runners = it.runners.div_ceil(2)));
        tries.push(Box::new(|it| it.trouble = it.trouble * 2 / 3));
    }
    for change in tries {
        let mut smaller = smallest.clone();
        change(&mut smaller);
        if let Err(found) = run(&smaller) {
            (smallest, violation) = (smaller, found);
        }
    }
    (smallest, violation)
}

fn tail(options: &Options, subject: &str) -> Vec<String> {
    let Ok(mut world) = World::new(options.clone(), true) else {
        return Vec::new();
    };
    // It fails again: that is why it is played.
    let _ = world.play();
    let about: Vec<&str> = world.trace().filter(|line| line.contains(subject)).collect();
    let from = about.len().saturating_sub(TAIL);
    about[from..]
        .iter()
        .map(|line| line.chars().take(LINE).collect())
        .collect()
}
