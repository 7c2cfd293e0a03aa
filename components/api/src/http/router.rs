//! The table of routes: method, path, who may, what it is about.

use percent_encoding::percent_decode_str;

use crate::http::{Access, Method, Problem};
use crate::rules::permissions::{
    DELETE_REGIONS, DELETE_RUNNERS, DELETE_SANDBOXES, DELETE_SNAPSHOTS, DELETE_VOLUMES, READ_RUNNERS, READ_VOLUMES,
    WRITE_REGIONS, WRITE_RUNNERS, WRITE_SANDBOXES, WRITE_SNAPSHOTS, WRITE_VOLUMES,
};

/// What a call is about. One variant for each row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the table below says what each is
pub enum Route {
    Metrics,
    Health,
    Ready,
    Config,
    OpenApi,
    CreateSandbox,
    ListSandboxes,
    PaginateSandboxes,
    ForRunner,
    ValidateSshAccess,
    GetSandbox,
    DeleteSandbox,
    StartSandbox,
    StopSandbox,
    RecoverSandbox,
    ResizeSandbox,
    ForkSandbox,
    SnapshotSandbox,
    ArchiveSandbox,
    BackupSandbox,
    SandboxBuildLogs,
    Forks,
    Parent,
    Ancestors,
    Placement,
    SetLabels,
    SetPublic,
    SetAutoStop,
    SetAutoArchive,
    SetAutoDelete,
    SetNetwork,
    SetState,
    TouchSandbox,
    ToolboxProxyUrl,
    SandboxOrganization,
    SandboxQuota,
    PreviewUrl,
    SignPreview,
    ExpirePreview,
    GrantSsh,
    RevokeSsh,
    ListSnapshots,
    CreateSnapshot,
    GetSnapshot,
    DeleteSnapshot,
    ActivateSnapshot,
    DeactivateSnapshot,
    SnapshotBuildLogs,
    ListVolumes,
    CreateVolume,
    GetVolume,
    VolumeByName,
    DeleteVolume,
    PreviewPublic,
    PreviewAccess,
    PreviewWarning,
    PreviewValidate,
    PreviewSandbox,
    SharedRegions,
    ListRegions,
    CreateRegion,
    GetRegion,
    ChangeRegion,
    DeleteRegion,
    RegenerateProxy,
    RegenerateGateway,
    RegenerateSnapshots,
    ListRunners,
    CreateRunner,
    OwnRunner,
    OwnSandboxes,
    OwnSnapshots,
    RunnersBySnapshot,
    RunnerBySandbox,
    Attach,
    Healthcheck,
    Report,
    GetRunner,
    GetRunnerFull,
    DeleteRunner,
    SetScheduling,
    SetDraining,
    RotateToken,
    ListJobs,
    PollJobs,
    GetJob,
    EndJob,
    ListKeys,
    CreateKey,
    CurrentKey,
    GetKey,
    DeleteKey,
    DeleteKeyOf,
    Me,
    ListOrganizations,
    CreateOrganization,
    GetOrganization,
    DeleteOrganization,
    SetDefaultRegion,
    Usage,
    Leave,
    ListMembers,
    SetAccess,
    RemoveMember,
    ListRoles,
    CreateRole,
    ChangeRole,
    DeleteRole,
    SetLimits,
    PutQuota,
    Suspend,
    Unsuspend,
    AddQuota,
    GetQuota,
    DeleteQuota,
    CreateUser,
    ListUsers,
    GetUser,
    AdminRegions,
    AdminCreateRegion,
    AdminChangeRegion,
    AdminDeleteRegion,
    AdminRunners,
    AdminCreateRunner,
    AdminRunner,
    AdminScheduling,
    AdminDeleteRunner,
    Decisions,
    Invariants,
    Access,
    Preview,
    RunnerAccess,
    Identity,
    Links,
    Tick,
    Changes,
    Activity,
}

use Method::{Delete, Get, Patch, Post, Put};

/// A row of the table.
#[derive(Debug)]
pub struct Row {
    /// The method.
    pub method: Method,
    /// The path; a segment in braces takes any text.
    pub pattern: &'static str,
    /// What it is about.
    pub route: Route,
    /// Who may.
    pub access: Access,
}

const fn row(method: Method, pattern: &'static str, route: Route, access: Access) -> Row {
    Row {
        method,
        pattern,
        route,
        access,
    }
}

