//! Permission bits in words: `u+rwx,go-w`, `755`, `rwxr-xr-x`.

use sandbar_guest_rt::files::{Kind, Status};

const ALL: u32 = 0o777;

/// Applies a mode as chmod(1) takes it to the bits a file has; none if it is no mode. Set-id and sticky bits are
/// read and ignored.
pub fn apply(mode: &str, bits: u32, is_directory: bool) -> Option<u32> {
    if !mode.is_empty() && mode.bytes().all(|b| b.is_ascii_digit()) {
        return u32::from_str_radix(mode, 8)
            .ok()
            .filter(|bits| *bits <= 0o7777)
            .map(|bits| bits & ALL);
    }
    mode.split(',')
        .try_fold(bits, |bits, clause| apply_clause(clause, bits, is_directory))
}

fn apply_clause(clause: &str, mut bits: u32, is_directory: bool) -> Option<u32> {
    let operators = clause.find(['+', '-', '='])?;
    let mut who = 0;
    for letter in clause[..operators].chars() {
        who |= match letter {
            'u' => 0o700,
            'g' => 0o070,
            'o' => 0o007,
            'a' => ALL,
            _ => return None,
        };
    }
    // Without `ugoa`, the umask says which bits may change: 022 leaves others' and the group's write bits.
    let allowed = if who == 0 { ALL & !0o022 } else { who };
    let affected = if who == 0 { ALL } else { who };
    let mut rest = &clause[operators..];
    while let Some(operator) = rest.chars().next() {
        let end = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |at| at + 1);
        let mut wanted = 0;
        for letter in rest[1..end].chars() {
            wanted |= match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                'X' if is_directory || bits & 0o111 != 0 => 0o111,
                'X' | 's' | 't' => 0,
                'u' => (bits >> 6 & 7) * 0o111,
                'g' => (bits >> 3 & 7) * 0o111,
                'o' => (bits & 7) * 0o111,
                _ => return None,
            };
        }
        bits = match operator {
            '+' => bits | wanted & allowed,
            '-' => bits & !(wanted & allowed),
            _ => bits & !affected | wanted & allowed,
        };
        rest = &rest[end..];
    }
    Some(bits)
}

/// `drwxr-xr-x`, as `ls -l` shows it.
pub fn in_letters(status: &Status) -> String {
    let mut text = String::from(match status.kind {
        Kind::Directory => "d",
        Kind::Symlink => "l",
        Kind::CharacterDevice => "c",
        Kind::Regular | Kind::Other => "-",
    });
    for shift in [6, 3, 0] {
        for (bit, letter) in [(4, 'r'), (2, 'w'), (1, 'x')] {
            text.push(if status.mode >> shift & bit != 0 { letter } else { '-' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        for (mode, before, after) in [
            ("755", 0, 0o755),
            ("0644", 0o777, 0o644),
            ("u+x", 0o644, 0o744),
            ("+x", 0o644, 0o755),
            ("+w", 0o444, 0o644),
            ("a+w", 0o444, 0o666),
            ("go-rwx", 0o777, 0o700),
            ("u=rw,go=r", 0o777, 0o644),
            ("g=u", 0o640, 0o660),
            ("a+X", 0o644, 0o644),
            ("a+X", 0o744, 0o755),
            ("u+x-w", 0o600, 0o500),
        ] {
            assert_eq!(apply(mode, before, false), Some(after), "{mode}");
        }
        assert_eq!(apply("a+X", 0o600, true), Some(0o711));
        for bad in ["u*x", "999", "u", "", "z+x", "+q"] {
            assert_eq!(apply(bad, 0o644, false), None, "{bad}");
        }
    }
}
