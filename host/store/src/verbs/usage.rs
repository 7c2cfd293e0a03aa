//! The usage row of an organization in a region: changed only together with the sandboxes that it counts.

use crate::{
    error::{Result, StoreError},
    rows,
    sql::{Sql, params},
    types::{QuotaExcess, ResourceKind, Totals, Usage},
};

/// The states in which a sandbox takes nothing of a total, whatever should become of it.
const UNCOUNTED: [&str; 4] = ["destroyed", "error", "build_failed", "archived"];

/// What of a sandbox is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counted {
    /// CPU and memory.
    pub compute: bool,
    pub disk: bool,
}

impl Counted {
    /// By a new intent: what is to be started counts whole, what is to be stopped its disk, what is to be destroyed
    /// nothing.
    pub(super) fn intended(desired: &str) -> Self {
        match desired {
            "started" => Self {
                compute: true,
                disk: true,
            },
            "destroyed" | "archived" => Self::default(),
            _ => Self {
                compute: false,
                disk: true,
            },
        }
    }

    /// By an observation under that intent: a sandbox in error counts nothing until its next intent, or until it is
    /// seen to be well after all.
    pub(super) fn observed(state: &str, desired: &str) -> Self {
        if UNCOUNTED.contains(&state) {
            Self::default()
        } else {
            Self::intended(desired)
        }
    }
}

/// A change of what is taken: CPUs, GiB, GiB, sandboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Taken {
    pub cpu: i64,
    pub memory: i64,
    pub disk: i64,
    pub sandboxes: i64,
}

impl std::ops::Sub for Taken {
    type Output = Self;

    fn sub(self, less: Self) -> Self {
        Self {
            cpu: self.cpu - less.cpu,
            memory: self.memory - less.memory,
            disk: self.disk - less.disk,
            sandboxes: self.sandboxes - less.sandboxes,
        }
    }
}

/// Changes the row. With totals, what grows must stay within them; what shrinks or stays may be beyond: totals can have
/// been lowered meanwhile.
///
/// # Errors
/// `over-quota`; nothing is changed then.
pub(super) async fn shift<S: Sql>(
    sql: &mut S,
    organization: &str,
    region: &str,
    change: Taken,
    totals: Option<Totals>,
) -> Result<()> {
    if change == Taken::default() {
        return Ok(());
    }
    let most = |total: fn(Totals) -> u32| totals.map_or(i64::MAX, |totals| i64::from(total(totals)));
    let (cpu, memory, disk) = (most(|it| it.cpu), most(|it| it.memory_gib), most(|it| it.disk_gib));
    let changed = sql
        .execute(
            "UPDATE usage SET cpu = cpu + ?3, memory_gib = memory_gib + ?4, disk_gib = disk_gib + ?5,
               sandboxes = sandboxes + ?6
             WHERE organization = ?1 AND region = ?2 AND (?3 <= 0 OR cpu + ?3 <= ?7)
               AND (?4 <= 0 OR memory_gib + ?4 <= ?8) AND (?5 <= 0 OR disk_gib + ?5 <= ?9)",
            params![
                organization,
                region,
                change.cpu,
                change.memory,
                change.disk,
                change.sandboxes,
                cpu,
                memory,
                disk
            ],
        )
        .await?;
    if changed == 1 {
        return Ok(());
    }
    let used = find(sql, organization, region).await?;
    if let Some(excess) = totals.and_then(|totals| excess(used.as_ref(), change, totals)) {
        return Err(StoreError::OverQuota(excess));
    }
    if used.is_some() {
        return Err(StoreError::Internal(format!(
            "usage of {organization} in {region} does not change"
        )));
    }
    sql.execute(
        "INSERT INTO usage (organization, region, cpu, memory_gib, disk_gib, sandboxes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![organization, region, change.cpu, change.memory, change.disk, change.sandboxes],
    )
    .await?;
    Ok(())
}

async fn find<S: Sql>(sql: &mut S, organization: &str, region: &str) -> Result<Option<Usage>> {
    let text = format!(
        "SELECT {} FROM usage WHERE organization = ?1 AND region = ?2",
        rows::USAGE
    );
    Ok(rows::first(
        sql.query(&text, params![organization, region]).await?,
        rows::usage,
    )?)
}

/// The first total that would be passed.
fn excess(used: Option<&Usage>, change: Taken, totals: Totals) -> Option<QuotaExcess> {
    let used = used.map_or((0, 0, 0), |it| (it.cpu, it.memory_gib, it.disk_gib));
    [
        (ResourceKind::Cpu, totals.cpu, used.0, change.cpu),
        (ResourceKind::Memory, totals.memory_gib, used.1, change.memory),
        (ResourceKind::Disk, totals.disk_gib, used.2, change.disk),
    ]
    .into_iter()
    .find_map(|(resource, total, used, asked)| {
        let asked = u64::try_from(asked).ok().filter(|asked| *asked > 0)?;
        let total = u64::from(total);
        (used + asked > total).then_some(QuotaExcess {
            resource,
            total,
            used,
            asked,
        })
    })
}
