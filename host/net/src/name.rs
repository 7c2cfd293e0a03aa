//! Host names, and patterns of them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::limits::NAME_BYTES;

/// A host name in its one spelling: lower case, without the final dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name(String);

/// Why a text is no host name or pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host name; write it in ASCII (xn--… for others), with at most 253 characters")]
pub struct NameError(String);

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `localhost` and what is below it: always the sandbox itself, never asked of anybody.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.0 == "localhost" || self.0.ends_with(".localhost")
    }
}

impl FromStr for Name {
    type Err = NameError;

    /// Also refuses names whose last label is a number: some resolvers read `0x7f.1` or `2130706433` as an address.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = || NameError(text.chars().take(NAME_BYTES).collect());
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() || name.len() > NAME_BYTES || name.parse::<IpAddr>().is_ok() {
            return Err(error());
        }
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        let last = name.rsplit('.').next().unwrap_or(name);
        let hexadecimal = last.strip_prefix("0x").or(last.strip_prefix("0X"));
        let number = last.bytes().all(|b| b.is_ascii_digit())
            || hexadecimal.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        if number || !name.split('.').all(label) {
            return Err(error());
        }
        Ok(Self(name.to_ascii_lowercase()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An entry of a list of domains: a name, or `*.` and a name, which means everything below it and not itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Domain {
    name: Name,
    below: bool,
}

impl Domain {
    /// Whether `name` is meant.
    #[must_use]
    pub fn matches(&self, name: &Name) -> bool {
        if self.below {
            name.0
                .strip_suffix(&self.name.0)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            name == &self.name
        }
    }
}

impl FromStr for Domain {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (name, below) = match text.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let name = name
            .parse()
            .map_err(|_| NameError(text.chars().take(NAME_BYTES).collect()))?;
        Ok(Self { name, below })
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.below { "*." } else { "" }, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().expect(text)
    }

    #[test]
    fn names_have_one_spelling() {
        assert_eq!(name("Example.COM."), name("example.com"));
        let long = format!("{}.com", "a".repeat(64));
        for bad in [
            "",
            ".",
            "..",
            "a..b",
            "-a.b",
            "a b",
            "a/b",
            "a:80",
            "ä.de",
            "*.b",
            "1.2.3.4",
            "::1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "a.0x7f",
            "a.1",
            "a\0.b",
            &long,
            &"a.".repeat(200),
        ] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        assert!(name("LOCALHOST").is_local() && name("x.localhost").is_local() && !name("localhost.x").is_local());
    }

    #[test]
    fn a_star_means_everything_below() {
        let exact: Domain = "Example.com".parse().expect("a domain");
        let star: Domain = "*.example.com".parse().expect("a pattern");
        for (text, by_exact, by_star) in [
            ("example.com", true, false),
            ("a.example.com", false, true),
            ("a.b.EXAMPLE.com.", false, true),
            ("badexample.com", false, false),
            ("example.com.evil.org", false, false),
        ] {
            assert_eq!(
                (exact.matches(&name(text)), star.matches(&name(text))),
                (by_exact, by_star),
                "{text}"
            );
        }
        for bad in ["*", "*.", "a.*.b", "**.b", "*example.com"] {
            assert!(bad.parse::<Domain>().is_err(), "{bad:?}");
        }
    }
}
