//! Conversions between these types and those that a generator makes of `wit/store`.

/// Implements `From`, both ways, between this crate's types and the types that `wit-bindgen` or
/// `wasmtime::component::bindgen!` generated for the interface `sandbar:store/store` in module `$wit`.
///
/// ```ignore
/// mod wit { wasmtime::component::bindgen!({ path: "../../wit/store", imports: { default: async } }); }
/// sandbar_store::convert_bindings!(crate::wit::sandbar::store::store);
/// ```
///
/// A field or case that the contract gains or loses fails to compile here, in one place.
#[macro_export]
macro_rules! convert_bindings {
    (@record [$($wit:tt)+] $name:ident { $($fields:tt)* }) => {
        $crate::convert_bindings!(@record [$($wit)+] $name as $name { $($fields)* });
    };
    (@record [$($wit:tt)+] $name:ident as $other:ident { $($field:ident $(: $into:ident)?),* }) => {
        impl From<$($wit)+::$other> for $crate::$name {
            #[allow(clippy::useless_conversion, reason = "only nested records need one")]
            fn from(value: $($wit)+::$other) -> Self {
                Self { $($field: value.$field $(.$into())?),* }
            }
        }
        impl From<$crate::$name> for $($wit)+::$other {
            #[allow(clippy::useless_conversion, reason = "only nested records need one")]
            fn from(value: $crate::$name) -> Self {
                Self { $($field: value.$field $(.$into())?),* }
            }
        }
    };
    (@cases [$($wit:tt)+] $name:ident { $($case:ident),* }) => {
        impl From<$($wit)+::$name> for $crate::$name {
            fn from(value: $($wit)+::$name) -> Self {
                use $($wit)+::$name as Generated;
                match value { $(Generated::$case => Self::$case),* }
            }
        }
        impl From<$crate::$name> for $($wit)+::$name {
            fn from(value: $crate::$name) -> Self {
                match value { $($crate::$name::$case => Self::$case),* }
            }
        }
    };
    // The entry comes last: its pattern would take the calls of the others too.
    ($($wit:tt)+) => {
        $crate::convert_bindings!(@record [$($wit)+] Identity {
            principal: into, organization, subject, permissions, expires
        });
        $crate::convert_bindings!(@record [$($wit)+] Organization {
            id, name, default_region, max_cpu, max_memory_gib, max_disk_gib
        });
        $crate::convert_bindings!(@record [$($wit)+] Bootstrap as BootstrapFacts {
            organization: into, user, key_name, key_hash, permissions, regions, now
        });
        $crate::convert_bindings!(@record [$($wit)+] Region {
            id, name, kind: into, organization, enforce_quotas, proxy_url, ssh_gateway_url,
            snapshot_manager_url, created, updated
        });
        $crate::convert_bindings!(@record [$($wit)+] Runner {
            id, name, region, organization, unschedulable, draining, cpu_milli, memory_mib, disk_mib,
            sold_cpu_milli, sold_memory_mib, sold_disk_mib, started_sandboxes, cpu_used, memory_used,
            disk_used, load, healthy, last_report, version, created, updated
        });
        $crate::convert_bindings!(@record [$($wit)+] Sandbox {
            id, organization, name, region, runner, snapshot, user, env, labels, public, network_block_all,
            network_allow_list, domain_allow_list, cpu, memory_gib, disk_gib, auto_stop, auto_delete,
            auto_archive, state, desired, generation, error_reason, recoverable, auth_token, created,
            updated, last_activity, change
        });
        $crate::convert_bindings!(@record [$($wit)+] Job {
            id, kind: into, runner, sandbox, generation, payload, created, attempts
        });
        $crate::convert_bindings!(@record [$($wit)+] SandboxQuery {
            organization, ids, name_prefix, labels, states, regions, sort, descending, after, limit
        });
        $crate::convert_bindings!(@record [$($wit)+] Settings {
            labels, public, auto_stop, auto_delete, auto_archive, last_activity
        });
        $crate::convert_bindings!(@record [$($wit)+] Observation {
            sandbox, generation, state, error_reason, recoverable, job
        });
        $crate::convert_bindings!(@record [$($wit)+] Health {
            cpu_milli, memory_mib, disk_mib, cpu_used, memory_used, disk_used, load, started_sandboxes,
            healthy, version
        });
        $crate::convert_bindings!(@cases [$($wit)+] Principal {
            User, Runner, RegionProxy, RegionSshGateway, Operator
        });
        $crate::convert_bindings!(@cases [$($wit)+] RegionKind { Shared, Dedicated, Custom });
        $crate::convert_bindings!(@cases [$($wit)+] JobKind {
            CreateSandbox, StartSandbox, StopSandbox, DestroySandbox
        });
        impl From<$crate::StoreError> for $($wit)+::Error {
            fn from(error: $crate::StoreError) -> Self {
                match error {
                    $crate::StoreError::Conflict(text) => Self::Conflict(text),
                    $crate::StoreError::NotFound(text) => Self::NotFound(text),
                    $crate::StoreError::Taken(text) => Self::Taken(text),
                    $crate::StoreError::Unavailable(text) => Self::Unavailable(text),
                    $crate::StoreError::Internal(text) => Self::Internal(text),
                }
            }
        }
    };
}
