//! Organizations, members, roles and users on the wire.

use serde::{Deserialize, Serialize};

use crate::contracts::store::{Member, MemberRole, Organization, Role, User};
use crate::rules::permissions::GLOBAL_ROLES;
use crate::times::iso;

/// An organization. Clients refuse nulls in the times of a suspension, so there is always a text.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationView {
    id: String,
    name: String,
    created_by: String,
    personal: bool,
    created_at: String,
    updated_at: String,
    suspended: bool,
    suspended_at: String,
    suspension_reason: String,
    suspended_until: String,
    suspension_cleanup_grace_period_hours: u32,
    max_cpu_per_sandbox: u32,
    max_memory_per_sandbox: u32,
    max_disk_per_sandbox: u32,
    secret_quota: u32,
    max_secrets_per_sandbox: u32,
    snapshot_deactivation_timeout_minutes: u32,
    default_queue_timeout: u32,
    sandbox_limited_network_egress: bool,
    preview_warning_enabled: bool,
    sso_enabled: bool,
    scim_enabled: bool,
    default_region_id: Option<String>,
    experimental_config: Empty,
    total_cpu_quota: u32,
    total_memory_quota: u32,
    total_disk_quota: u32,
    /// The first key of its owner, where it was just made.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

#[derive(Debug, Serialize)]
struct Empty {}

impl OrganizationView {
    /// An organization as it is at `now`.
    pub fn new(it: &Organization, now: u64) -> Self {
        let (suspended, reason, since, until) = match &it.suspended {
            Some(is) => (
                is.until.is_none_or(|until| until > now),
                is.reason.clone(),
                is.since,
                is.until.unwrap_or(0),
            ),
            None => (false, String::new(), 0, 0),
        };
        Self {
            id: it.id.clone(),
            name: it.name.clone(),
            created_by: it.created_by.clone(),
            personal: it.personal,
            created_at: iso(it.created),
            updated_at: iso(it.updated),
            suspended,
            suspended_at: iso(since),
            suspension_reason: reason,
            suspended_until: iso(until),
            suspension_cleanup_grace_period_hours: 24,
            max_cpu_per_sandbox: it.max_cpu,
            max_memory_per_sandbox: it.max_memory_gib,
            max_disk_per_sandbox: it.max_disk_gib,
            secret_quota: 0,
            max_secrets_per_sandbox: 0,
            snapshot_deactivation_timeout_minutes: 0,
            default_queue_timeout: 0,
            sandbox_limited_network_egress: false,
            preview_warning_enabled: false,
            sso_enabled: false,
            scim_enabled: false,
            default_region_id: it.default_region.clone(),
            experimental_config: Empty {},
            total_cpu_quota: it.total_cpu,
            total_memory_quota: it.total_memory_gib,
            total_disk_quota: it.total_disk_gib,
            api_key: None,
        }
    }

    /// With the key that was made with it.
    pub fn with_key(self, key: String) -> Self {
        Self {
            api_key: Some(key),
            ..self
        }
    }
}

/// A role.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleView {
    id: String,
    name: String,
    description: String,
    permissions: Vec<String>,
    is_global: bool,
    created_at: String,
    updated_at: String,
}

impl From<&Role> for RoleView {
    fn from(it: &Role) -> Self {
        Self {
            id: it.id.clone(),
            name: it.name.clone(),
            description: it.description.clone(),
            permissions: it.permissions.clone(),
            is_global: false,
            created_at: iso(it.created),
            updated_at: iso(it.updated),
        }
    }
}

/// The global roles, then these.
pub fn roles(own: &[Role]) -> Vec<RoleView> {
    let global = GLOBAL_ROLES.iter().map(|it| RoleView {
        id: it.id.to_owned(),
        name: it.name.to_owned(),
        description: it.description.to_owned(),
        permissions: it.permissions.iter().map(|one| (*one).to_owned()).collect(),
        is_global: true,
        created_at: iso(0),
        updated_at: iso(0),
    });
    global.chain(own.iter().map(RoleView::from)).collect()
}

/// A member.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    user_id: String,
    organization_id: String,
    name: String,
    email: String,
    role: &'static str,
    assigned_roles: Vec<RoleView>,
    created_at: String,
    updated_at: String,
}

impl MemberView {
    /// A member of an organization with these roles of its own.
    pub fn new(organization: &str, it: &Member, own: &[Role]) -> Self {
        Self {
            user_id: it.user.id.clone(),
            organization_id: organization.to_owned(),
            name: it.user.name.clone(),
            email: it.user.email.clone(),
            role: match it.role {
                MemberRole::Owner => "owner",
                MemberRole::Member => "member",
            },
            assigned_roles: roles(own)
                .into_iter()
                .filter(|role| it.roles.contains(&role.id))
                .collect(),
            created_at: iso(it.created),
            updated_at: iso(it.updated),
        }
    }
}

