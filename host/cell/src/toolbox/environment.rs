//! The environment of the processes that the toolbox starts.

use crate::error::ApiError;
use crate::limits::{ENVIRONMENT_VARIABLES, KEPT_ENVIRONMENT_BYTES};
use crate::spec::SandboxSpec;
use sandbar_process::DEFAULT_PATH;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Variables by name.
pub type Variables = BTreeMap<String, String>;

/// Where a sandbox's directory keeps what calls have changed: the cell may end, and the sandbox goes on in the next.
const KEPT: &str = "environment.json";

/// What calls of `POST /env` have changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    set: Variables,
    unset: BTreeSet<String>,
}

impl Changes {
    /// Changes more: unsets what is named and every variable whose value starts with `prefix`, then sets. Gives all that
    /// processes find set by the sandbox and by calls.
    ///
    /// # Errors
    /// 400 if there are too many.
    pub fn apply(
        &mut self,
        set: Variables,
        unset: &[String],
        prefix: Option<&str>,
        spec: &SandboxSpec,
    ) -> Result<Variables, ApiError> {
        let by_value = |(_, value): &(&String, &String)| prefix.is_some_and(|prefix| value.starts_with(prefix));
        let matching: Vec<String> = spec
            .env
            .iter()
            .chain(&self.set)
            .filter(by_value)
            .map(|(name, _)| name.clone())
            .collect();
        for name in unset.iter().chain(&matching) {
            self.set.remove(name);
            self.unset.insert(name.clone());
        }
        for (name, value) in set {
            self.unset.remove(&name);
            self.set.insert(name, value);
        }
        if self.set.len() + self.unset.len() > ENVIRONMENT_VARIABLES {
            return Err(ApiError::bad_request(format!(
                "more than {ENVIRONMENT_VARIABLES} environment variables are set or unset"
            )));
        }
        let mut all = spec.env.clone();
        all.retain(|name, _| !self.unset.contains(name));
        all.extend(self.set.clone());
        Ok(all)
    }
}

