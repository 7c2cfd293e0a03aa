//! Users.

use crate::{
    error::{Result, StoreError},
    limits::MAX_ROWS,
    rows,
    sql::{Sql, params},
    transaction::write,
    types::User,
};

/// Makes the user, or gives it another name and email address.
///
/// # Errors
/// `taken` for the email address of another one.
pub async fn put_user<S: Sql>(sql: &mut S, user: &User) -> Result<()> {
    write(sql, async |sql: &mut S| {
        let same = sql
            .query(
                "SELECT 1 FROM users WHERE email = ?1 AND email <> '' AND id <> ?2",
                params![&user.email, &user.id],
            )
            .await?;
        if !same.is_empty() {
            return Err(StoreError::Taken(user.email.clone()));
        }
        sql.execute(
            "INSERT INTO users (id, name, email, created) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email",
            params![&user.id, &user.name, &user.email, user.created],
        )
        .await?;
        Ok(())
    })
    .await
}

/// Makes the user if there is none of that id.
pub(super) async fn insert<S: Sql>(sql: &mut S, user: &User) -> Result<()> {
    sql.execute(
        "INSERT INTO users (id, name, email, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO NOTHING",
        params![&user.id, &user.name, &user.email, user.created],
    )
    .await?;
    Ok(())
}

/// A user by its id.
///
/// # Errors
/// `not-found`.
pub async fn get_user<S: Sql>(sql: &mut S, id: &str) -> Result<User> {
    let text = format!("SELECT {} FROM users WHERE id = ?1", rows::USER);
    let found = sql.query(&text, params![id]).await?;
    rows::first(found, rows::user)?.ok_or_else(|| missing(id))
}

/// All users by id, 10,000 at most.
pub async fn list_users<S: Sql>(sql: &mut S) -> Result<Vec<User>> {
    let text = format!("SELECT {} FROM users ORDER BY id LIMIT {MAX_ROWS}", rows::USER);
    Ok(rows::all(sql.query(&text, &[]).await?, rows::user)?)
}

pub(super) fn missing(id: &str) -> StoreError {
    StoreError::NotFound(format!("user {id}"))
}
