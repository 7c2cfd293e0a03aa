//! `sandbar:files/modes`: what WASI leaves out.

use std::time::UNIX_EPOCH;

use sandbar_files::Error;

use crate::FilesView;
use crate::bindings::sandbar::files::modes::{Errno, Host, Kind, Status};

/// The one user of a sandbox. Nothing is checked against it.
const OWNER: u32 = 1000;

impl Host for FilesView<'_> {
    fn stat(&mut self, path: String, follow: bool) -> wasmtime::Result<Result<Status, Errno>> {
        let found = self.ctx.tree.stat(&self.absolute(&path), follow);
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
