//! What the cell is told of a sandbox, from its journal entry.

use crate::journal::{Journal, Record};
use crate::wire::{Image, Mount, Payload};
use serde_json::{Value, json};
use std::io;

const MIB_PER_GIB: u64 = 1_024;
/// User of sandboxes that name none.
const USER: &str = "daytona";

/// Why an entry says nothing to a cell.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpecError {
    #[error(transparent)]
    Id(#[from] io::Error),
    #[error("the plane's description of the sandbox cannot be read: {0}")]
    Details(#[from] serde_json::Error),
}

/// The body of `PUT /sandboxes/<id>`.
pub(crate) fn of(record: &Record, journal: &Journal) -> Result<Value, SpecError> {
    let details: Payload = serde_json::from_str(&record.details)?;
    let mut spec = json!({
        "id": record.sandbox,
        "generation": record.generation,
        "directory": journal.directory(&record.sandbox)?,
        "layers": [],
        "env": details.env.unwrap_or_default(),
        "user": details.os_user.unwrap_or_else(|| USER.into()),
        "organization": details.organization_id,
        "region": details.region_id,
        "snapshot": details.snapshot.unwrap_or_default(),
        "limits": {
            "cpuMilli": record.cpu_milli,
            "memoryMib": record.memory_mib,
            "diskMib": record.disk_mib,
        },
        "network": {
            "blockAll": details.network_block_all,
            "allowList": details.network_allow_list,
            "domainAllowList": details.domain_allow_list,
        },
    });
    if let Some(directory) = details.launch.work_dir {
        spec["workDir"] = directory.into();
    }
    if !details.launch.command.is_empty() {
        spec["entrypoint"] = details.launch.command.into();
    }
    if let Some(parent) = details.parent {
        spec["parent"] = parent.into();
    }
    if let Some(image) = details.image {
        spec["image"] = image.id.into();
    }
    if !details.volumes.is_empty() {
        let volume = |mount: &Mount| {
            json!({
                "id": mount.id,
                "mountPath": mount.mount_path,
                "subpath": mount.subpath,
                "readOnly": mount.read_only,
                "quotaMib": mount.quota_gib.saturating_mul(MIB_PER_GIB),
            })
        };
        spec["volumes"] = details.volumes.iter().map(volume).collect();
    }
    Ok(spec)
}

/// What the sandbox begins as, if it has no files yet.
pub(crate) fn image(record: &Record) -> Result<Option<Image>, SpecError> {
    Ok(serde_json::from_str::<Payload>(&record.details)?.image)
}

/// Enough to remove a sandbox of which nothing is known but its directory.
pub(crate) fn bare(sandbox: &str, journal: &Journal) -> Result<Value, SpecError> {
    let nothing = Record {
        sandbox: sandbox.to_owned(),
        generation: 0,
        cpu_milli: 0,
        memory_mib: 0,
        disk_mib: 0,
        details: serde_json::to_string(&Payload::default())?,
        started: false,
    };
    of(&nothing, journal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandbar_cell::SandboxSpec;

    #[test]
    fn a_cell_reads_it() {
        let home = tempfile::tempdir().expect("a directory");
        let journal = Journal::open(home.path().join("sandboxes")).expect("a journal");
        let details = json!({
            "id": "s", "generation": 2, "osUser": "ann", "env": {"A": "b"}, "networkBlockAll": true,
            "networkAllowList": "10.0.0.0/8", "parent": "p", "launch": {"workDir": "/srv", "command": ["a", "b"]},
        });
        let record = Record {
            sandbox: "s".into(),
            generation: 2,
            cpu_milli: 1000,
            memory_mib: 1024,
            disk_mib: 10,
            details: details.to_string(),
            started: true,
        };
        let value = of(&record, &journal).expect("a spec");
        assert_eq!(value["parent"], "p");
        let spec: SandboxSpec = serde_json::from_value(value).expect("the cell's own type");
        assert_eq!((spec.user.as_str(), spec.limits.memory_mib), ("ann", 1024));
        assert!(spec.network.block_all);
        assert_eq!(
            (spec.work_dir.as_deref(), spec.entrypoint.join(" ")),
            (Some("/srv"), "a b".to_owned())
        );
        let bare = bare("s", &journal).expect("a spec");
        serde_json::from_value::<SandboxSpec>(bare).expect("the cell's own type");
        assert!(super::bare("../s", &journal).is_err());
    }
}
