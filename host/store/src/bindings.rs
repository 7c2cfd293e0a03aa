//! Conversions between these types and those that a generator makes of `wit/store`.

/// Makes, in the module where it stands, the trait `Wire` between this crate's types and the types that `wit-bindgen` or
/// `wasmtime::component::bindgen!` generated for the interface `sandbar:store/store` in module `$wit`, and implements
/// it for all of them, and for lists, options and pairs.
///
/// ```ignore
/// mod wit { wasmtime::component::bindgen!({ path: "../../wit/store", imports: { default: async } }); }
/// sandbar_store::convert_bindings!(crate::wit::sandbar::store::store);
/// ```
///
/// A field or case that the contract gains or loses fails to compile here, in one place.
#[macro_export]
macro_rules! convert_bindings {
    (@records $wit:tt $($name:ident $(as $other:ident)? { $($field:ident),* $(,)? })*) => {
        $($crate::convert_bindings!(@record $wit $name [$($other)? $name] { $($field),* });)*
    };
    (@record [$($wit:tt)+] $name:ident [$other:ident $($unused:ident)?] { $($field:ident),* }) => {
        impl Wire for $crate::$name {
            type Wit = $($wit)+::$other;

            fn to_wit(self) -> Self::Wit {
                $($wit)+::$other { $($field: Wire::to_wit(self.$field)),* }
            }

            fn from_wit(wit: Self::Wit) -> Self {
                Self { $($field: Wire::from_wit(wit.$field)),* }
            }
        }
    };
    (@cases $wit:tt $($name:ident { $($case:ident),* })*) => {
        $($crate::convert_bindings!(@case $wit $name { $($case),* });)*
    };
    (@case [$($wit:tt)+] $name:ident { $($case:ident),* }) => {
        impl Wire for $crate::$name {
            type Wit = $($wit)+::$name;

            fn to_wit(self) -> Self::Wit {
                match self { $(Self::$case => Self::Wit::$case),* }
            }

            fn from_wit(wit: Self::Wit) -> Self {
                use $($wit)+::$name as Generated;
                match wit { $(Generated::$case => Self::$case),* }
            }
        }
    };
    (@same $($name:ty),*) => {
        $(impl Wire for $name {
            type Wit = Self;

            fn to_wit(self) -> Self {
                self
            }

            fn from_wit(wit: Self) -> Self {
                wit
            }
        })*
    };
    // The entry comes last: its pattern would take the calls of the others too.
    ($($wit:tt)+) => {
        /// A type of the store and its like in the contract.
        #[allow(clippy::wrong_self_convention, reason = "both ways consume")]
        pub(crate) trait Wire {
            /// The generated type.
            type Wit;
            /// Into the generated type.
            fn to_wit(self) -> Self::Wit;
            /// From the generated type.
            fn from_wit(wit: Self::Wit) -> Self;
        }
        $crate::convert_bindings!(@same (), bool, u32, i32, u64, f64, String);
        impl<T: Wire> Wire for Vec<T> {
            type Wit = Vec<T::Wit>;

            fn to_wit(self) -> Self::Wit {
                self.into_iter().map(T::to_wit).collect()
            }

            fn from_wit(wit: Self::Wit) -> Self {
                wit.into_iter().map(T::from_wit).collect()
            }
        }
        impl<T: Wire> Wire for Option<T> {
            type Wit = Option<T::Wit>;

            fn to_wit(self) -> Self::Wit {
                self.map(T::to_wit)
            }

            fn from_wit(wit: Self::Wit) -> Self {
                wit.map(T::from_wit)
            }
        }
        impl<A: Wire, B: Wire> Wire for (A, B) {
            type Wit = (A::Wit, B::Wit);

            fn to_wit(self) -> Self::Wit {
                (self.0.to_wit(), self.1.to_wit())
            }

            fn from_wit(wit: Self::Wit) -> Self {
                (A::from_wit(wit.0), B::from_wit(wit.1))
            }
        }
        $crate::convert_bindings!(@records [$($wit)+]
            Identity { principal, organization, subject, permissions, expires }
            Organization {
                id, name, personal, created_by, default_region, max_cpu, max_memory_gib, max_disk_gib, total_cpu,
                total_memory_gib, total_disk_gib, suspended, created, updated
            }
            Suspension { reason, since, until }
            OrganizationChange {
                name, default_region, max_cpu, max_memory_gib, max_disk_gib, total_cpu, total_memory_gib,
                total_disk_gib, suspended
            }
            Bootstrap as BootstrapFacts { organization, user, key_name, key_hash, permissions, regions, now }
            User { id, name, email, created }
            Member { user, role, roles, created, updated }
            Role { id, organization, name, description, permissions, created, updated }
            ApiKey { organization, user, name, hint, permissions, created, last_used, expires }
            Quota { organization, region, cpu, memory_gib, disk_gib, updated }
            Usage { organization, region, cpu, memory_gib, disk_gib, sandboxes }
            Totals { cpu, memory_gib, disk_gib }
            QuotaExcess { resource, total, used, asked }
            Region {
                id, name, kind, organization, enforce_quotas, policy, proxy_url, ssh_gateway_url,
                snapshot_manager_url, created, updated
            }
            RegionCredential { service, hash, login }
            Runner {
                id, name, region, organization, unschedulable, draining, cpu_milli, memory_mib, disk_mib,
                sold_cpu_milli, sold_memory_mib, sold_disk_mib, started_sandboxes, cpu_used, memory_used, disk_used,
                load, healthy, services, allocated_cpu_milli, allocated_memory_mib, allocated_disk_mib, snapshots,
                tags, last_report, lease_until, connected_until, verdict, verdict_since, drain_started, instance,
                version, created, updated
            }
            Candidate {
                id, verdict, unschedulable, draining, drain_started, healthy, last_report, cpu_milli, memory_mib,
                disk_mib, sold_cpu_milli, sold_memory_mib, sold_disk_mib, started_sandboxes, cpu_used, memory_used,
                disk_used, load, has_snapshot
            }
            Sandbox {
                id, organization, name, region, runner, snapshot, user, env, labels, public, network_block_all,
                network_allow_list, domain_allow_list, cpu, memory_gib, disk_gib, auto_stop, auto_delete,
                auto_archive, state, desired, generation, error_reason, recoverable, state_since, parent, image,
                volumes, build_info, build, launch, backup_state, backup_manifest, backup_created, doing, auth_token, created, updated, last_activity, change
            }
            Placement { runner, job_id, payload, totals, decision }
            Job { id, kind, runner, sandbox, generation, payload, created, attempts }
            SandboxQuery {
                organization, ids, name_prefix, labels, states, regions, snapshots, cpu, memory_gib, disk_gib, created,
                active, public, recoverable, errored_deleted, sort, descending, after, limit
            }
            Settings {
                labels, public, auto_stop, auto_delete, auto_archive, last_activity, network_block_all,
                network_allow_list, domain_allow_list, env, auth_token
            }
            DueQuery { now, overdue, lost, limit }
            Finding { sandbox, generation, state, error_reason, recoverable, fence, release }
            Snapshot {
                id, organization, name, region, hidden, state, image_name, build_info, config, cpu, memory_gib,
                disk_gib, size_bytes, manifest, error_reason, source_sandbox, runner, state_since, created, updated,
                last_used
            }
            Task { id, kind, subject, runner, sandbox, payload, created }
            TaskResult { manifest, bytes }
            Ended { sandbox, snapshot }
            Volume {
                id, organization, name, region, runner, quota_gib, state, error_reason, created, updated, last_used
            }
            Decision { position, sandbox, organization, region, at, facts }
            Grant { id, kind, sandbox, organization, port, created, expires }
            Observation { sandbox, generation, state, error_reason, recoverable, job }
            Health {
                cpu_milli, memory_mib, disk_mib, cpu_used, memory_used, disk_used, load, started_sandboxes, healthy,
                version, allocated_cpu_milli, allocated_memory_mib, allocated_disk_mib, services, snapshots, lease_until
            }
            Outcome { changed, disowned }
        );
        $crate::convert_bindings!(@cases [$($wit)+]
            Principal { User, Runner, RegionProxy, RegionSshGateway, Operator }
            ResourceKind { Cpu, Memory, Disk, Snapshots, Volumes }
            MemberRole { Owner, Member }
            RegionKind { Shared, Dedicated, Custom }
            RegionService { Proxy, SshGateway, SnapshotManager }
            JobKind {
                CreateSandbox, StartSandbox, StopSandbox, DestroySandbox, UpdateSandbox, SnapshotSandbox, CreateBackup,
                BuildSnapshot, RemoveSnapshot, RemoveVolume
            }
            GrantKind { Preview, Ssh }
        );
        impl From<$crate::StoreError> for $($wit)+::Error {
            fn from(error: $crate::StoreError) -> Self {
                match error {
                    $crate::StoreError::Conflict(text) => Self::Conflict(text),
                    $crate::StoreError::NotFound(text) => Self::NotFound(text),
                    $crate::StoreError::Taken(text) => Self::Taken(text),
                    $crate::StoreError::OverQuota(excess) => Self::OverQuota(Wire::to_wit(excess)),
                    $crate::StoreError::Unavailable(text) => Self::Unavailable(text),
                    $crate::StoreError::Internal(text) => Self::Internal(text),
                }
            }
        }
    };
}
