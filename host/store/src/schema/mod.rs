//! The schema, as migrations numbered by hand. A migration that has been released is never edited: a change is
//! a new one. Each is applied in one transaction and remembered with the checksum of its text, so that an
//! edited or foreign one is noticed before any verb runs.

mod first;
mod fourth;
mod second;
mod third;

use crate::{
    error::{Result, StoreError},
    sql::{Reader, Sql, params},
    transaction::write,
};

/// One step of the schema.
struct Migration {
    version: i64,
    name: &'static str,
    /// One statement each: spin:sqlite silently ignores what follows the first.
    statements: &'static [&'static str],
}

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
  version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)";

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "first",
        statements: first::STATEMENTS,
    },
    Migration {
        version: 2,
        name: "organizations",
        statements: second::STATEMENTS,
    },
    Migration {
        version: 3,
        name: "snapshots",
        statements: third::STATEMENTS,
    },
    Migration {
        version: 4,
        name: "launch",
        statements: fourth::STATEMENTS,
    },
];

/// Brings an empty or older database to the present schema; does nothing to a present one.
///
/// # Errors
/// `internal` if the database was written by a newer version or by one with other migrations.
pub async fn migrate<S: Sql>(sql: &mut S) -> Result<()> {
    sql.execute(VERSIONS, &[]).await?;
    let found = applied(sql).await?;
    check(&found)?;
    for migration in MIGRATIONS.iter().skip(found.len()) {
        apply(sql, migration).await?;
    }
    Ok(())
}

async fn applied<S: Sql>(sql: &mut S) -> Result<Vec<(i64, String)>> {
    let rows = sql
        .query("SELECT version, checksum FROM schema_migrations ORDER BY version", &[])
        .await?;
    rows.into_iter()
        .map(|row| {
            let mut row = Reader::new(row);
            Ok((row.integer()?, row.text()?))
        })
        .collect()
}

fn check(found: &[(i64, String)]) -> Result<()> {
    for (index, (version, checksum)) in found.iter().enumerate() {
        let Some(known) = MIGRATIONS.get(index) else {
            return Err(StoreError::Internal(format!(
                "the database has schema version {version}, this program knows {}: it was written by a newer one",
                MIGRATIONS.len()
            )));
        };
        if known.version != *version || known.checksum() != *checksum {
            return Err(StoreError::Internal(format!(
                "schema version {version} of the database is not the one that this program knows"
            )));
        }
    }
    Ok(())
}

async fn apply<S: Sql>(sql: &mut S, migration: &Migration) -> Result<()> {
    write(sql, async |sql: &mut S| {
        // Another process may have been faster since `applied` was read.
        let done = sql
            .query(
                "SELECT 1 FROM schema_migrations WHERE version = ?1",
                params![migration.version],
            )
            .await?;
        if !done.is_empty() {
            return Ok(());
        }
        for statement in migration.statements {
            sql.execute(statement, &[]).await?;
        }
        sql.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES (?1, ?2, ?3)",
            params![migration.version, migration.name, &migration.checksum()],
        )
        .await?;
        Ok(())
    })
    .await
}

impl Migration {
    /// FNV-1a over the text: it is to notice a mistake, not an attacker, who could edit the schema itself.
    fn checksum(&self) -> String {
        let mut sum = fnv1a(self.name.as_bytes());
        for statement in self.statements {
            sum = sum.rotate_left(1) ^ fnv1a(statement.as_bytes());
        }
        format!("{sum:016x}")
    }
}

/// The 64-bit FNV-1a hash, finished by a multiplication so that the high bits are mixed as well.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
