//! What a sandbox may reach outside: a pure decision over addresses and the names they were found under.

use std::net::IpAddr;

use crate::cidr::{Cidr, CidrError};
use crate::error::Refusal;
use crate::limits::LIST_ENTRIES;
use crate::name::{Domain, Name, NameError};

/// A sandbox's rules for the outside, as the API has them: everything is blocked, or there are lists and only what one of
/// them has is reachable, or there is no list and the whole public internet is. What is not public is never reachable,
/// whatever the lists say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    block_all: bool,
    networks: Vec<Cidr>,
    domains: Vec<Domain>,
}

/// Why lists were refused. Nothing of them holds then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// An entry of the list of networks.
    #[error("networkAllowList: {0}")]
    Network(#[from] CidrError),
    /// An entry of the list of domains.
    #[error("domainAllowList: {0}")]
    Domain(#[from] NameError),
    /// More than [`LIST_ENTRIES`].
    #[error("{0} has more than {LIST_ENTRIES} entries")]
    TooLong(&'static str),
}

impl Policy {
    /// Everything public is reachable.
    #[must_use]
    pub fn open() -> Self {
        Self::default()
    }

    /// Nothing outside is reachable.
    #[must_use]
    pub fn blocked() -> Self {
        Self {
            block_all: true,
            ..Self::default()
        }
    }

    /// Reads the lists as the API has them: entries with commas between them. An absent list and an empty one are the same.
    ///
    /// # Errors
    /// Names the first entry that is none.
    pub fn parse(block_all: bool, networks: Option<&str>, domains: Option<&str>) -> Result<Self, PolicyError> {
        let networks = entries("networkAllowList", networks)?;
        let domains = entries("domainAllowList", domains)?;
        Ok(Self {
            block_all,
            networks: networks.into_iter().map(str::parse).collect::<Result<_, _>>()?,
            domains: domains.into_iter().map(str::parse).collect::<Result<_, _>>()?,
        })
    }

    /// Whether `name` may be looked up.
    ///
    /// # Errors
    /// Why not.
    pub fn check_name(&self, name: &Name) -> Result<(), Refusal> {
        if self.block_all {
            return Err(Refusal::Blocked);
        }
        if self.domains.is_empty() || self.lists(name) {
            return Ok(());
        }
        Err(Refusal::NameNotListed(name.clone()))
    }

    /// Whether `address`, which was found under `names`, may be reached.
    ///
    /// # Errors
    /// Why not.
    pub fn check<'a>(&self, address: IpAddr, names: impl IntoIterator<Item = &'a Name>) -> Result<(), Refusal> {
        if self.block_all {
            return Err(Refusal::Blocked);
        }
        let open = self.networks.is_empty() && self.domains.is_empty();
        let listed = || self.networks.iter().any(|network| network.contains(address));
        if open || listed() || names.into_iter().any(|name| self.lists(name)) {
            return Ok(());
        }
        Err(Refusal::NotListed(address))
    }

    fn lists(&self, name: &Name) -> bool {
        self.domains.iter().any(|domain| domain.matches(name))
    }
}

fn entries<'a>(list: &'static str, text: Option<&'a str>) -> Result<Vec<&'a str>, PolicyError> {
    let text = text.unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let entries: Vec<&str> = text.split(',').map(str::trim).take(LIST_ENTRIES + 1).collect();
    if entries.len() > LIST_ENTRIES {
        return Err(PolicyError::TooLong(list));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(networks: &str, domains: &str) -> Policy {
        Policy::parse(false, Some(networks), Some(domains)).expect("a policy")
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn name(text: &str) -> Name {
        text.parse().expect("a name")
    }

    #[test]
    fn without_lists_everything_is_open_and_blocked_is_blocked() {
        for policy in [
            Policy::open(),
            parse("", " "),
            Policy::parse(false, None, None).expect("a policy"),
        ] {
            assert_eq!(policy.check(ip("1.1.1.1"), []), Ok(()));
            assert_eq!(policy.check_name(&name("a.b")), Ok(()));
        }
        let blocked = Policy::parse(true, Some("1.1.1.1/32"), Some("a.b")).expect("a policy");
        assert_eq!(blocked.check(ip("1.1.1.1"), &[name("a.b")]), Err(Refusal::Blocked));
        assert_eq!(blocked.check_name(&name("a.b")), Err(Refusal::Blocked));
    }

    #[test]
    fn lists_add_up() {
        let policy = parse("1.1.1.0/24, 2606:4700::/32", "packages.example, *.files.example");
        assert_eq!(policy.check(ip("1.1.1.9"), []), Ok(()));
        assert_eq!(policy.check(ip("2606:4700::1"), []), Ok(()));
        assert_eq!(policy.check(ip("151.101.0.1"), &[name("packages.example")]), Ok(()));
        assert_eq!(
            policy.check(ip("151.101.0.1"), &[name("x"), name("files.files.example")]),
            Ok(())
        );
        let refused = Err(Refusal::NotListed(ip("151.101.0.1")));
        assert_eq!(policy.check(ip("151.101.0.1"), &[name("files.example")]), refused);
        assert_eq!(policy.check(ip("151.101.0.1"), []), refused);
        assert_eq!(
            policy.check_name(&name("evil.org")),
            Err(Refusal::NameNotListed(name("evil.org")))
        );
        // Only networks: any name may be asked for, and its addresses are held to the list.
        assert_eq!(parse("1.1.1.0/24", "").check_name(&name("evil.org")), Ok(()));
    }

    #[test]
    fn a_bad_entry_is_named() {
        let error = Policy::parse(false, Some("1.1.1.1/32,10.0.0.1"), None).expect_err("no prefix");
        assert!(error.to_string().contains("10.0.0.1"), "{error}");
        let error = Policy::parse(false, None, Some("a.b,,c.d")).expect_err("an empty entry");
        assert!(error.to_string().starts_with("domainAllowList"), "{error}");
        let long = vec!["1.1.1.1/32"; LIST_ENTRIES + 1].join(",");
        assert_eq!(
            Policy::parse(false, Some(&long), None),
            Err(PolicyError::TooLong("networkAllowList"))
        );
    }
}
