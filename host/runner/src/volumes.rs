//! Volumes of this runner: the cell makes one when a sandbox first mounts it; here is how one ends.

use crate::driver::Driver;
use http::Method;
use sandbar_cell::valid_id;

/// Removes a volume and all that is in it. Succeeds if there is none.
///
/// # Errors
/// The reason, for a user: it is still mounted, or what the disk says.
pub(crate) async fn remove(driver: &Driver, id: &str) -> Result<(), String> {
    if !valid_id(id) {
        return Err(format!("{id:?} cannot be the id of a volume"));
    }
    let path = format!("/volumes/{id}");
    let cells = driver.cells().map_err(|error| error.to_string())?;
    let removed = cells.control(Method::DELETE, &path, Vec::new()).await;
    removed.map(|_| ()).map_err(|error| error.to_string())
}
