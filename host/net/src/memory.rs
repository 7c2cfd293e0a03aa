//! Under which names a sandbox found an address: what makes a list of domains hold at connect time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use crate::limits::{NAME_MEMORY, NAMES_OF_ADDRESS, REMEMBERED};
use crate::name::Name;

/// Addresses and their names, until they expire.
#[derive(Default)]
pub(crate) struct NameMemory(HashMap<IpAddr, Vec<(Name, Instant)>>);

impl NameMemory {
    /// `name` was found to have `addresses`, just now.
    pub(crate) fn remember(&mut self, name: &Name, addresses: &[IpAddr], now: Instant) {
        if self.0.len() + addresses.len() > REMEMBERED {
            self.0.retain(|_, names| {
                names.retain(|(_, expires)| *expires > now);
                !names.is_empty()
            });
        }
        for address in addresses {
            if self.0.len() >= REMEMBERED && !self.0.contains_key(address) {
                self.forget_oldest();
            }
            let names = self.0.entry(*address).or_default();
            names.retain(|(known, expires)| known != name && *expires > now);
            if names.len() >= NAMES_OF_ADDRESS {
                names.remove(0);
            }
            names.push((name.clone(), now + NAME_MEMORY));
        }
    }

    /// The names under which `address` was found.
    pub(crate) fn names(&self, address: IpAddr, now: Instant) -> Vec<Name> {
        let names = self.0.get(&address).into_iter().flatten();
        names
            .filter(|(_, expires)| *expires > now)
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn forget_oldest(&mut self) {
        let newest = |names: &Vec<(Name, Instant)>| names.last().map(|(_, expires)| *expires);
        let oldest = self
            .0
            .iter()
            .min_by_key(|(_, names)| newest(names))
            .map(|(address, _)| *address);
        if let Some(address) = oldest {
            self.0.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    #[test]
    fn names_expire_and_are_bounded() {
        let (mut memory, start) = (NameMemory::default(), Instant::now());
        let name: Name = "a.b".parse().expect("a name");
        let address = |n: u32| IpAddr::from(Ipv4Addr::from(n));
        memory.remember(&name, &[address(1), address(2)], start);
        assert_eq!(memory.names(address(1), start), vec![name.clone()]);
        assert_eq!(memory.names(address(3), start), []);
        assert_eq!(memory.names(address(1), start + NAME_MEMORY), []);
        for n in 0..2 * REMEMBERED as u32 {
            memory.remember(&name, &[address(10 + n)], start + Duration::from_millis(n.into()));
        }
        assert_eq!(memory.0.len(), REMEMBERED);
        assert_eq!(memory.names(address(1), start), []);
        for n in 0..2 * NAMES_OF_ADDRESS {
            let name: Name = format!("n{n}.b").parse().expect("a name");
            memory.remember(&name, &[address(9)], start);
        }
        assert_eq!(memory.names(address(9), start).len(), NAMES_OF_ADDRESS);
    }
}
