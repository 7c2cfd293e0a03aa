//! What must hold in every state that any reader can ever see.

use super::labels;
use crate::{
    error::Result,
    limits::MAX_BREACHES,
    sql::{Reader, Sql},
    transaction::read,
};

/// Each query gives the rows that break the rule named beside it; the first column says which row.
const RULES: &[(&str, &str)] = &[
    (
        "sold capacity is the sum over the sandboxes that occupy the runner",
        "SELECT r.id FROM runners r LEFT JOIN sandboxes s ON s.runner = r.id
         GROUP BY r.id HAVING min(r.sold_cpu_milli) <> coalesce(sum(s.cpu), 0) * 1000
           OR min(r.sold_memory_mib) <> coalesce(sum(s.memory_gib), 0) * 1024
           OR min(r.sold_disk_mib) <> coalesce(sum(s.disk_gib), 0) * 1024",
    ),
    (
        "nothing is sold beyond what a runner has to sell, or had sold when it came back with less",
        "SELECT id FROM runners WHERE (sold_cpu_milli > cpu_milli AND sold_cpu_milli > excused_cpu_milli)
           OR (sold_memory_mib > memory_mib AND sold_memory_mib > excused_memory_mib)
           OR (sold_disk_mib > disk_mib AND sold_disk_mib > excused_disk_mib)",
    ),
    (
        "usage is the sum over what is counted of the sandboxes",
        "SELECT u.organization FROM usage u LEFT JOIN sandboxes s
           ON s.organization = u.organization AND s.region = u.region AND s.destroyed_at = 0
         GROUP BY u.organization, u.region HAVING min(u.cpu) <> coalesce(sum(s.cpu * s.counted_compute), 0)
           OR min(u.memory_gib) <> coalesce(sum(s.memory_gib * s.counted_compute), 0)
           OR min(u.disk_gib) <> coalesce(sum(s.disk_gib * s.counted_disk), 0)
           OR min(u.sandboxes) <> count(s.id)",
    ),
    (
        "a sandbox is counted in a usage row",
        "SELECT s.id FROM sandboxes s LEFT JOIN usage u ON u.organization = s.organization AND u.region = s.region
         WHERE s.destroyed_at = 0 AND u.organization IS NULL",
    ),
    (
        "a sandbox counts what is intended with it, in error at most that",
        "SELECT id FROM sandboxes WHERE counted_compute > (destroyed_at = 0 AND desired = 'started')
           OR counted_disk > (destroyed_at = 0 AND desired <> 'destroyed')
           OR (destroyed_at = 0 AND state NOT IN ('error', 'build_failed', 'archived')
             AND (counted_compute <> (desired = 'started')
               OR counted_disk <> (desired NOT IN ('destroyed', 'archived'))))",
    ),
    (
        "a destroyed sandbox occupies no runner, and only a destroyed one is called so",
        "SELECT id FROM sandboxes WHERE (state = 'destroyed') <> (destroyed_at > 0)
           OR (runner IS NOT NULL AND destroyed_at > 0)",
    ),
    (
        "the runner of a sandbox exists, in the sandbox's region",
        "SELECT s.id FROM sandboxes s LEFT JOIN runners r ON r.id = s.runner
         WHERE s.runner IS NOT NULL AND (r.id IS NULL OR r.region <> s.region)",
    ),
    (
        "a sandbox has an organization that exists, and a generation",
        "SELECT s.id FROM sandboxes s LEFT JOIN organizations o ON o.id = s.organization
         WHERE o.id IS NULL OR s.generation < 1",
    ),
    (
        "an unfinished job is of its sandbox's present runner and generation",
        "SELECT j.id FROM jobs j LEFT JOIN sandboxes s ON s.id = j.sandbox
         WHERE s.id IS NULL OR s.runner IS NULL OR s.runner <> j.runner OR s.generation <> j.generation",
    ),
    (
        "a sandbox that is still being created has its job",
        "SELECT s.id FROM sandboxes s LEFT JOIN jobs j ON j.sandbox = s.id
         WHERE s.runner IS NOT NULL AND j.id IS NULL AND s.state = 'creating'",
    ),
    (
        "names are unique among an organization's sandboxes that are not destroyed",
        "SELECT min(id) FROM sandboxes WHERE destroyed_at = 0
         GROUP BY organization, name HAVING count(*) > 1",
    ),
    (
        "positions of changes are unique and not beyond the organization's last",
        "SELECT min(s.id) FROM sandboxes s JOIN organizations o ON o.id = s.organization
         GROUP BY s.organization, s.change HAVING count(*) > 1 OR s.change > min(o.change)",
    ),
    (
        "a runner's token stands for an existing runner",
        "SELECT c.subject FROM credentials c LEFT JOIN runners r ON r.id = c.subject
         WHERE c.principal = 'runner' AND r.id IS NULL",
    ),
    (
        "a region's key stands for an existing region",
        "SELECT c.subject FROM credentials c LEFT JOIN regions r ON r.id = c.subject
         WHERE c.principal IN ('region-proxy', 'region-ssh-gateway') AND r.id IS NULL",
    ),
    (
        "an organization with members has an owner",
        "SELECT organization FROM members GROUP BY organization
         HAVING sum(CASE WHEN role = 'owner' THEN 1 ELSE 0 END) = 0",
    ),
    (
        "a grant opens a sandbox that is not destroyed",
        "SELECT g.id FROM grants g LEFT JOIN sandboxes s ON s.id = g.sandbox WHERE s.id IS NULL OR s.destroyed_at > 0",
    ),
];

/// Checks every rule, and that the rows of labels say what their JSON says; gives one line for each breach, 100
/// at most, none if all is well. Reads whole tables: for tests and for an operator's doctor, not for the paths of requests.
pub async fn broken_invariants<S: Sql>(sql: &mut S) -> Result<Vec<String>> {
    read(sql, async |sql: &mut S| {
        let mut breaches = Vec::new();
        for (rule, query) in RULES {
            let text = format!("{query} LIMIT {MAX_BREACHES}");
            for row in sql.query(&text, &[]).await? {
                breaches.push(format!("{}: not true that {rule}", Reader::new(row).text()?));
            }
        }
        let sandboxes = sql.query("SELECT id, number, labels FROM sandboxes", &[]).await?;
        for row in sandboxes {
            let mut row = Reader::new(row);
            let (id, number, json) = (row.text()?, row.integer()?, row.text()?);
            let rows = sql
                .query(
                    "SELECT name, value FROM sandbox_labels WHERE sandbox = ?1 ORDER BY name",
                    &[number.into()],
                )
                .await?;
            let mut said = labels::parse(&json)?.into_iter();
            let mut same = true;
            for row in rows {
                let mut row = Reader::new(row);
                same &= said.next() == Some((row.text()?, row.text()?));
            }
            if !same || said.next().is_some() {
                breaches.push(format!("{id}: its rows of labels differ from its labels"));
            }
        }
        breaches.truncate(MAX_BREACHES);
        Ok(breaches)
    })
    .await
}
