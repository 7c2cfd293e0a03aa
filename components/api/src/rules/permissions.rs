//! Permissions, as API keys carry them, and the roles that every organization has.

/// Create and change sandboxes.
pub const WRITE_SANDBOXES: &str = "write:sandboxes";
/// Delete sandboxes.
pub const DELETE_SANDBOXES: &str = "delete:sandboxes";
/// Create and change snapshots.
pub const WRITE_SNAPSHOTS: &str = "write:snapshots";
/// Delete snapshots.
pub const DELETE_SNAPSHOTS: &str = "delete:snapshots";
/// Read volumes.
pub const READ_VOLUMES: &str = "read:volumes";
/// Create volumes.
pub const WRITE_VOLUMES: &str = "write:volumes";
/// Delete volumes.
pub const DELETE_VOLUMES: &str = "delete:volumes";
/// Create and change regions.
pub const WRITE_REGIONS: &str = "write:regions";
/// Delete regions.
pub const DELETE_REGIONS: &str = "delete:regions";
/// Read runners. Everything else may be read by every key of the organization.
pub const READ_RUNNERS: &str = "read:runners";
/// Register and change runners.
pub const WRITE_RUNNERS: &str = "write:runners";
/// Delete runners.
pub const DELETE_RUNNERS: &str = "delete:runners";

/// The operator's role: a key that carries it answers for the platform, and may act in every organization. It is no
/// permission of an organization, is never listed among them, and only an operator hands it on.
pub const OPERATOR: &str = "platform:operator";

/// All there are in an organization.
pub const ALL: [&str; 15] = [
    "write:registries",
    "delete:registries",
    WRITE_SNAPSHOTS,
    DELETE_SNAPSHOTS,
    WRITE_SANDBOXES,
    DELETE_SANDBOXES,
    READ_VOLUMES,
    WRITE_VOLUMES,
    DELETE_VOLUMES,
    WRITE_REGIONS,
    DELETE_REGIONS,
    READ_RUNNERS,
    WRITE_RUNNERS,
    DELETE_RUNNERS,
    "read:audit_logs",
];

/// A role that every organization has and nobody changes.
#[derive(Clone, Copy, Debug)]
pub struct GlobalRole {
    /// Its documented id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What it allows.
    pub permissions: &'static [&'static str],
}

/// The documented global roles.
pub const GLOBAL_ROLES: [GlobalRole; 8] = [
    GlobalRole {
        id: "00000000-0000-0000-0000-000000000001",
        name: "Developer",
        description: "Creates, uses and deletes sandboxes",
        permissions: &[WRITE_SANDBOXES, DELETE_SANDBOXES],
    },
    GlobalRole {
        id: "00000000-0000-0000-0000-000000000002",
        name: "Sandboxes Admin",
        description: "Manages all sandboxes",
        permissions: &[WRITE_SANDBOXES, DELETE_SANDBOXES],
    },
    GlobalRole {
        id: "00000000-0000-0000-0000-000000000003",
        name: "Snapshots Admin",
        description: "Manages snapshots",
        permissions: &[WRITE_SNAPSHOTS, DELETE_SNAPSHOTS],
    },
    GlobalRole {
        id: "00000000-0000-0000-0000-000000000004",
        name: "Registries Admin",
        description: "Manages registries",
        permissions: &["write:registries", "delete:registries"],
    },
    GlobalRole {
        id: "00000000-0000-0000-0000-000000000005",
        name: "Super Admin",
        description: "May do everything in the organization",
        permissions: &ALL,
    },
    GlobalRole {
        id: "00000000-0000-0000-0000-000000000006",
        name: "Volumes Admin",
        description: "Manages volumes",
        permissions: &[READ_VOLUMES, WRITE_VOLUMES, DELETE_VOLUMES],
    },
    GlobalRole {
        id: "00000000-0000-0000-0000-000000000007",
        name: "Auditor",
        description: "Reads the audit log",
        permissions: &["read:audit_logs"],
    },
    GlobalRole {
        id: "00000000-0000-0000-0000-000000000008",
        name: "Infrastructure Admin",
        description: "Manages regions and runners",
        permissions: &[
            WRITE_REGIONS,
            DELETE_REGIONS,
            READ_RUNNERS,
            WRITE_RUNNERS,
            DELETE_RUNNERS,
        ],
    },
];

/// The first of these permissions that does not exist.
pub fn unknown(permissions: &[String]) -> Option<&str> {
    let known = |one: &str| one == OPERATOR || ALL.contains(&one);
    permissions.iter().map(String::as_str).find(|one| !known(one))
}

/// The first of the permissions asked for that the giver does not have: nobody hands on more than is theirs.
pub fn beyond<'a>(asked: &'a [String], own: &[String]) -> Option<&'a str> {
    asked.iter().find(|one| !own.contains(one)).map(String::as_str)
}

/// Whether every permission of an organization is there.
pub fn is_everything(own: &[String]) -> bool {
    ALL.iter().all(|one| own.iter().any(|own| own == one))
}

/// What a member may: an owner everything, others what their roles allow, each permission once. `custom` are the
/// organization's own roles, with their permissions. The member's keys are trimmed to this.
pub fn of_member(owner: bool, roles: &[String], custom: &[(String, Vec<String>)]) -> Vec<String> {
    if owner {
        return ALL.map(str::to_owned).to_vec();
    }
    let mut all: Vec<String> = Vec::new();
    for role in roles {
        let global = GLOBAL_ROLES.iter().find(|it| it.id == role);
        let global = global.map(|it| it.permissions.iter().map(|one| (*one).to_owned()).collect());
        let own = || custom.iter().find(|(id, _)| id == role).map(|(_, own)| own.clone());
        all.extend(global.or_else(own).unwrap_or_default());
    }
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_member_may_what_the_roles_say_and_an_owner_everything() {
        let custom = [("mine".to_owned(), list(&[READ_RUNNERS, WRITE_SANDBOXES]))];
        let roles = list(&[GLOBAL_ROLES[0].id, "mine", "gone"]);
        assert_eq!(
            of_member(false, &roles, &custom),
            list(&[DELETE_SANDBOXES, READ_RUNNERS, WRITE_SANDBOXES])
        );
        assert_eq!(of_member(false, &[], &custom), list(&[]));
        assert!(is_everything(&of_member(true, &[], &[])));
        // Not even an owner is an operator by that.
        assert!(!of_member(true, &[], &[]).contains(&OPERATOR.to_owned()));
    }

    #[test]
    fn nobody_hands_on_more_than_is_theirs() {
        let own = list(&[WRITE_SANDBOXES, READ_RUNNERS]);
        assert_eq!(beyond(&list(&[READ_RUNNERS]), &own), None);
        assert_eq!(
            beyond(&list(&[READ_RUNNERS, DELETE_RUNNERS]), &own),
            Some(DELETE_RUNNERS)
        );
        assert_eq!(beyond(&list(&[OPERATOR]), &list(&ALL)), Some(OPERATOR));
        assert_eq!(unknown(&list(&[WRITE_REGIONS, "write:all"])), Some("write:all"));
    }

    #[test]
    fn global_roles_have_the_documented_ids() {
        for (index, role) in GLOBAL_ROLES.iter().enumerate() {
            assert!(role.id.ends_with(&(index + 1).to_string()), "{}", role.id);
            assert!(unknown(&list(role.permissions)).is_none(), "{}", role.name);
        }
    }
}
