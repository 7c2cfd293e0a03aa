//! Named leases: who does what only one should do.

use crate::{
    error::Result,
    sql::{Sql, params},
    transaction::write,
    types::Millis,
};

/// Takes or keeps a lease for `holder`. False: somebody else has it, by the clock of the caller.
pub async fn take_lease<S: Sql>(sql: &mut S, name: &str, holder: &str, now: Millis, until: Millis) -> Result<bool> {
    write(sql, async |sql: &mut S| {
        let taken = sql
            .execute(
                "INSERT INTO leases (name, holder, held_until) VALUES (?1, ?2, ?4)
                 ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
                   WHERE leases.holder = excluded.holder OR leases.held_until <= ?3",
                params![name, holder, now, until],
            )
            .await?;
        Ok(taken == 1)
    })
    .await
}
