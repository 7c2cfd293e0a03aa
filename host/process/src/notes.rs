//! Lines for whoever runs a program, on its standard error: why the network refused what the program wanted. The program
//! itself learns an error code, and says "permission denied" at most.

use std::sync::{Arc, Mutex, PoisonError};

use sandbar_net::Refusal;

use crate::descriptor::Descriptor;
use crate::limits::MAX_NOTES;

/// The notes of one process: each reason once. Clones are the same.
#[derive(Clone)]
pub(crate) struct Notes(Arc<Inner>);

struct Inner {
    stderr: Descriptor,
    said: Mutex<Vec<String>>,
}

impl Notes {
    pub(crate) fn new(stderr: Descriptor) -> Self {
        Self(Arc::new(Inner {
            stderr,
            said: Mutex::default(),
        }))
    }

    /// The network let the program not reach what it `wanted`.
    pub(crate) fn refused(&self, wanted: &str, refusal: &Refusal) {
        let line = format!("sandbar: {} was refused: {refusal}\n", printable(wanted));
        {
            let mut said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.len() >= MAX_NOTES || said.contains(&line) {
                return;
            }
            said.push(line.clone());
        }
        // Nobody may read it, and that is fine.
        let _ = self.0.stderr.put(line.into());
    }
}

/// Names come from programs: what could steer a terminal is left out.
fn printable(wanted: &str) -> String {
    wanted.chars().filter(|c| !c.is_control()).take(MAX_SHOWN).collect()
}

/// Longest name that is shown, as DNS has it.
const MAX_SHOWN: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::Received;

    #[test]
    fn each_reason_is_said_once_and_few_are() {
        let (reader, writer) = Descriptor::pipe();
        let notes = Notes::new(writer);
        for n in 0..100 {
            notes.refused(&format!("10.0.0.{}:80\x1b[2J", n / 2), &Refusal::Blocked);
        }
        drop(notes);
        let Received::Bytes(said) = reader.try_read(1 << 16) else {
            panic!("nothing was said");
        };
        let said = String::from_utf8(said.to_vec()).expect("text");
        assert_eq!(said.lines().count(), MAX_NOTES, "{said}");
        assert!(
            said.starts_with("sandbar: 10.0.0.0:80[2J was refused: the sandbox's network is blocked"),
            "{said}"
        );
    }
}