/// A user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    id: String,
    name: String,
    email: String,
    email_verified: bool,
    public_keys: [Empty; 0],
    created_at: String,
    /// The organization in which the key that asks acts, and whether it is an operator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<bool>,
    /// The first key in the personal organization, where the user was just made.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

impl UserView {
    /// A user.
    pub fn new(it: &User) -> Self {
        Self {
            id: it.id.clone(),
            name: it.name.clone(),
            email: it.email.clone(),
            email_verified: true,
            public_keys: [],
            created_at: iso(it.created),
            organization_id: None,
            operator: None,
            api_key: None,
        }
    }

    /// With what the key that asks may.
    pub fn acting(self, organization: String, operator: bool) -> Self {
        Self {
            organization_id: Some(organization),
            operator: Some(operator),
            ..self
        }
    }

    /// With the personal organization and the key that were made with the user.
    pub fn with_key(self, organization: String, key: String) -> Self {
        Self {
            organization_id: Some(organization),
            api_key: Some(key),
            ..self
        }
    }
}

/// The body of the creation of an organization.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateOrganization {
    /// Its name.
    pub name: String,
    /// Its default region.
    pub default_region_id: Option<String>,
}

/// The body of a change of the default region.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DefaultRegion {
    /// A shared region.
    pub default_region_id: String,
}

/// The body of a change of a member's access.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberAccess {
    /// `owner` or `member`.
    pub role: String,
    /// Global roles and the organization's own.
    #[serde(default)]
    pub assigned_role_ids: Vec<String>,
}

/// The body of the creation or change of a role.
#[derive(Debug, Deserialize)]
pub struct RoleBody {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What it allows.
    pub permissions: Vec<String>,
}

/// The body of a suspension.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SuspendBody {
    /// Shown to whoever is refused.
    pub reason: Option<String>,
    /// When it ends by itself.
    pub until: Option<String>,
}

/// The body of the creation of a user.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateUser {
    /// Its name.
    pub name: String,
    /// Its address, unique.
    #[serde(default)]
    pub email: String,
    /// An organization to join as a member, too.
    pub organization_id: Option<String>,
}

#[cfg(test)]
pub(crate) fn sample_organization() -> Organization {
    Organization {
        id: "org-1".into(),
        name: "Personal".into(),
        personal: true,
        created_by: "u".into(),
        default_region: Some("us".into()),
        max_cpu: 4,
        max_memory_gib: 8,
        max_disk_gib: 10,
        total_cpu: 10,
        total_memory_gib: 10,
        total_disk_gib: 30,
        suspended: None,
        created: 0,
        updated: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::store::Suspension;

    #[test]
    fn an_organization_has_every_field_that_clients_need_and_no_null_among_them() {
        let got = serde_json::to_value(OrganizationView::new(&sample_organization(), 5)).expect("JSON");
        for field in [
            "id",
            "name",
            "createdBy",
            "personal",
            "createdAt",
            "updatedAt",
            "suspended",
            "suspendedAt",
            "suspensionReason",
            "suspendedUntil",
            "suspensionCleanupGracePeriodHours",
            "maxCpuPerSandbox",
            "maxMemoryPerSandbox",
            "maxDiskPerSandbox",
            "secretQuota",
            "maxSecretsPerSandbox",
            "sandboxLimitedNetworkEgress",
            "previewWarningEnabled",
            "ssoEnabled",
            "scimEnabled",
            "experimentalConfig",
        ] {
            assert!(!got[field].is_null(), "{field}");
        }
        let suspended = |until| {
            let it = Organization {
                suspended: Some(Suspension {
                    reason: "unpaid".into(),
                    since: 1,
                    until,
                }),
                ..sample_organization()
            };
            serde_json::to_value(OrganizationView::new(&it, 5)).expect("JSON")["suspended"].clone()
        };
        assert_eq!(
            (suspended(None), suspended(Some(5)), suspended(Some(6))),
            (true.into(), false.into(), true.into())
        );
    }

    #[test]
    fn members_show_their_roles() {
        let member = Member {
            user: User {
                id: "u".into(),
                name: "U".into(),
                email: String::new(),
                created: 0,
            },
            role: MemberRole::Member,
            roles: vec![GLOBAL_ROLES[6].id.to_owned(), "mine".to_owned(), "gone".to_owned()],
            created: 0,
            updated: 0,
        };
        let own = Role {
            id: "mine".into(),
            organization: "org-1".into(),
            name: "Mine".into(),
            description: String::new(),
            permissions: Vec::new(),
            created: 0,
            updated: 0,
        };
        let got = serde_json::to_value(MemberView::new("org-1", &member, &[own])).expect("JSON");
        let names: Vec<_> = got["assignedRoles"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|role| &role["name"])
            .collect();
        assert_eq!(names, ["Auditor", "Mine"]);
        assert_eq!(got["role"], "member");
    }
}
