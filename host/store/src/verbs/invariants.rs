//! What must hold in every state that any reader can ever see.

use super::labels;
use crate::{
    error::Result,
    sql::{Reader, Sql},
    transaction::read,
};

/// Each query gives the rows that break the rule named beside it; the first column says which row.
const RULES: &[(&str, &str)] = &[
    (
        "sold capacity is the sum over the sandboxes that are not destroyed",
        "SELECT r.id FROM runners r LEFT JOIN sandboxes s ON s.runner = r.id AND s.destroyed_at = 0
         GROUP BY r.id HAVING min(r.sold_cpu_milli) <> coalesce(sum(s.cpu), 0) * 1000
           OR min(r.sold_memory_mib) <> coalesce(sum(s.memory_gib), 0) * 1024
           OR min(r.sold_disk_mib) <> coalesce(sum(s.disk_gib), 0) * 1024",
    ),
    (
        "a sandbox occupies a runner exactly as long as it is not destroyed",
        "SELECT id FROM sandboxes WHERE (state = 'destroyed') <> (destroyed_at > 0)
           OR (runner IS NULL) <> (destroyed_at > 0)",
    ),
    (
        "the runner of a sandbox exists, in the sandbox's region",
        "SELECT s.id FROM sandboxes s LEFT JOIN runners r ON r.id = s.runner
         WHERE s.runner IS NOT NULL AND (r.id IS NULL OR r.region <> s.region)",
    ),
    (
        "an unfinished job is of its sandbox's present runner and generation",
        "SELECT j.id FROM jobs j LEFT JOIN sandboxes s ON s.id = j.sandbox
         WHERE s.id IS NULL OR s.destroyed_at > 0 OR s.runner <> j.runner OR s.generation <> j.generation",
    ),
    (
        "a sandbox that is still being created has its job",
        "SELECT s.id FROM sandboxes s LEFT JOIN jobs j ON j.sandbox = s.id
         WHERE s.destroyed_at = 0 AND j.id IS NULL AND s.state = 'creating'",
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
];

/// Checks every rule, and that the rows of labels say what their JSON says; gives one line for each breach, none
/// if all is well. Reads whole tables: for tests and for an operator's doctor, not for the paths of requests.
pub async fn invariants<S: Sql>(sql: &mut S) -> Result<Vec<String>> {
    read(sql, async |sql: &mut S| {
        let mut breaches = Vec::new();
        for (rule, query) in RULES {
            for row in sql.query(query, &[]).await? {
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
        Ok(breaches)
    })
    .await
}
