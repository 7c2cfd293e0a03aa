//! The first migration. Released: never edited.

pub(super) const STATEMENTS: &[&str] = &[
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
    ];
