//! Names, labels, environments and lists of addresses that callers send.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::http::Problem;

/// Bytes of a sandbox's name: what fits in a line of a list.
pub const NAME: usize = 255;
/// Labels of a sandbox; each is a row of its own in the store.
pub const LABELS: usize = 128;
/// Bytes of a label's name.
pub const LABEL_NAME: usize = 256;
/// Bytes of a label's value.
pub const LABEL_VALUE: usize = 1024;
/// Variables of an environment.
pub const VARIABLES: usize = 512;
/// Bytes of an environment, names and values together. Programs take 1 MiB of arguments and environment.
pub const ENVIRONMENT: usize = 128 * 1024;
/// Bytes of the name of a user inside a sandbox, as Linux has it.
pub const USER: usize = 32;
/// Entries of a network list.
pub const NETWORKS: usize = 10;

fn bad<T>(text: String) -> Result<T, Problem> {
    Err(Problem::BadRequest(text))
}

/// Whether a text can be shown anywhere without doing anything: no control characters, no tags, no URLs.
fn is_safe(text: &str) -> bool {
    let opens_tag = text
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0] == b'<' && (pair[1].is_ascii_alphabetic() || b"/!?".contains(&pair[1])));
    !opens_tag && !text.contains("://") && !text.chars().any(char::is_control)
}

/// Checks the name of a sandbox.
pub fn sandbox_name(name: &str) -> Result<(), Problem> {
    if name.trim().is_empty() || name.len() > NAME {
        return bad(format!("name: 1 to {NAME} bytes are allowed, and not only blanks"));
    }
    if !is_safe(name) {
        return bad("name: must not contain control characters, HTML tags or URLs".into());
    }
    Ok(())
}

/// Checks labels.
pub fn labels(labels: &BTreeMap<String, String>) -> Result<(), Problem> {
    if labels.len() > LABELS {
        return bad(format!("labels: {} given, at most {LABELS} allowed", labels.len()));
    }
    for (name, value) in labels {
        if name.is_empty() || name.len() > LABEL_NAME || value.len() > LABEL_VALUE {
            return bad(format!(
                "labels: a name has 1 to {LABEL_NAME} bytes, a value at most {LABEL_VALUE}"
            ));
        }
        if !is_safe(name) || !is_safe(value) {
            return bad("labels: must not contain control characters, HTML tags or URLs".into());
        }
    }
    Ok(())
}

/// Checks an environment.
pub fn environment(variables: &BTreeMap<String, String>) -> Result<(), Problem> {
    if variables.len() > VARIABLES {
        return bad(format!(
            "env: {} variables given, at most {VARIABLES} allowed",
            variables.len()
        ));
    }
    let size: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > ENVIRONMENT {
        return bad(format!("env: {size} bytes given, at most {ENVIRONMENT} allowed"));
    }
    for (name, value) in variables {
        let mut bytes = name.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if !first || !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return bad(format!("env: {name:?} is no name of a variable"));
        }
        if value.contains('\0') {
            return bad(format!("env: the value of {name} contains a zero byte"));
        }
    }
    Ok(())
}

/// Checks the name of a user inside a sandbox.
pub fn user(name: &str) -> Result<(), Problem> {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b));
    if first && rest && name.len() <= USER {
        return Ok(());
    }
    bad(format!("user: {name:?} is no name of a user"))
}

/// Checks comma-separated IPv4 networks with their prefix lengths.
pub fn networks(list: &str) -> Result<(), Problem> {
    let entries: Vec<&str> = list.split(',').map(str::trim).collect();
    if entries.len() > NETWORKS {
        return bad(format!(
            "networkAllowList: {} entries given, at most {NETWORKS} allowed",
            entries.len()
        ));
    }
    for entry in entries {
        let network = entry.split_once('/').and_then(|(address, length)| {
            address.parse::<Ipv4Addr>().ok()?;
            length.parse::<u8>().ok().filter(|length| *length <= 32)
        });
        if network.is_none() {
            return bad(format!(
                "networkAllowList: {entry:?} is no IPv4 network like 10.0.0.0/8"
            ));
        }
    }
    Ok(())
}

/// Checks comma-separated domains; a leading `*.` is allowed.
pub fn domains(list: &str) -> Result<(), Problem> {
    let entries: Vec<&str> = list.split(',').map(str::trim).collect();
    if entries.len() > NETWORKS {
        return bad(format!(
            "domainAllowList: {} entries given, at most {NETWORKS} allowed",
            entries.len()
        ));
    }
    for entry in entries {
        let name = entry.strip_prefix("*.").unwrap_or(entry);
        let good = !name.is_empty()
            && name.len() <= 253
            && name.split('.').all(|label| {
                let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
                plain && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
            });
        if !good {
            return bad(format!("domainAllowList: {entry:?} is no domain"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn names_of_sandboxes() {
        for good in ["a", "my box", "demo-29920f33", "ünïcode", "a < b", "1 <3 you"] {
            assert_eq!(sandbox_name(good), Ok(()), "{good}");
        }
        let long = "x".repeat(NAME + 1);
        for bad in ["", "  ", "<b>x", "</b>", "http://x", "a\nb", "a\0", long.as_str()] {
            assert!(sandbox_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn labels_are_few_short_and_safe() {
        assert_eq!(
            labels(&map(&[("code-toolbox-language", "python"), ("empty", "")])),
            Ok(())
        );
        let long = "x".repeat(LABEL_VALUE + 1);
        for (name, value) in [
            ("", "x"),
            ("a", "<script>"),
            ("a", "https://x"),
            ("a\t", "x"),
            ("a", long.as_str()),
        ] {
            assert!(labels(&map(&[(name, value)])).is_err(), "{name:?}: {value:?}");
        }
        let many = (0..=LABELS).map(|i| (i.to_string(), String::new())).collect();
        assert!(labels(&many).is_err());
    }

    #[test]
    fn environments_have_names_that_a_shell_takes() {
        assert_eq!(environment(&map(&[("A_1", "x=y\nz"), ("_", "")])), Ok(()));
        for name in ["", "1A", "A-B", "A B", "A=B", "Ä"] {
            assert!(environment(&map(&[(name, "x")])).is_err(), "{name:?}");
        }
        assert!(environment(&map(&[("A", "a\0b")])).is_err());
        assert!(environment(&map(&[("A", &"x".repeat(ENVIRONMENT))])).is_err());
        let many = (0..=VARIABLES).map(|i| (format!("A{i}"), String::new())).collect();
        assert!(environment(&many).is_err());
    }

    #[test]
    fn users_networks_and_domains() {
        assert!(user("daytona").is_ok() && user("_x-1").is_ok());
        for bad in ["", "Root", "1a", "a b", "a/b", &"a".repeat(33)] {
            assert!(user(bad).is_err(), "{bad:?}");
        }
        assert!(networks("10.0.0.0/8, 1.2.3.4/32").is_ok());
        for bad in ["", "10.0.0.0", "10.0.0.0/33", "x/8", "::/0", "1.1.1.1/8,"] {
            assert!(networks(bad).is_err(), "{bad:?}");
        }
        assert!(networks(&["1.1.1.1/32"; 11].join(",")).is_err());
        assert!(domains("example.com, *.x-1.org").is_ok());
        for bad in ["", "a..b", "-a.com", "*.*.com", "a b", "a/b"] {
            assert!(domains(bad).is_err(), "{bad:?}");
        }
    }
}
