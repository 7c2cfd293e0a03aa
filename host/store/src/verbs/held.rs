//! A sandbox with what the store keeps beside it, and the one way in which it is changed: so that capacity, usage,
//! jobs and the stream of changes always move together with it.

use std::sync::LazyLock;

use super::{
    capacity,
    changes::next_change,
    grants, jobs,
    usage::{self, Counted, Taken},
    volumes,
};
use crate::{
    error::{Result, StoreError},
    rows,
    sql::{Reader, Sql, optional, params},
    types::{Millis, Sandbox, Totals},
};

/// The state in which a sandbox holds nothing any more.
pub(super) const DESTROYED: &str = "destroyed";

/// Names under which a sandbox may be in error.
pub(super) const IN_ERROR: &str = "error";

/// A sandbox that is not destroyed, and what is kept beside it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    pub it: Sandbox,
    /// Under which the store itself knows it.
    pub number: i64,
    pub counted: Counted,
    /// Whether it has ever been seen in a state other than on its way or in error: it may have files.
    pub ever_started: bool,
}

static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {}, number, counted_compute, counted_disk, ever_started FROM sandboxes
         WHERE id = ?1 AND destroyed_at = 0",
        rows::SANDBOX
    )
});

/// A sandbox by id.
pub(super) async fn find<S: Sql>(sql: &mut S, id: &str) -> Result<Option<Held>> {
    let found = sql.query(&FIND, params![id]).await?;
    let Some(row) = found.into_iter().next() else {
        return Ok(None);
    };
    let mut row = Reader::new(row);
    Ok(Some(Held {
        it: rows::sandbox_of(&mut row)?,
        number: row.integer()?,
        counted: Counted {
            compute: row.bool()?,
            disk: row.bool()?,
        },
        ever_started: row.bool()?,
    }))
}

/// A sandbox by id, if its generation is still the expected one.
///
/// # Errors
/// `not-found`; `conflict` for another generation.
pub(super) async fn expect<S: Sql>(sql: &mut S, id: &str, generation: u64) -> Result<Held> {
    let held = find(sql, id)
        .await?
        .ok_or_else(|| StoreError::NotFound(format!("sandbox {id}")))?;
    if held.it.generation == generation {
        Ok(held)
    } else {
        Err(StoreError::Conflict(format!("sandbox {id} has got a newer intent")))
    }
}

impl Held {
    /// Sets the state, and since when it holds.
    pub(super) fn enter(&mut self, state: &str, now: Millis) {
        if self.it.state != state {
            state.clone_into(&mut self.it.state);
            self.it.state_since = now;
        }
    }

    pub(super) fn taken(&self) -> Taken {
        if self.it.state == DESTROYED {
            return Taken::default();
        }
        let (compute, disk) = (i64::from(self.counted.compute), i64::from(self.counted.disk));
        Taken {
            cpu: compute * i64::from(self.it.cpu),
            memory: compute * i64::from(self.it.memory_gib),
            disk: disk * i64::from(self.it.disk_gib),
            sandboxes: 1,
        }
    }

    /// Makes `self` what is stored in place of `before`: moves capacity and usage by the difference, gives it the next
    /// position in the stream of changes, and writes it. One that has become destroyed leaves its runner, its job and
    /// its grants.
    ///
    /// # Errors
    /// `over-quota` against `totals`; `conflict` if a runner cannot hold it.
    pub(super) async fn replace<S: Sql>(
        &mut self,
        sql: &mut S,
        before: &Self,
        totals: Option<Totals>,
        now: Millis,
    ) -> Result<()> {
        if self.it.state == DESTROYED {
            self.it.runner = None;
            self.counted = Counted::default();
        }
        let (organization, region) = (&self.it.organization, &self.it.region);
        usage::shift(sql, organization, region, self.taken() - before.taken(), totals).await?;
        self.occupy(sql, before).await?;
        if self.it.runner.is_none() {
            jobs::drop_job(sql, &self.it.id).await?;
        }
        self.it.updated = now;
        self.it.change = next_change(sql, &self.it.organization).await?;
        if self.it.state == DESTROYED {
            grants::drop_all(sql, &self.it.id).await?;
            volumes::unmount(sql, &self.it.id).await?;
            return self.write_whole(sql, now).await;
        }
        let same_place = self.it.runner == before.it.runner
            && self.it.desired == before.it.desired
            && self.it.generation == before.it.generation
            && (self.it.cpu, self.it.memory_gib, self.it.disk_gib)
                == (before.it.cpu, before.it.memory_gib, before.it.disk_gib);
        if same_place {
            self.write_state(sql).await
        } else {
            self.write_whole(sql, now).await
        }
    }

    async fn occupy<S: Sql>(&self, sql: &mut S, before: &Self) -> Result<()> {
        match (&before.it.runner, &self.it.runner) {
            (Some(old), Some(new)) if old == new => capacity::resize(sql, &before.it, &self.it, new).await,
            (old, new) => {
                if let Some(old) = old {
                    capacity::release(sql, &before.it, old).await?;
                }
                match new {
                    Some(new) => capacity::reserve(sql, &self.it, new).await,
                    None => Ok(()),
                }
            }
        }
    }

    /// Writes what observations change. It names few columns on purpose: each index whose columns a statement names is
    /// written again.
    async fn write_state<S: Sql>(&self, sql: &mut S) -> Result<()> {
        let it = &self.it;
        sql.execute(
            "UPDATE sandboxes SET state = ?2, error_reason = ?3, recoverable = ?4, state_since = ?5,
               counted_compute = ?6, counted_disk = ?7, ever_started = ?8, updated = ?9, change = ?10, doing = ?11,
               backup_state = ?12, backup_manifest = ?13, backup_created = ?14, image = ?15 WHERE number = ?1",
            params![
                self.number,
                &it.state,
                &it.error_reason,
                it.recoverable,
                it.state_since,
                self.counted.compute,
                self.counted.disk,
                self.ever_started,
                it.updated,
                it.change,
                &it.doing,
                &it.backup_state,
                &it.backup_manifest,
                optional(it.backup_created),
                &it.image,
            ],
        )
        .await?;
        Ok(())
    }

    async fn write_whole<S: Sql>(&self, sql: &mut S, now: Millis) -> Result<()> {
        let it = &self.it;
        // Never 0, which means alive: a clock at the epoch must not resurrect.
        let destroyed_at = if it.state == DESTROYED { now.max(1) } else { 0 };
        self.write_state(sql).await?;
        sql.execute(
            "UPDATE sandboxes SET runner = ?2, desired = ?3, generation = ?4, cpu = ?5, memory_gib = ?6, disk_gib = ?7 WHERE number = ?1",
            params![
                self.number,
                &it.runner,
                &it.desired,
                it.generation,
                it.cpu,
                it.memory_gib,
                it.disk_gib,
            ],
        )
        .await?;
        if destroyed_at > 0 {
            let gone = "UPDATE sandboxes SET destroyed_at = ?2 WHERE number = ?1";
            sql.execute(gone, params![self.number, destroyed_at]).await?;
        }
        Ok(())
    }
}
