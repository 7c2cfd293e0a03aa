//! The window of runners among which a placement chooses.

use crate::{
    error::Result,
    limits::MAX_WINDOW,
    rows,
    sql::{Reader, Sql, params},
    transaction::read,
    types::Candidate,
};

/// Classes of runners in the order in which a window of a large region fills: (unschedulable, draining, room,
/// percent of the window that the class may take in the first round). Those with ample room and those with
/// some share the window, so that a scheduler that spreads and one that packs both find what they look for;
/// the hopeless come last, so that a refusal can still name its reasons.
const CLASSES: [(bool, bool, u32, u32); 5] = [
    (false, false, 2, 60),
    (false, false, 1, 40),
    (false, false, 0, 0),
    (false, true, 1, 0),
    (true, false, 1, 0),
];

/// At most `limit` (256 at most) runners of a region, from a position given by `seed`.
///
/// Each is told with whether it has `snapshot`; empty: none is asked about. A region that fits into the window is given whole. Of a larger one each class of the index over region,
/// flags and free capacity is read from a pseudo-random place on, and around its end.
pub async fn placement_window<S: Sql>(
    sql: &mut S,
    region: &str,
    seed: u64,
    limit: u32,
    snapshot: &str,
) -> Result<Vec<Candidate>> {
    let limit = limit.clamp(1, MAX_WINDOW);
    read(sql, async |sql: &mut S| {
        if fits(sql, region, limit).await? {
            return whole(sql, region, seed, limit, snapshot).await;
        }
        let mut window: Vec<Candidate> = Vec::new();
        let mut rest: Vec<Candidate> = Vec::new();
        for (unschedulable, draining, room, percent) in CLASSES {
            let missing = limit as usize - window.len();
            if missing == 0 || (percent == 0 && window.len() + rest.len() >= limit as usize) {
                break;
            }
            let mut class = Vec::new();
            for half in ["spread >= ?6", "spread < ?6"] {
                let open = limit as usize - class.len();
                if open == 0 {
                    break;
                }
                let text = format!(
                    "SELECT {} FROM runners WHERE region = ?1 AND unschedulable = ?3 AND draining = ?4
                       AND room = ?5 AND {half} ORDER BY spread LIMIT ?7",
                    rows::CANDIDATE
                );
                let values = params![region, snapshot, unschedulable, draining, room, seed >> 33, open as u64];
                let found = sql.query(&text, values).await?;
                class.extend(rows::all(found, |row| rows::candidate(row, snapshot))?);
            }
            let share = (limit * percent).div_ceil(100) as usize;
            rest.extend(class.split_off(share.min(missing).min(class.len())));
            window.extend(class);
        }
        rest.truncate(limit as usize - window.len());
        window.extend(rest);
        Ok(window)
    })
    .await
}

/// Runners of a region by id, beginning after `after`; at most `limit` (256 at most). See [`placement_window`] for `snapshot`.
pub async fn region_runners<S: Sql>(
    sql: &mut S,
    region: &str,
    after: &str,
    limit: u32,
    snapshot: &str,
) -> Result<Vec<Candidate>> {
    let text = format!(
        "SELECT {} FROM runners WHERE region = ?1 AND id > ?3 ORDER BY id LIMIT ?4",
        rows::CANDIDATE
    );
    let values = params![region, snapshot, after, limit.clamp(1, MAX_WINDOW)];
    let found = sql.query(&text, values).await?;
    Ok(rows::all(found, |row| rows::candidate(row, snapshot))?)
}

/// Whether the region has at most `limit` runners; looks at no more than one beyond.
async fn fits<S: Sql>(sql: &mut S, region: &str, limit: u32) -> Result<bool> {
    let counted = sql
        .query(
            "SELECT count(*) FROM (SELECT 1 FROM runners WHERE region = ?1 LIMIT ?2) AS some",
            params![region, limit + 1],
        )
        .await?;
    let count = counted.into_iter().next().map(|row| Reader::new(row).u64());
    Ok(count.transpose()?.unwrap_or_default() <= u64::from(limit))
}

async fn whole<S: Sql>(sql: &mut S, region: &str, seed: u64, limit: u32, snapshot: &str) -> Result<Vec<Candidate>> {
    let text = format!(
        "SELECT {} FROM runners WHERE region = ?1 ORDER BY name LIMIT ?3",
        rows::CANDIDATE
    );
    let found = sql.query(&text, params![region, snapshot, limit]).await?;
    let mut all = rows::all(found, |row| rows::candidate(row, snapshot))?;
    if !all.is_empty() {
        let start = (seed % all.len() as u64) as usize;
        all.rotate_left(start);
    }
    Ok(all)
}
