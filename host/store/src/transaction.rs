//! One verb, one transaction.

use crate::{error::Result, sql::Sql};

/// Runs `body` in a transaction that takes the write lock at once; commits what it did, or none of it.
pub(crate) async fn write<S: Sql, T>(sql: &mut S, body: impl AsyncFnOnce(&mut S) -> Result<T>) -> Result<T> {
    sql.begin_write().await?;
    finish(sql, body).await
}

/// Runs `body` on one unchanging view of the database.
pub(crate) async fn read<S: Sql, T>(sql: &mut S, body: impl AsyncFnOnce(&mut S) -> Result<T>) -> Result<T> {
    sql.begin_read().await?;
    finish(sql, body).await
}

async fn finish<S: Sql, T>(sql: &mut S, body: impl AsyncFnOnce(&mut S) -> Result<T>) -> Result<T> {
    let done = match body(sql).await {
        Ok(value) => match sql.commit().await {
            Ok(()) => return Ok(value),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error),
    };
    // After a full disk or a failed write SQLite has rolled back by itself and this fails; a back end makes
    // sure on its own that no transaction stays open. The first error is the one that tells something.
    let _ = sql.rollback().await;
    done
}
