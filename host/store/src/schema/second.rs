//! The second migration: organizations with members, keys and quotas; runners with leases and verdicts; sandboxes
//! that time and loss act upon; decisions; grants. Released: never edited.

pub(super) const STATEMENTS: &[&str] = &[
    // --- who. An organization from before there were totals keeps having none that it could meet.
    "ALTER TABLE organizations ADD COLUMN personal INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE organizations ADD COLUMN created_by TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE organizations ADD COLUMN total_cpu INTEGER NOT NULL DEFAULT 1000000",
    "ALTER TABLE organizations ADD COLUMN total_memory_gib INTEGER NOT NULL DEFAULT 1000000",
    "ALTER TABLE organizations ADD COLUMN total_disk_gib INTEGER NOT NULL DEFAULT 1000000",
    "ALTER TABLE organizations ADD COLUMN suspended_reason TEXT",
    "ALTER TABLE organizations ADD COLUMN suspended_since INTEGER",
    "ALTER TABLE organizations ADD COLUMN suspended_until INTEGER",
    "ALTER TABLE organizations ADD COLUMN updated INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX organizations_by_maker ON organizations (created_by)",
    "CREATE TABLE users (
       id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL,
       created INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE UNIQUE INDEX users_by_email ON users (email) WHERE email <> ''",
    "CREATE TABLE members (
       organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
       user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
       role TEXT NOT NULL, roles TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
       PRIMARY KEY (organization, user_id)) WITHOUT ROWID",
    "CREATE INDEX members_by_user ON members (user_id)",
    "CREATE TABLE roles (
       id TEXT NOT NULL PRIMARY KEY,
       organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
       name TEXT NOT NULL, description TEXT NOT NULL, permissions TEXT NOT NULL,
       created INTEGER NOT NULL, updated INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE UNIQUE INDEX roles_by_organization ON roles (organization, name)",
    "ALTER TABLE credentials ADD COLUMN hint TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE credentials ADD COLUMN last_used INTEGER",
    "CREATE INDEX credentials_by_organization ON credentials (organization, principal)",
    // --- where
    "ALTER TABLE regions ADD COLUMN policy TEXT NOT NULL DEFAULT 'spread'",
    "ALTER TABLE regions ADD COLUMN manager_user TEXT",
    "ALTER TABLE regions ADD COLUMN manager_password TEXT",
    "CREATE TABLE quotas (
       organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
       region TEXT NOT NULL REFERENCES regions (id) ON DELETE CASCADE,
       cpu INTEGER NOT NULL, memory_gib INTEGER NOT NULL, disk_gib INTEGER NOT NULL,
       updated INTEGER NOT NULL, PRIMARY KEY (organization, region)) WITHOUT ROWID",
    "CREATE INDEX quotas_by_region ON quotas (region)",
    "CREATE TABLE usage (
       organization TEXT NOT NULL, region TEXT NOT NULL,
       cpu INTEGER NOT NULL CHECK (cpu >= 0), memory_gib INTEGER NOT NULL CHECK (memory_gib >= 0),
       disk_gib INTEGER NOT NULL CHECK (disk_gib >= 0), sandboxes INTEGER NOT NULL CHECK (sandboxes >= 0),
       PRIMARY KEY (organization, region)) WITHOUT ROWID",
    "CREATE INDEX usage_by_region ON usage (region)",
    // --- runners, made anew: with what they now say of themselves a row is long, and long rows lie badly in a tree that
    // is ordered by a text. `process` is the number of the newest process that attached. `excused` is what had been sold
    // when a runner came back with less to sell: above it and above the allocatable nothing may ever be sold.
    "CREATE TABLE runners_2 (
       number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
       region TEXT NOT NULL REFERENCES regions (id), organization TEXT,
       unschedulable INTEGER NOT NULL, draining INTEGER NOT NULL, drain_started INTEGER NOT NULL DEFAULT 0,
       cpu_milli INTEGER NOT NULL, memory_mib INTEGER NOT NULL, disk_mib INTEGER NOT NULL,
       sold_cpu_milli INTEGER NOT NULL CHECK (sold_cpu_milli >= 0),
       sold_memory_mib INTEGER NOT NULL CHECK (sold_memory_mib >= 0),
       sold_disk_mib INTEGER NOT NULL CHECK (sold_disk_mib >= 0),
       excused_cpu_milli INTEGER NOT NULL DEFAULT 0, excused_memory_mib INTEGER NOT NULL DEFAULT 0,
       excused_disk_mib INTEGER NOT NULL DEFAULT 0,
       started_sandboxes INTEGER NOT NULL, cpu_used REAL NOT NULL, memory_used REAL NOT NULL,
       disk_used REAL NOT NULL, load REAL NOT NULL, healthy INTEGER NOT NULL,
       last_report INTEGER NOT NULL, lease_until INTEGER NOT NULL DEFAULT 0, connected_until INTEGER NOT NULL DEFAULT 0,
       verdict TEXT NOT NULL DEFAULT '', verdict_since INTEGER NOT NULL DEFAULT 0,
       instance TEXT NOT NULL DEFAULT '', process INTEGER NOT NULL DEFAULT 0, version TEXT NOT NULL,
       created INTEGER NOT NULL, updated INTEGER NOT NULL, spread INTEGER NOT NULL,
       allocated_cpu_milli INTEGER NOT NULL DEFAULT 0, allocated_memory_mib INTEGER NOT NULL DEFAULT 0,
       allocated_disk_mib INTEGER NOT NULL DEFAULT 0, services TEXT NOT NULL DEFAULT '[]',
       snapshots TEXT NOT NULL DEFAULT '[]', tags TEXT NOT NULL DEFAULT '[]',
       room INTEGER NOT NULL GENERATED ALWAYS AS (CASE
         WHEN cpu_milli <= sold_cpu_milli OR memory_mib <= sold_memory_mib
           OR disk_mib <= sold_disk_mib THEN 0
         WHEN cpu_milli - sold_cpu_milli >= 4000 AND memory_mib - sold_memory_mib >= 8192
           AND disk_mib - sold_disk_mib >= 10240 THEN 2
         ELSE 1 END) STORED)",
    "INSERT INTO runners_2 (id, name, region, organization, unschedulable, draining, cpu_milli, memory_mib, disk_mib,
       sold_cpu_milli, sold_memory_mib, sold_disk_mib, started_sandboxes, cpu_used, memory_used, disk_used, load,
       healthy, last_report, version, created, updated, spread)
     SELECT id, name, region, organization, unschedulable, draining, cpu_milli, memory_mib, disk_mib,
       sold_cpu_milli, sold_memory_mib, sold_disk_mib, started_sandboxes, cpu_used, memory_used, disk_used, load,
       healthy, last_report, version, created, updated, spread FROM runners ORDER BY id",
    // --- sandboxes, made anew: one may now be without a runner before it is destroyed. `counted_compute` and
    // `counted_disk` say what of it the usage row counts. `due` is when the time for its next automatic action comes.
    "CREATE TABLE sandboxes_2 (
       number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, organization TEXT NOT NULL REFERENCES organizations (id),
       name TEXT NOT NULL, region TEXT NOT NULL, runner TEXT REFERENCES runners_2 (id),
       snapshot TEXT NOT NULL, os_user TEXT NOT NULL, env TEXT NOT NULL, labels TEXT NOT NULL,
       public INTEGER NOT NULL, network_block_all INTEGER NOT NULL, network_allow_list TEXT,
       domain_allow_list TEXT, cpu INTEGER NOT NULL, memory_gib INTEGER NOT NULL,
       disk_gib INTEGER NOT NULL, auto_stop INTEGER NOT NULL, auto_delete INTEGER NOT NULL,
       auto_archive INTEGER NOT NULL, state TEXT NOT NULL, desired TEXT NOT NULL,
       generation INTEGER NOT NULL, error_reason TEXT, recoverable INTEGER NOT NULL,
       state_since INTEGER NOT NULL, parent TEXT, auth_token TEXT NOT NULL, created INTEGER NOT NULL,
       updated INTEGER NOT NULL, last_activity INTEGER NOT NULL, change INTEGER NOT NULL,
       destroyed_at INTEGER NOT NULL DEFAULT 0, ever_started INTEGER NOT NULL DEFAULT 0,
       counted_compute INTEGER NOT NULL, counted_disk INTEGER NOT NULL,
       due INTEGER GENERATED ALWAYS AS (CASE
         WHEN destroyed_at > 0 OR state <> desired THEN NULL
         WHEN state = 'started' AND auto_stop > 0 THEN last_activity + auto_stop * 60000
         WHEN state = 'stopped' AND auto_delete >= 0 THEN state_since + auto_delete * 60000 END) STORED,
       CHECK (runner IS NULL OR destroyed_at = 0))",
    "INSERT INTO sandboxes_2 (number, id, organization, name, region, runner, snapshot, os_user, env, labels,
       public, network_block_all, network_allow_list, domain_allow_list, cpu, memory_gib, disk_gib, auto_stop,
       auto_delete, auto_archive, state, desired, generation, error_reason, recoverable, state_since, parent,
       auth_token, created, updated, last_activity, change, destroyed_at, ever_started,
       counted_compute, counted_disk)
     SELECT number, id, organization, name, region, runner, snapshot, os_user, env, labels,
       public, network_block_all, network_allow_list, domain_allow_list, cpu, memory_gib, disk_gib, auto_stop,
       auto_delete, auto_archive, state, desired, generation, error_reason, recoverable, updated, NULL,
       auth_token, created, updated, last_activity, change, destroyed_at, state <> 'creating',
       destroyed_at = 0 AND state <> 'error' AND desired = 'started',
       destroyed_at = 0 AND state <> 'error' AND desired <> 'destroyed' FROM sandboxes",
    "INSERT INTO usage (organization, region, cpu, memory_gib, disk_gib, sandboxes)
     SELECT organization, region, sum(cpu * counted_compute), sum(memory_gib * counted_compute),
       sum(disk_gib * counted_disk), count(*) FROM sandboxes_2 WHERE destroyed_at = 0 GROUP BY organization, region",
    "CREATE TABLE sandbox_labels_2 (
       sandbox INTEGER NOT NULL REFERENCES sandboxes_2 (number) ON DELETE CASCADE,
       organization TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
       PRIMARY KEY (sandbox, name)) WITHOUT ROWID",
    "INSERT INTO sandbox_labels_2 (sandbox, organization, name, value)
     SELECT sandbox, organization, name, value FROM sandbox_labels",
    "CREATE TABLE jobs_2 (
       sandbox TEXT NOT NULL PRIMARY KEY REFERENCES sandboxes_2 (id) ON DELETE CASCADE,
       id TEXT NOT NULL, kind TEXT NOT NULL, runner TEXT NOT NULL, generation INTEGER NOT NULL,
       payload TEXT NOT NULL, created INTEGER NOT NULL, attempts INTEGER NOT NULL,
       claimed_until INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO jobs_2 (sandbox, id, kind, runner, generation, payload, created, attempts, claimed_until)
     SELECT sandbox, id, kind, runner, generation, payload, created, attempts, claimed_until FROM jobs",
    // What refers goes first: to drop what is referred to would take the rows along.
    "DROP TABLE jobs",
    "DROP TABLE sandbox_labels",
    "DROP TABLE sandboxes",
    "DROP TABLE runners",
    "ALTER TABLE runners_2 RENAME TO runners",
    "ALTER TABLE sandboxes_2 RENAME TO sandboxes",
    "ALTER TABLE sandbox_labels_2 RENAME TO sandbox_labels",
    "ALTER TABLE jobs_2 RENAME TO jobs",
    "CREATE UNIQUE INDEX runners_by_region ON runners (region, name)",
    "CREATE INDEX runners_for_placement ON runners (region, unschedulable, draining, room, spread)",
    "CREATE INDEX runners_by_organization ON runners (organization)",
    "CREATE INDEX runners_in_pages ON runners (region, id)",
    "CREATE UNIQUE INDEX sandboxes_by_name ON sandboxes (organization, name) WHERE destroyed_at = 0",
    "CREATE INDEX sandboxes_by_created ON sandboxes (organization, created, id) WHERE destroyed_at = 0",
    "CREATE INDEX sandboxes_by_activity ON sandboxes (organization, last_activity, id) WHERE destroyed_at = 0",
    "CREATE UNIQUE INDEX sandboxes_by_change ON sandboxes (organization, change)",
    "CREATE INDEX sandboxes_by_runner ON sandboxes (runner) WHERE runner IS NOT NULL",
    "CREATE INDEX sandboxes_destroyed ON sandboxes (destroyed_at) WHERE destroyed_at > 0",
    "CREATE INDEX sandboxes_due ON sandboxes (due) WHERE due IS NOT NULL",
    "CREATE INDEX sandbox_labels_by_value ON sandbox_labels (organization, name, value)",
    "CREATE INDEX jobs_by_runner ON jobs (runner, created)",
    "CREATE INDEX jobs_by_age ON jobs (created)",
    // --- what was decided, who holds what. `number` is the sandbox's own: numbers grow, so the index grows at its
    // end, where random ids would write all over it.
    "CREATE TABLE decisions (
       position INTEGER PRIMARY KEY, number INTEGER, sandbox TEXT NOT NULL, organization TEXT NOT NULL,
       region TEXT NOT NULL, at INTEGER NOT NULL, facts TEXT NOT NULL)",
    "CREATE INDEX decisions_by_sandbox ON decisions (number, position) WHERE number IS NOT NULL",
    "CREATE INDEX decisions_by_region ON decisions (region, position)",
    "CREATE TABLE leases (
       name TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, held_until INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE grants (
       kind TEXT NOT NULL, token_hash TEXT NOT NULL, id TEXT NOT NULL,
       sandbox TEXT NOT NULL REFERENCES sandboxes (id) ON DELETE CASCADE, organization TEXT NOT NULL,
       port INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,
       PRIMARY KEY (kind, token_hash)) WITHOUT ROWID",
    "CREATE INDEX grants_by_sandbox ON grants (sandbox, kind)",
];