/// What was kept in a sandbox's directory; nothing if nothing was. Blocks.
///
/// # Errors
/// Of the disk, or if somebody else has written there.
pub fn recall(directory: &Path) -> Result<Changes, ApiError> {
    let path = directory.join(KEPT);
    let failed = |error: &dyn std::fmt::Display| ApiError::internal(format_args!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(KEPT_ENVIRONMENT_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => serde_json::from_slice(&bytes).map_err(|error| failed(&error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Changes::default()),
        Err(error) => Err(failed(&error)),
    }
}

/// Keeps changes in a sandbox's directory: all of them, or what was there before. Blocks.
///
/// # Errors
/// 400 if they are too much, of the disk.
pub fn keep(directory: &Path, changes: &Changes) -> Result<(), ApiError> {
    let path = directory.join(KEPT);
    let unfinished = path.with_extension("unfinished");
    let failed = |error: &dyn std::fmt::Display| ApiError::internal(format_args!("{}: {error}", path.display()));
    let bytes = serde_json::to_vec(changes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > KEPT_ENVIRONMENT_BYTES {
        return Err(ApiError::bad_request(format!(
            "the environment has {} bytes; at most {KEPT_ENVIRONMENT_BYTES} are kept",
            bytes.len()
        )));
    }
    let written = std::fs::write(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, &path));
    written.map_err(|error| failed(&error))
}

/// Removes what was kept. Blocks.
///
/// # Errors
/// Of the disk.
pub fn forget(directory: &Path) -> Result<(), ApiError> {
    let path = directory.join(KEPT);
    for path in [path.with_extension("unfinished"), path] {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ApiError::internal(format_args!("{}: {error}", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks what a client wants to set.
///
/// # Errors
/// 400 for a name that is none, a value with NUL, or too many of them.
pub fn check(variables: &Variables) -> Result<(), ApiError> {
    if variables.len() > ENVIRONMENT_VARIABLES {
        return Err(ApiError::bad_request(format!(
            "more than {ENVIRONMENT_VARIABLES} environment variables"
        )));
    }
    for (name, value) in variables {
        if !valid_name(name) {
            return Err(ApiError::bad_request(format!(
                "{name:?} is not a name of an environment variable: letters, digits and _, no digit first"
            )));
        }
        if value.contains('\0') {
            return Err(ApiError::bad_request(format!("the value of {name} holds a NUL byte")));
        }
    }
    Ok(())
}

fn valid_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The whole environment: what every process has, then the sandbox's own, then what calls have changed of both, then
/// the call's.
#[must_use]
pub fn of(spec: &SandboxSpec, changes: &Changes, directory: &str, call: Variables) -> Vec<(String, String)> {
    let mut all: Variables = [
        ("HOME", format!("/home/{}", spec.user)),
        ("USER", spec.user.clone()),
        ("LOGNAME", spec.user.clone()),
        ("SHELL", "/bin/sh".to_owned()),
        ("PATH", DEFAULT_PATH.to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("DAYTONA_SANDBOX_ID", spec.id.clone()),
        ("DAYTONA_SANDBOX_SNAPSHOT", spec.snapshot.clone()),
        ("DAYTONA_SANDBOX_USER", spec.user.clone()),
        ("DAYTONA_ORGANIZATION_ID", spec.organization.clone()),
        ("DAYTONA_REGION_ID", spec.region.clone()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    // The plane has checked the sandbox's own; what no process could be given is left out.
    let own = spec
        .env
        .iter()
        .filter(|(name, value)| valid_name(name) && !value.contains('\0'));
    all.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    all.retain(|name, _| !changes.unset.contains(name));
    all.extend(changes.set.clone());
    all.extend(call);
    // The working directory is the call's, whatever anyone says of it.
    all.insert("PWD".to_owned(), directory.to_owned());
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::SandboxLimits;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn changes_add_up() {
        let mut spec = spec();
        spec.env = variables(&[("A", "1"), ("B", "secret-x"), ("C", "3")]);
        let mut changes = Changes::default();
        let unset = ["A".to_owned(), "LANG".to_owned()];
        let all = changes.apply(variables(&[("D", "4")]), &unset, Some("secret-"), &spec);
        assert_eq!(all.expect("few"), variables(&[("C", "3"), ("D", "4")]));
        let all = changes.apply(variables(&[("A", "again")]), &["D".to_owned()], None, &spec);
        assert_eq!(all.expect("few"), variables(&[("A", "again"), ("C", "3")]));
        let found: Variables = of(&spec, &changes, "/", Variables::new()).into_iter().collect();
        assert_eq!(found.get("A").map(String::as_str), Some("again"));
        assert!(!found.contains_key("LANG") && !found.contains_key("B") && found.contains_key("PATH"));
        let many = (0..2000).map(|n| (format!("V{n}"), String::new())).collect();
        assert!(changes.apply(many, &[], None, &spec).is_err());
    }

    fn spec() -> SandboxSpec {
        SandboxSpec {
            work_dir: None,
            entrypoint: Vec::new(),
            id: "s".into(),
            generation: 1,
            directory: "/x".into(),
            layers: vec![],
            env: variables(&[("A", "sandbox"), ("B", "sandbox"), ("LANG", "de"), ("bad name", "x")]),
            user: "daytona".into(),
            organization: "o".into(),
            region: "us".into(),
            snapshot: "default".into(),
            limits: SandboxLimits {
                cpu_milli: 1,
                memory_mib: 1,
                disk_mib: 1,
            },
            network: Default::default(),
            parent: None,
            image: None,
            volumes: Vec::new(),
        }
    }

    #[test]
    fn the_call_wins_over_the_sandbox_and_the_sandbox_over_the_platform() {
        let spec = spec();
        let all: Variables = of(
            &spec,
            &Changes::default(),
            "/tmp",
            variables(&[("A", "call"), ("PWD", "/lie")]),
        )
        .into_iter()
        .collect();
        for (name, value) in [
            ("A", "call"),
            ("B", "sandbox"),
            ("LANG", "de"),
            ("PWD", "/tmp"),
            ("HOME", "/home/daytona"),
            ("DAYTONA_REGION_ID", "us"),
        ] {
            assert_eq!(all.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(!all.contains_key("bad name"));
    }

    #[test]
    fn names_and_values_are_checked() {
        assert!(check(&variables(&[("_a1", "x"), ("B", "")])).is_ok());
        for bad in ["", "1a", "a-b", "a b", "a=b", "ä"] {
            assert!(check(&variables(&[(bad, "x")])).is_err(), "{bad:?}");
        }
        assert!(check(&variables(&[("A", "a\0b")])).is_err());
    }
}
