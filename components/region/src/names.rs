//! Names and ids of regions.

use std::ops::RangeInclusive;

use crate::model::Refusal;

/// Bytes of a name. Longer ones do not fit where names are shown; shorter ones are mistakes.
pub const NAME_LENGTH: RangeInclusive<usize> = 2..=255;

/// Characters of the random part of an id: readable aloud, and the same in a host name.
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Length of the random part. It need not be secret, only rarely the same for two organizations.
const RANDOM_LENGTH: usize = 4;

/// Checks the name of a region or runner: letters and digits of ASCII, `_`, `.`, `-`.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    let invalid = |rule: String| Err(Refusal::InvalidName(rule));
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)) {
        return invalid(
            "a name consists of letters, digits, `_`, `.` and `-` only; replace the other characters".to_owned(),
        );
    }
    if !NAME_LENGTH.contains(&name.len()) {
        let (least, most) = (NAME_LENGTH.start(), NAME_LENGTH.end());
        return invalid(format!(
            "a name has {least} to {most} characters, this one has {}; choose another",
            name.len()
        ));
    }
    Ok(())
}

/// The id of a custom region: its lower-cased name, `_`, and four characters drawn from `entropy`.
pub fn custom_id(name: &str, entropy: u64) -> String {
    let mut id = name.to_ascii_lowercase();
    id.push('_');
    let base = ALPHABET.len() as u64;
    let mut rest = entropy;
    for _ in 0..RANDOM_LENGTH {
        let index = usize::try_from(rest % base).unwrap_or(0);
        id.push(char::from(ALPHABET[index]));
        rest /= base;
    }
    id
}