const USER: Access = Access::USER;
const OWNER: Access = Access::OWNER;
const OPERATOR: Access = Access::OPERATOR;
const RUNNER: Access = Access::RUNNER;
const WRITES: Access = Access::with(WRITE_SANDBOXES);
const REGIONS: Access = Access::with(WRITE_REGIONS);
const RUNNERS: Access = Access::with(WRITE_RUNNERS);
const SNAPSHOTS: Access = Access::with(WRITE_SNAPSHOTS);
const SERVED: Access = Access::USER.or_proxy().or_gateway();
const PROXY: Access = Access::OPERATOR.or_proxy();

/// Every route. Where two patterns match, the first wins.
#[rustfmt::skip] // a table is read in columns
pub const TABLE: &[Row] = &[
    row(Get, "/metrics", Route::Metrics, Access::PUBLIC),
    row(Get, "/health", Route::Health, Access::PUBLIC),
    row(Get, "/api/health", Route::Health, Access::PUBLIC),
    row(Get, "/api/health/ready", Route::Ready, Access::PUBLIC),
    row(Get, "/api/config", Route::Config, Access::PUBLIC),
    row(Get, "/api/openapi.json", Route::OpenApi, Access::PUBLIC),
    row(Post, "/api/sandbox", Route::CreateSandbox, WRITES),
    row(Get, "/api/sandbox", Route::ListSandboxes, USER),
    row(Get, "/api/sandbox/paginated", Route::PaginateSandboxes, USER),
    row(Get, "/api/sandbox/for-runner", Route::ForRunner, RUNNER),
    row(Get, "/api/sandbox/ssh-access/validate", Route::ValidateSshAccess, USER.or_gateway()),
    row(Get, "/api/sandbox/{sandbox}", Route::GetSandbox, SERVED.or_runner()),
    row(Delete, "/api/sandbox/{sandbox}", Route::DeleteSandbox, Access::with(DELETE_SANDBOXES)),
    row(Post, "/api/sandbox/{sandbox}/start", Route::StartSandbox, WRITES),
    row(Post, "/api/sandbox/{sandbox}/stop", Route::StopSandbox, WRITES),
    row(Post, "/api/sandbox/{sandbox}/recover", Route::RecoverSandbox, WRITES),
    row(Post, "/api/sandbox/{sandbox}/resize", Route::ResizeSandbox, WRITES),
    row(Post, "/api/sandbox/{sandbox}/fork", Route::ForkSandbox, WRITES),
    row(Post, "/api/sandbox/{sandbox}/snapshot", Route::SnapshotSandbox, WRITES),
    row(Post, "/api/sandbox/{sandbox}/archive", Route::ArchiveSandbox, WRITES),
    row(Post, "/api/sandbox/{sandbox}/backup", Route::BackupSandbox, WRITES),
    row(Get, "/api/sandbox/{sandbox}/build-logs-url", Route::SandboxBuildLogs, USER),
    row(Get, "/api/sandbox/{sandbox}/forks", Route::Forks, USER),
    row(Get, "/api/sandbox/{sandbox}/parent", Route::Parent, USER),
    row(Get, "/api/sandbox/{sandbox}/ancestors", Route::Ancestors, USER),
    row(Get, "/api/sandbox/{sandbox}/placement", Route::Placement, USER),
    row(Put, "/api/sandbox/{sandbox}/labels", Route::SetLabels, WRITES),
    row(Post, "/api/sandbox/{sandbox}/public/{value}", Route::SetPublic, WRITES),
    row(Post, "/api/sandbox/{sandbox}/autostop/{minutes}", Route::SetAutoStop, WRITES),
    row(Post, "/api/sandbox/{sandbox}/autoarchive/{minutes}", Route::SetAutoArchive, WRITES),
    row(Post, "/api/sandbox/{sandbox}/autodelete/{minutes}", Route::SetAutoDelete, WRITES),
    row(Post, "/api/sandbox/{sandbox}/network-settings", Route::SetNetwork, WRITES),
    row(Put, "/api/sandbox/{sandbox}/state", Route::SetState, RUNNER),
    row(Post, "/api/sandbox/{sandbox}/last-activity", Route::TouchSandbox, SERVED),
    row(Get, "/api/sandbox/{sandbox}/toolbox-proxy-url", Route::ToolboxProxyUrl, USER),
    row(Get, "/api/sandbox/{sandbox}/organization", Route::SandboxOrganization, SERVED),
    row(Get, "/api/sandbox/{sandbox}/region-quota", Route::SandboxQuota, SERVED),
    row(Get, "/api/sandbox/{sandbox}/ports/{port}/preview-url", Route::PreviewUrl, USER),
    row(Get, "/api/sandbox/{sandbox}/ports/{port}/signed-preview-url", Route::SignPreview, USER),
    row(Post, "/api/sandbox/{sandbox}/ports/{port}/signed-preview-url/{token}/expire", Route::ExpirePreview, USER),
    row(Post, "/api/sandbox/{sandbox}/ssh-access", Route::GrantSsh, WRITES),
    row(Delete, "/api/sandbox/{sandbox}/ssh-access", Route::RevokeSsh, WRITES),
    row(Get, "/api/snapshots", Route::ListSnapshots, USER),
    row(Post, "/api/snapshots", Route::CreateSnapshot, SNAPSHOTS),
    row(Get, "/api/snapshots/{snapshot}", Route::GetSnapshot, USER),
    row(Delete, "/api/snapshots/{snapshot}", Route::DeleteSnapshot, Access::with(DELETE_SNAPSHOTS)),
    row(Post, "/api/snapshots/{snapshot}/activate", Route::ActivateSnapshot, SNAPSHOTS),
    row(Post, "/api/snapshots/{snapshot}/deactivate", Route::DeactivateSnapshot, SNAPSHOTS),
    row(Get, "/api/snapshots/{snapshot}/build-logs-url", Route::SnapshotBuildLogs, USER),
    row(Get, "/api/volumes", Route::ListVolumes, Access::with(READ_VOLUMES)),
    row(Post, "/api/volumes", Route::CreateVolume, Access::with(WRITE_VOLUMES)),
    row(Get, "/api/volumes/{volume}", Route::GetVolume, Access::with(READ_VOLUMES)),
    row(Get, "/api/volumes/by-name/{name}", Route::VolumeByName, Access::with(READ_VOLUMES)),
    row(Delete, "/api/volumes/{volume}", Route::DeleteVolume, Access::with(DELETE_VOLUMES)),
    row(Get, "/api/preview/{sandbox}/public", Route::PreviewPublic, PROXY),
    row(Get, "/api/preview/{sandbox}/access", Route::PreviewAccess, USER),
    row(Get, "/api/preview/{sandbox}/preview-warning", Route::PreviewWarning, PROXY),
    row(Get, "/api/preview/{sandbox}/validate/{token}", Route::PreviewValidate, PROXY),
    row(Get, "/api/preview/{token}/{port}/sandbox-id", Route::PreviewSandbox, PROXY),
    row(Get, "/api/shared-regions", Route::SharedRegions, Access::PUBLIC),
    row(Get, "/api/regions", Route::ListRegions, USER),
    row(Post, "/api/regions", Route::CreateRegion, REGIONS),
    row(Get, "/api/regions/{region}", Route::GetRegion, USER),
    row(Patch, "/api/regions/{region}", Route::ChangeRegion, REGIONS),
    row(Delete, "/api/regions/{region}", Route::DeleteRegion, Access::with(DELETE_REGIONS)),
    row(Post, "/api/regions/{region}/regenerate-proxy-api-key", Route::RegenerateProxy, REGIONS),
    row(Post, "/api/regions/{region}/regenerate-ssh-gateway-api-key", Route::RegenerateGateway, REGIONS),
    row(Post, "/api/regions/{region}/regenerate-snapshot-manager-credentials", Route::RegenerateSnapshots, REGIONS),
    row(Get, "/api/runners", Route::ListRunners, Access::with(READ_RUNNERS)),
    row(Post, "/api/runners", Route::CreateRunner, RUNNERS),
    row(Get, "/api/runners/me", Route::OwnRunner, RUNNER),
    row(Get, "/api/runners/me/sandboxes", Route::OwnSandboxes, RUNNER),
    row(Get, "/api/runners/me/snapshots", Route::OwnSnapshots, RUNNER),
    row(Get, "/api/runners/by-snapshot-ref", Route::RunnersBySnapshot, PROXY),
    row(Get, "/api/runners/by-sandbox/{sandbox}", Route::RunnerBySandbox, Access::SERVICES),
    row(Post, "/api/runners/attach", Route::Attach, RUNNER),
    row(Post, "/api/runners/healthcheck", Route::Healthcheck, RUNNER),
    row(Post, "/api/runners/report", Route::Report, RUNNER),
    row(Get, "/api/runners/{runner}", Route::GetRunner, Access::with(READ_RUNNERS)),
    row(Get, "/api/runners/{runner}/full", Route::GetRunnerFull, Access::SERVICES),
    row(Delete, "/api/runners/{runner}", Route::DeleteRunner, Access::with(DELETE_RUNNERS)),
    row(Patch, "/api/runners/{runner}/scheduling", Route::SetScheduling, RUNNERS),
    row(Patch, "/api/runners/{runner}/draining", Route::SetDraining, RUNNERS),
    row(Post, "/api/runners/{runner}/rotate-token", Route::RotateToken, RUNNERS),
    row(Get, "/api/jobs", Route::ListJobs, RUNNER),
    row(Get, "/api/jobs/poll", Route::PollJobs, RUNNER),
    row(Get, "/api/jobs/{job}", Route::GetJob, RUNNER),
    row(Post, "/api/jobs/{job}/status", Route::EndJob, RUNNER),
    row(Get, "/api/api-keys", Route::ListKeys, USER),
    row(Post, "/api/api-keys", Route::CreateKey, USER),
    row(Get, "/api/api-keys/current", Route::CurrentKey, USER),
    row(Get, "/api/api-keys/{name}", Route::GetKey, USER),
    row(Delete, "/api/api-keys/{name}", Route::DeleteKey, USER),
    row(Delete, "/api/api-keys/{user}/{name}", Route::DeleteKeyOf, USER),
    row(Get, "/api/users/me", Route::Me, USER),
    row(Get, "/api/organizations", Route::ListOrganizations, USER),
    row(Post, "/api/organizations", Route::CreateOrganization, OWNER),
    row(Get, "/api/organizations/{organization}", Route::GetOrganization, USER),
    row(Delete, "/api/organizations/{organization}", Route::DeleteOrganization, OWNER),
    row(Patch, "/api/organizations/{organization}/default-region", Route::SetDefaultRegion, OWNER),
    row(Get, "/api/organizations/{organization}/usage", Route::Usage, USER),
    row(Post, "/api/organizations/{organization}/leave", Route::Leave, USER),
    row(Get, "/api/organizations/{organization}/users", Route::ListMembers, USER),
    row(Post, "/api/organizations/{organization}/users/{user}/access", Route::SetAccess, OWNER),
    row(Delete, "/api/organizations/{organization}/users/{user}", Route::RemoveMember, OWNER),
    row(Get, "/api/organizations/{organization}/roles", Route::ListRoles, USER),
    row(Post, "/api/organizations/{organization}/roles", Route::CreateRole, OWNER),
    row(Put, "/api/organizations/{organization}/roles/{role}", Route::ChangeRole, OWNER),
    row(Delete, "/api/organizations/{organization}/roles/{role}", Route::DeleteRole, OWNER),
    row(Patch, "/api/organizations/{organization}/quota", Route::SetLimits, OPERATOR),
    row(Patch, "/api/organizations/{organization}/quota/{region}", Route::PutQuota, OPERATOR),
    row(Post, "/api/organizations/{organization}/suspend", Route::Suspend, OPERATOR),
    row(Post, "/api/organizations/{organization}/unsuspend", Route::Unsuspend, OPERATOR),
    row(Post, "/api/admin/organizations/{organization}/quota/{region}", Route::AddQuota, OPERATOR),
    row(Patch, "/api/admin/organizations/{organization}/quota/{region}", Route::PutQuota, OPERATOR),
    row(Get, "/api/admin/organizations/{organization}/quota/{region}/{class}", Route::GetQuota, OPERATOR),
    row(Delete, "/api/admin/organizations/{organization}/quota/{region}/{class}", Route::DeleteQuota, OPERATOR),
    row(Post, "/api/admin/users", Route::CreateUser, OPERATOR),
    row(Get, "/api/admin/users", Route::ListUsers, OPERATOR),
    row(Get, "/api/admin/users/{user}", Route::GetUser, OPERATOR),
    row(Get, "/api/admin/regions", Route::AdminRegions, OPERATOR),
    row(Post, "/api/admin/regions", Route::AdminCreateRegion, OPERATOR),
    row(Patch, "/api/admin/regions/{region}", Route::AdminChangeRegion, OPERATOR),
    row(Delete, "/api/admin/regions/{region}", Route::AdminDeleteRegion, OPERATOR),
    row(Get, "/api/admin/runners", Route::AdminRunners, OPERATOR),
    row(Post, "/api/admin/runners", Route::AdminCreateRunner, OPERATOR),
    row(Get, "/api/admin/runners/{runner}", Route::AdminRunner, OPERATOR),
    row(Patch, "/api/admin/runners/{runner}/scheduling", Route::AdminScheduling, OPERATOR),
    row(Delete, "/api/admin/runners/{runner}", Route::AdminDeleteRunner, OPERATOR),
    row(Get, "/api/admin/decisions", Route::Decisions, Access::with(READ_RUNNERS)),
    row(Get, "/api/admin/invariants", Route::Invariants, OPERATOR),
    row(Get, "/api/internal/access/{sandbox}", Route::Access, Access::FRONT_FOR_USER),
    row(Get, "/api/internal/preview", Route::Preview, Access::FRONT_FOR_ANYBODY),
    row(Get, "/api/internal/runner/{runner}", Route::RunnerAccess, Access::FRONT_FOR_USER),
    row(Get, "/api/internal/identity", Route::Identity, Access::FRONT_FOR_ALL),
    row(Post, "/api/internal/links", Route::Links, Access::FRONT),
    row(Post, "/api/internal/tick", Route::Tick, Access::FRONT),
    row(Get, "/api/internal/changes", Route::Changes, Access::FRONT),
    row(Post, "/api/internal/activity/{sandbox}", Route::Activity, Access::FRONT_FOR_ANYBODY),
];

