//! How an owned argument of a call is lent to its verb.

use crate::types::{
    ApiKey, Bootstrap, DueQuery, Finding, Grant, GrantKind, Health, JobKind, MemberRole, Observation, Organization,
    OrganizationChange, Placement, Quota, Region, RegionCredential, Role, Runner, Sandbox, SandboxQuery, Settings,
    Snapshot, Task, TaskResult, Totals, User, Volume,
};

/// An argument as callers own it, and as verbs take it: text as `&str`, lists as slices, records by reference, small
/// values by copy. It lets one list of verbs ([`with_verbs!`](crate::with_verbs)) say how all of them are called.
pub trait Lend {
    /// What the verb takes.
    type Lent<'a>
    where
        Self: 'a;

    /// Lends it.
    fn lend(&self) -> Self::Lent<'_>;
}

impl Lend for String {
    type Lent<'a> = &'a str;

    fn lend(&self) -> &str {
        self
    }
}

impl<T> Lend for Vec<T> {
    type Lent<'a>
        = &'a [T]
    where
        T: 'a;

    fn lend(&self) -> &[T] {
        self
    }
}

impl<T: Lend> Lend for Option<T> {
    type Lent<'a>
        = Option<T::Lent<'a>>
    where
        T: 'a;

    fn lend(&self) -> Option<T::Lent<'_>> {
        self.as_ref().map(T::lend)
    }
}

macro_rules! lend {
    (copy: $($copy:ty),*; reference: $($record:ty),* $(,)?) => {
        $(impl Lend for $copy {
            type Lent<'a> = $copy;

            fn lend(&self) -> $copy {
                *self
            }
        })*
        $(impl Lend for $record {
            type Lent<'a> = &'a $record;

            fn lend(&self) -> &$record {
                self
            }
        })*
    };
}

lend!(
    copy: u32, u64, bool, JobKind, MemberRole, GrantKind, Totals;
    reference: ApiKey, Bootstrap, DueQuery, Finding, Grant, Health, Observation, Organization, OrganizationChange,
    Placement, Quota, Region, RegionCredential, Role, Runner, Sandbox, SandboxQuery, Settings, Snapshot, Task,
    TaskResult, User, Volume,
);
