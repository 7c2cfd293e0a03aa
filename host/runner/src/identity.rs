//! Which data directory this is: a UUID, made once and kept in it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use uuid::Uuid;

const FILE: &str = "instance";

/// Reads the identity, making it at the first call. Blocks. On disk when this returns: a runner that came back under another
/// identity would be refused.
pub(crate) fn instance(data_dir: &Path) -> io::Result<String> {
    let path = data_dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let text = text.trim();
            Uuid::parse_str(text)
                .map(|id| id.to_string())
                .map_err(|_| io::Error::other(format!("{} does not hold a UUID", path.display())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let id = Uuid::new_v4().to_string();
            let new = data_dir.join("instance.new");
            let mut file = fs::File::create(&new)?;
            writeln!(file, "{id}")?;
            file.sync_all()?;
            fs::rename(new, path)?;
            fs::File::open(data_dir)?.sync_all()?;
            Ok(id)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_damage_is_refused() {
        let home = tempfile::tempdir().expect("a directory");
        let first = instance(home.path()).expect("made");
        assert_eq!(instance(home.path()).expect("kept"), first);
        fs::write(home.path().join(FILE), "x").expect("damaged");
        assert!(instance(home.path()).is_err());
    }
}
