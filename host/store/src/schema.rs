//! The schema, as migrations numbered by hand. A migration that has been released is never edited: a change is
//! a new one. Each is applied in one transaction and remembered with the checksum of its text, so that an
//! edited or foreign one is noticed before any verb runs.

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

const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "first",
    statements: &[
        "CREATE TABLE organizations (
           id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, default_region TEXT,
           max_cpu INTEGER NOT NULL, max_memory_gib INTEGER NOT NULL, max_disk_gib INTEGER NOT NULL,
           change INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE credentials (
           hash TEXT NOT NULL PRIMARY KEY, principal TEXT NOT NULL, organization TEXT NOT NULL,
           subject TEXT NOT NULL, name TEXT NOT NULL, permissions TEXT NOT NULL, expires INTEGER,
           created INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE UNIQUE INDEX credentials_by_subject ON credentials (principal, subject, organization, name)",
        "CREATE TABLE regions (
           id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL,
           organization TEXT NOT NULL, enforce_quotas INTEGER NOT NULL, proxy_url TEXT, ssh_gateway_url TEXT,
           snapshot_manager_url TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE UNIQUE INDEX regions_by_organization ON regions (organization, name)",
        "CREATE INDEX regions_by_kind ON regions (kind)",
        // `room` is the class of free capacity: 0 full in one dimension, 2 holds the largest sandbox of the
        // default limits (4 CPUs, 8 GiB, 10 GiB), 1 in between. `spread` is a fixed pseudo-random number.
        "CREATE TABLE runners (
           id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, region TEXT NOT NULL REFERENCES regions (id),
           organization TEXT, unschedulable INTEGER NOT NULL, draining INTEGER NOT NULL,
           cpu_milli INTEGER NOT NULL, memory_mib INTEGER NOT NULL, disk_mib INTEGER NOT NULL,
           sold_cpu_milli INTEGER NOT NULL CHECK (sold_cpu_milli >= 0),
           sold_memory_mib INTEGER NOT NULL CHECK (sold_memory_mib >= 0),
           sold_disk_mib INTEGER NOT NULL CHECK (sold_disk_mib >= 0),
           started_sandboxes INTEGER NOT NULL, cpu_used REAL NOT NULL, memory_used REAL NOT NULL,
           disk_used REAL NOT NULL, load REAL NOT NULL, healthy INTEGER NOT NULL,
           last_report INTEGER NOT NULL, version TEXT NOT NULL, created INTEGER NOT NULL,
           updated INTEGER NOT NULL, spread INTEGER NOT NULL,
           room INTEGER NOT NULL GENERATED ALWAYS AS (CASE
             WHEN cpu_milli <= sold_cpu_milli OR memory_mib <= sold_memory_mib
               OR disk_mib <= sold_disk_mib THEN 0
             WHEN cpu_milli - sold_cpu_milli >= 4000 AND memory_mib - sold_memory_mib >= 8192
               AND disk_mib - sold_disk_mib >= 10240 THEN 2
             ELSE 1 END) STORED) WITHOUT ROWID",
        "CREATE UNIQUE INDEX runners_by_region ON runners (region, name)",
        "CREATE INDEX runners_for_placement
           ON runners (region, unschedulable, draining, room, spread)",
        "CREATE INDEX runners_by_organization ON runners (organization)",
        // Rows lie in the order of their making (`number` never leaves the store), so that a burst of creates
        // shares pages; ids are random.
        "CREATE TABLE sandboxes (
           number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, organization TEXT NOT NULL REFERENCES organizations (id),
           name TEXT NOT NULL, region TEXT NOT NULL, runner TEXT REFERENCES runners (id),
           snapshot TEXT NOT NULL, os_user TEXT NOT NULL, env TEXT NOT NULL, labels TEXT NOT NULL,
           public INTEGER NOT NULL, network_block_all INTEGER NOT NULL, network_allow_list TEXT,
           domain_allow_list TEXT, cpu INTEGER NOT NULL, memory_gib INTEGER NOT NULL,
           disk_gib INTEGER NOT NULL, auto_stop INTEGER NOT NULL, auto_delete INTEGER NOT NULL,
           auto_archive INTEGER NOT NULL, state TEXT NOT NULL, desired TEXT NOT NULL,
           generation INTEGER NOT NULL, error_reason TEXT, recoverable INTEGER NOT NULL,
           auth_token TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
           last_activity INTEGER NOT NULL, change INTEGER NOT NULL,
           destroyed_at INTEGER NOT NULL DEFAULT 0,
           CHECK ((runner IS NULL) = (destroyed_at > 0)))",
        "CREATE UNIQUE INDEX sandboxes_by_name ON sandboxes (organization, name) WHERE destroyed_at = 0",
        "CREATE INDEX sandboxes_by_created
           ON sandboxes (organization, created, id) WHERE destroyed_at = 0",
        "CREATE INDEX sandboxes_by_activity
           ON sandboxes (organization, last_activity, id) WHERE destroyed_at = 0",
        "CREATE UNIQUE INDEX sandboxes_by_change ON sandboxes (organization, change)",
        "CREATE INDEX sandboxes_by_runner ON sandboxes (runner) WHERE runner IS NOT NULL",
        "CREATE INDEX sandboxes_destroyed ON sandboxes (destroyed_at) WHERE destroyed_at > 0",
        "CREATE TABLE sandbox_labels (
           sandbox INTEGER NOT NULL REFERENCES sandboxes (number) ON DELETE CASCADE,
           organization TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
           PRIMARY KEY (sandbox, name)) WITHOUT ROWID",
        "CREATE INDEX sandbox_labels_by_value ON sandbox_labels (organization, name, value)",
        // Only unfinished jobs. The key says it: one for each sandbox, a newer one replaces it.
        "CREATE TABLE jobs (
           sandbox TEXT NOT NULL PRIMARY KEY REFERENCES sandboxes (id) ON DELETE CASCADE,
           id TEXT NOT NULL, kind TEXT NOT NULL, runner TEXT NOT NULL, generation INTEGER NOT NULL,
           payload TEXT NOT NULL, created INTEGER NOT NULL, attempts INTEGER NOT NULL,
           claimed_until INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE INDEX jobs_by_runner ON jobs (runner, created)",
    ],
}];

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
