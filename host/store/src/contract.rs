//! The verbs of `wit/store`, listed once, for everything that offers them.

/// Hands the list of verbs to `$callback!`. Each line is one verb of the contract:
///
/// `<mode> name(argument: Type, ..) -> Type;`
///
/// with types of this crate, owned, in the order of the contract; the callback's module says `use sandbar_store::*`.
/// A back end that embeds the database reads the mode:
///
/// | mode | what the verb does, and what its answer waits for |
/// | --- | --- |
/// | `synced` | changes facts: the sync that covers it |
/// | `earlier` | hands out orders: the sync of what was committed before |
/// | `relaxed` | changes facts that can be rebuilt: nothing |
/// | `point` | reads few rows |
/// | `scan` | reads many rows |
/// | `durable` | reads what cannot be taken back: the sync of what it has read |
///
/// To add a verb: the function in `verbs`, one line here, its records in `convert_bindings!`.
#[macro_export]
macro_rules! with_verbs {
    ($callback:ident) => {
        $callback! {
            synced bootstrap(facts: Bootstrap) -> ();
            point authenticate(credential_hash: String) -> Option<Identity>;
            point get_organization(id: String) -> Organization;
            synced put_user(user: User) -> ();
            point get_user(id: String) -> User;
            scan list_users() -> Vec<User>;
            synced create_organization(organization: Organization, owner: String, most: u32) -> ();
            scan list_organizations(user: Option<String>) -> Vec<Organization>;
            synced change_organization(id: String, change: OrganizationChange, now: u64) -> Organization;
            synced delete_organization(id: String) -> ();
            scan list_members(organization: String) -> Vec<Member>;
            synced put_member(organization: String, user: String, role: MemberRole, roles: Vec<String>,
                permissions: Vec<String>, now: u64) -> Member;
            synced delete_member(organization: String, user: String) -> ();
            point list_roles(organization: String) -> Vec<Role>;
            synced put_role(role: Role) -> ();
            synced delete_role(organization: String, id: String) -> ();
            synced create_key(key: ApiKey, hash: String) -> ();
            scan list_keys(organization: String, user: Option<String>) -> Vec<ApiKey>;
            point get_key(hash: String) -> ApiKey;
            synced delete_key(organization: String, user: String, name: String) -> ();
            relaxed touch_keys(uses: Vec<(String, u64)>) -> ();

            synced put_quota(quota: Quota) -> ();
            synced delete_quota(organization: String, region: String) -> ();
            point list_quotas(organization: String) -> Vec<Quota>;
            point list_usage(organization: String) -> Vec<Usage>;
            scan broken_invariants() -> Vec<String>;

            point list_regions(organization: Option<String>) -> Vec<Region>;
            point get_region(id: String) -> Region;
            synced create_region(region: Region, credentials: Vec<RegionCredential>) -> ();
            synced change_region(region: Region, expected: u64, credentials: Vec<RegionCredential>) -> ();
            point get_region_login(id: String) -> Option<(String, String)>;
            synced delete_region(id: String) -> ();

            synced create_runner(runner: Runner, token_hash: String, replace: bool) -> Runner;
            scan list_runners(region: Option<String>, organization: Option<String>) -> Vec<Runner>;
            point get_runner(id: String) -> Runner;
            synced set_runner_flags(id: String, unschedulable: Option<bool>, draining: Option<bool>,
                drain_started: Option<bool>, now: u64) -> Runner;
            synced rotate_runner_token(id: String, token_hash: String, old_until: u64) -> Runner;
            synced delete_runner(id: String, force: bool, silent_since: u64) -> ();
            synced attach_runner(id: String, instance: String, now: u64) -> u64;
            relaxed set_verdicts(verdicts: Vec<(String, String)>, now: u64) -> ();
            relaxed set_connected(runners: Vec<String>, until: u64) -> ();
            point placement_window(region: String, seed: u64, limit: u32, snapshot: String) -> Vec<Candidate>;
            scan region_runners(region: String, after: String, limit: u32, snapshot: String) -> Vec<Candidate>;
            scan regions_with_room(regions: Vec<String>, cpu_milli: u64, memory_mib: u64, disk_mib: u64)
                -> Vec<String>;

            synced create_sandbox(sandbox: Sandbox, placement: Placement) -> Sandbox;
            synced place_sandbox(id: String, expected_generation: u64, state: String, image: String,
                placement: Placement, now: u64) -> Sandbox;
            synced replace_runner(id: String, expected_generation: u64, placement: Placement, now: u64) -> Sandbox;
            synced resize_sandbox(id: String, expected_generation: u64, cpu: u32, memory_gib: u32, disk_gib: u32,
                totals: Option<Totals>, job_id: String, payload: String, now: u64) -> Sandbox;
            point get_sandbox(organization: String, id_or_name: String) -> Sandbox;
            scan list_sandboxes(query: SandboxQuery) -> Vec<Sandbox>;
            synced change_intent(id: String, expected_generation: u64, desired: String, job_id: String, kind: JobKind,
                payload: String, totals: Option<Totals>, now: u64) -> Sandbox;
            synced change_settings(organization: String, id_or_name: String, settings: Settings, now: u64) -> Sandbox;
            durable changes(organization: String, after: u64, limit: u32) -> Vec<Sandbox>;

            synced take_lease(name: String, holder: String, now: u64, until: u64) -> bool;
            scan due_sandboxes(query: DueQuery) -> Vec<Sandbox>;
            synced find_out(findings: Vec<Finding>, now: u64) -> Vec<Sandbox>;

            point waiting_sandboxes(limit: u32) -> Vec<Sandbox>;

            synced create_snapshot(snapshot: Snapshot, task: Option<Task>, most: u32) -> Snapshot;
            point get_snapshot(organization: String, id_or_name: String) -> Snapshot;
            point list_snapshots(organization: String) -> Vec<Snapshot>;
            synced set_snapshot_state(id: String, expected: String, state: String, now: u64) -> Snapshot;
            synced delete_snapshot(id: String, now: u64) -> Vec<String>;
            synced begin_backup(sandbox: String, expected_generation: u64, task: Task, archive: bool, now: u64)
                -> Sandbox;
            synced end_task(runner: String, process: u64, id: String, completed: Option<TaskResult>,
                failure: Option<String>, now: u64) -> Ended;
            point due_tasks(now: u64, overdue: Vec<(JobKind, u64)>, lost: Vec<String>, limit: u32) -> Vec<Task>;
            synced create_volume(volume: Volume, most: u32) -> ();
            point get_volume(organization: String, id_or_name: String) -> Volume;
            point list_volumes(organization: String) -> Vec<Volume>;
            synced delete_volume(organization: String, id: String, now: u64) -> Option<String>;

            scan list_decisions(sandbox: Option<String>, region: Option<String>, after: u64, limit: u32)
                -> Vec<Decision>;
            relaxed record_refusal(organization: String, region: String, facts: String, now: u64) -> ();

            synced create_grant(grant: Grant, token_hash: String) -> ();
            point get_grant(kind: GrantKind, token_hash: String) -> Option<Grant>;
            synced delete_grants(kind: GrantKind, sandbox: String, token_hash: Option<String>) -> u32;

            earlier claim_jobs(runner: String, limit: u32, now: u64, lease: u64) -> Vec<Job>;
            relaxed report(runner: String, process: u64, observations: Vec<Observation>, health: Option<Health>,
                now: u64) -> Outcome;
            durable runner_sandboxes(runner: String) -> Vec<Sandbox>;
        }
    };
}
