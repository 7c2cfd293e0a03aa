//! `sandbar:files/modes`: what WASI leaves out.

use std::time::UNIX_EPOCH;

use sandbar_files::Error;

use crate::FilesView;
use crate::bindings::sandbar::files::modes::{Errno, Host, Kind, Status};

/// The one user of a sandbox. Nothing is checked against it.
const OWNER: u32 = 1000;

impl Host for FilesView<'_> {
    fn stat(&mut self, path: String, follow: bool) -> wasmtime::Result<Result<Status, Errno>> {
        let found = self
            .ctx
            .tree
            .stat_at(&self.ctx.tree.root_of(self.ctx.caller), &self.absolute(&path), follow);
        Ok(found.map(|status| convert(&status)).map_err(|error| errno(&error)))
    }

    fn chmod(&mut self, path: String, mode: u32) -> wasmtime::Result<Result<(), Errno>> {
        let changed = self.ctx.tree.chmod(&self.absolute(&path), mode);
        Ok(changed.map_err(|error| errno(&error)))
    }
}

impl FilesView<'_> {
    fn absolute(&self, path: &str) -> String {
        if path.is_empty() || path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{}/{path}", self.ctx.cwd)
        }
    }
}

fn convert(status: &sandbar_files::Status) -> Status {
    let kind = match status.kind {
        sandbar_files::Kind::Regular | sandbar_files::Kind::Other => Kind::Regular,
        sandbar_files::Kind::Directory => Kind::Directory,
        sandbar_files::Kind::Symlink => Kind::Symlink,
        sandbar_files::Kind::CharacterDevice => Kind::CharacterDevice,
    };
    let modified = status.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Status {
        kind,
        mode: status.mode,
        uid: OWNER,
        gid: OWNER,
        links: status.links,
        size: status.size,
        inode: status.inode,
        modified: u64::try_from(modified.as_nanos()).unwrap_or(u64::MAX),
    }
}

fn errno(error: &Error) -> Errno {
    match error {
        Error::NotFound => Errno::NotFound,
        Error::Access | Error::NotPermitted => Errno::Access,
        Error::NotDirectory => Errno::NotDirectory,
        Error::Loop => Errno::Loop,
        Error::Invalid | Error::NameTooLong => Errno::Invalid,
        Error::ReadOnly => Errno::ReadOnly,
        Error::Quota | Error::NoSpace => Errno::Quota,
        _ => Errno::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FilesCtx;
    use sandbar_files::{Limits, Tree};
    use wasmtime::component::ResourceTable;

    #[test]
    fn paths_start_at_the_working_directory_and_modes_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let tree = Tree::open(&dir.path().join("upper"), &[], Limits::default()).unwrap();
        tree.create_dir("/home", 0o750).unwrap();
        tree.write_file("/home/file", b"four", 0o640).unwrap();
        tree.symlink("file", "/home/link").unwrap();
        let mut ctx = FilesCtx {
            tree,
            cwd: "/home".to_owned(),
            caller: 0,
            standard: None,
            failure: Default::default(),
        };
        let mut table = ResourceTable::new();
        let mut view = FilesView {
            table: &mut table,
            ctx: &mut ctx,
        };
        view.chmod("file".to_owned(), 0o751).unwrap().unwrap();
        for path in ["file", "/home/file", "./link", "../home/link"] {
            let status = view.stat(path.to_owned(), true).unwrap().unwrap();
            assert_eq!((status.mode, status.size, status.links), (0o751, 4, 1), "{path}");
        }
        let mut stat = |path: &str, follow| view.stat(path.to_owned(), follow).unwrap();
        assert!(matches!(stat("link", false).unwrap().kind, Kind::Symlink));
        assert!(matches!(stat("/dev/null", true).unwrap().kind, Kind::CharacterDevice));
        assert_eq!(stat(".", true).unwrap().mode, 0o750);
        assert!(matches!(stat("", true), Err(Errno::NotFound)));
        assert!(matches!(stat("file/x", true), Err(Errno::NotDirectory)));
        let refused = view.chmod("file".to_owned(), 0o4755).unwrap();
        assert!(matches!(refused, Err(Errno::Invalid)));
    }
}
