//! The third migration: snapshots, volumes, backups, and the work on them. Released: never edited.

pub(super) const STATEMENTS: &[&str] = &[
    "ALTER TABLE sandboxes ADD COLUMN image TEXT",
    "ALTER TABLE sandboxes ADD COLUMN volumes TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE sandboxes ADD COLUMN build_info TEXT",
    "ALTER TABLE sandboxes ADD COLUMN build TEXT",
    "ALTER TABLE sandboxes ADD COLUMN backup_state TEXT NOT NULL DEFAULT 'None'",
    "ALTER TABLE sandboxes ADD COLUMN backup_manifest TEXT",
    "ALTER TABLE sandboxes ADD COLUMN backup_created INTEGER",
    "ALTER TABLE sandboxes ADD COLUMN doing TEXT NOT NULL DEFAULT ''",
    // Beside `due`, which a stored column cannot take in any more: when a stopped sandbox is to be archived, and an archived
    // one deleted. An ephemeral one is never archived.
    "ALTER TABLE sandboxes ADD COLUMN rests INTEGER GENERATED ALWAYS AS (CASE
       WHEN destroyed_at > 0 OR state <> desired THEN NULL
       WHEN state = 'stopped' AND auto_archive > 0 AND auto_delete <> 0 AND backup_state <> 'InProgress'
         THEN state_since + auto_archive * 60000
       WHEN state = 'archived' AND auto_delete >= 0 THEN state_since + auto_delete * 60000 END) VIRTUAL",
    "CREATE INDEX sandboxes_resting ON sandboxes (rests) WHERE rests IS NOT NULL",
    "CREATE INDEX sandboxes_waiting ON sandboxes (created) WHERE state = 'pending_build'",
    "CREATE TABLE snapshots (
       id TEXT NOT NULL PRIMARY KEY,
       organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
       name TEXT NOT NULL, region TEXT NOT NULL, hidden INTEGER NOT NULL, state TEXT NOT NULL, image_name TEXT,
       build_info TEXT, config TEXT NOT NULL, cpu INTEGER NOT NULL, memory_gib INTEGER NOT NULL,
       disk_gib INTEGER NOT NULL, size_bytes INTEGER, manifest TEXT, error_reason TEXT, source_sandbox TEXT,
       runner TEXT, state_since INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
       last_used INTEGER) WITHOUT ROWID",
    "CREATE UNIQUE INDEX snapshots_by_name ON snapshots (organization, name)",
    // Which runners have been asked to have it: these are told to remove it. An id may outlive its snapshot here.
    "CREATE TABLE copies (
       snapshot TEXT NOT NULL, runner TEXT NOT NULL, PRIMARY KEY (snapshot, runner)) WITHOUT ROWID",
    "CREATE TABLE tasks (
       subject TEXT NOT NULL, runner TEXT NOT NULL, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, sandbox TEXT,
       payload TEXT NOT NULL, created INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
       claimed_until INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (subject, runner)) WITHOUT ROWID",
    "CREATE INDEX tasks_by_runner ON tasks (runner, created)",
    "CREATE INDEX tasks_by_age ON tasks (kind, created)",
    "CREATE TABLE volumes (
       id TEXT NOT NULL PRIMARY KEY,
       organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
       name TEXT NOT NULL, region TEXT NOT NULL, runner TEXT, quota_gib INTEGER NOT NULL, state TEXT NOT NULL,
       error_reason TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL, last_used INTEGER) WITHOUT ROWID",
    "CREATE UNIQUE INDEX volumes_by_name ON volumes (organization, name)",
    // Of sandboxes that are not destroyed.
    "CREATE TABLE mounts (
       volume TEXT NOT NULL, sandbox TEXT NOT NULL REFERENCES sandboxes (id) ON DELETE CASCADE,
       PRIMARY KEY (volume, sandbox)) WITHOUT ROWID",
    "CREATE INDEX mounts_by_sandbox ON mounts (sandbox)",
];