/// The segments in braces, decoded, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<String>);

impl Params {
    /// The segment at this position; empty if the pattern has none there.
    pub fn at(&self, position: usize) -> &str {
        self.0.get(position).map_or("", String::as_str)
    }
}

/// A route that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub route: Route,
    /// Who may.
    pub access: Access,
    /// Its pattern: the label of metrics, since paths are without number.
    pub pattern: &'static str,
    /// What stands in the braces.
    pub params: Params,
}

/// Finds the route of a call: 404 if no pattern fits the path, 405 if only the method is wrong.
pub fn find(method: Method, path: &str) -> Result<Found, Problem> {
    let mut others = Vec::new();
    for row in TABLE {
        let Some(params) = fit(row.pattern, path) else { continue };
        if row.method == method {
            return Ok(Found {
                route: row.route,
                access: row.access,
                pattern: row.pattern,
                params,
            });
        }
        others.push(row.method.name());
    }
    if others.is_empty() {
        return Err(Problem::NotFound(format!("Cannot {} {path}", method.name())));
    }
    Err(Problem::MethodNotAllowed(format!(
        "{path} knows only {}",
        others.join(", ")
    )))
}

fn fit(pattern: &str, path: &str) -> Option<Params> {
    let path = match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => shorter,
        _ => path,
    };
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        let segment = segments.next()?;
        if wanted.starts_with('{') {
            let text = percent_decode_str(segment).decode_utf8().ok()?;
            if text.is_empty() {
                return None;
            }
            params.push(text.into_owned());
        } else if wanted != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(Params(params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: Method, path: &str) -> Result<Route, u16> {
        find(method, path)
            .map(|found| found.route)
            .map_err(|problem| problem.status())
    }

    #[test]
    fn every_row_of_the_table_can_be_reached() {
        for row in TABLE {
            let path = row.pattern.replace(['{', '}'], "~");
            assert_eq!(route(row.method, &path), Ok(row.route), "{}", row.pattern);
            assert_eq!(
                route(row.method, &format!("{path}/")),
                Ok(row.route),
                "{}/",
                row.pattern
            );
        }
    }

    #[test]
    fn fixed_words_come_before_names() {
        assert_eq!(route(Get, "/api/sandbox/paginated"), Ok(Route::PaginateSandboxes));
        assert_eq!(route(Get, "/api/sandbox/paginated2"), Ok(Route::GetSandbox));
        assert_eq!(route(Get, "/api/runners/me"), Ok(Route::OwnRunner));
        assert_eq!(route(Get, "/api/runners/healthcheck"), Ok(Route::GetRunner));
    }

    #[test]
    fn wrong_paths_are_404_and_wrong_methods_405() {
        for path in [
            "",
            "/",
            "/api",
            "/api/",
            "/api/nothing",
            "/api/sandbox/a/b/c",
            "/api//sandbox",
            "/api/sandbox/%ff",
        ] {
            assert_eq!(route(Get, path), Err(404), "{path}");
        }
        assert_eq!(route(Put, "/api/sandbox"), Err(405));
        assert_eq!(route(Method::Other, "/api/config"), Err(405));
        assert_eq!(route(Post, "/api/sandbox/x/labels"), Err(405));
    }

    #[test]
    fn names_in_paths_are_decoded() {
        let found = find(Get, "/api/sandbox/my%20box%2F1").expect("a route");
        assert_eq!((found.params.at(0), found.params.at(1)), ("my box/1", ""));
        assert_eq!(found.pattern, "/api/sandbox/{sandbox}");
        let found = find(Post, "/api/sandbox/x/autostop/15").expect("a route");
        assert_eq!((found.params.at(0), found.params.at(1)), ("x", "15"));
    }
}
