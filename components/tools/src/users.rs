//! Users and groups by the tables in /etc.

/// The id of a name in `/etc/passwd` or `/etc/group`.
pub fn id_of(table: &str, name: &str) -> Option<u32> {
    let text = std::fs::read_to_string(table).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    })
}

/// The name of an id in `/etc/passwd` or `/etc/group`, or the id itself in digits.
pub fn name_of(table: &str, id: u32) -> String {
    let text = std::fs::read_to_string(table).unwrap_or_default();
    let digits = id.to_string();
    let found = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(digits.as_str())).then(|| name.to_owned())
    });
    found.unwrap_or(digits)
}

/// Where users are.
pub const PASSWD: &str = "/etc/passwd";
/// Where groups are.
pub const GROUP: &str = "/etc/group";
/// The user and group that every program of a sandbox runs as.
pub const OWN_ID: u32 = 1000;
