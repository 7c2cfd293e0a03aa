//! What a sandbox may ask for, in whatever region.

use crate::model::{Refusal, Resources};

/// Checks a request against the most that the organization may ask for. Names everything that is too much.
pub fn check_resources(asked: Resources, most: Resources) -> Result<(), Refusal> {
    let excess: Vec<String> = [
        ("cpu", "", asked.cpu, most.cpu),
        ("memory", " GiB", asked.memory_gib, most.memory_gib),
        ("disk", " GiB", asked.disk_gib, most.disk_gib),
    ]
    .into_iter()
    .filter(|(_, _, asked, most)| asked > most)
    .map(|(name, unit, asked, most)| format!("{name}: {asked}{unit} requested, at most {most}{unit} per sandbox"))
    .collect();
    if excess.is_empty() {
        Ok(())
    } else {
        Err(Refusal::OverLimit(format!("{}; ask for less", excess.join(", "))))
    }
}
