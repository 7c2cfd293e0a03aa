//! Snapshots: stacks of frozen layers that sandboxes begin as, and the way of layers between machines.
//!
//! A snapshot that is put together from imported layers grows from the lowest one up; what it has so far it also uses, so
//! that no layer is ever without somebody who needs it. Only at the end it gets its `upper` and is whole; a half one is
//! removed by [`Pool::sweep`].

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use super::blob::{Blob, is_digest};
use super::{LayerError, export, import};
use crate::pool::{
    Pool, alone, create_empty, make_dir, name_of, names_in, new_id, read_stack, remove_if_there, remove_tree, replace,
    write_about, write_stack,
};
use crate::{Error, MAX_STACK, Result, disk};

/// A snapshot as it is in this pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether sandboxes can begin as it; else some of its layers are still missing.
    pub whole: bool,
    /// What a sandbox takes that has nothing else.
    pub bytes: u64,
    /// Likewise, in files, directories and links.
    pub inodes: u64,
    /// Its layers, topmost first.
    pub layers: Vec<SnapshotLayer>,
}

/// One layer of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotLayer {
    /// Its name in this pool only.
    pub id: String,
    /// Its archive, if it was ever made here.
    pub blob: Option<Blob>,
}

impl Pool {
    /// The snapshot in this directory; none if there is none.
    ///
    /// # Errors
    /// What the disk says; [`Error::TooManyLayers`] for a stack that nobody here has made.
    pub fn snapshot(&self, directory: &Path) -> Result<Option<Snapshot>> {
        let _alone = alone();
        let whole = directory.join("upper").is_dir();
        let mut next = read_stack(directory)?;
        if !whole && next.is_none() {
            return Ok(None);
        }
        let mut snapshot = Snapshot {
            whole,
            bytes: 0,
            inodes: 0,
            layers: Vec::new(),
        };
        while let Some(id) = next.take() {
            if snapshot.layers.len() >= MAX_STACK {
                return Err(Error::TooManyLayers);
            }
            let about = self.about(&id)?;
            if snapshot.layers.is_empty() {
                (snapshot.bytes, snapshot.inodes) = (about.bytes, about.inodes);
            }
            let blob = self.blob(&id);
            snapshot.layers.push(SnapshotLayer { id, blob });
            next = about.below;
        }
        Ok(Some(snapshot))
    }

    /// Makes `child`, an existing directory without files, a sandbox that begins as this snapshot. Copies nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such snapshot or it is not whole, [`Error::Exists`] if the child has files.
    pub fn begin(&self, snapshot: &Path, child: &Path) -> Result<()> {
        let _alone = alone();
        if !snapshot.join("upper").is_dir() {
            return Err(Error::NotFound);
        }
        self.share_alone(snapshot, child)
    }

    /// Writes the archive of a layer, and keeps in mind what it is. Blocks for as long as the writer does.
    ///
    /// # Errors
    /// [`LayerError::Read`] if the writer fails; else what the disk says, a layer that is gone among it.
    pub fn export(&self, layer: &str, to: impl Write) -> Result<Blob, LayerError> {
        self.about(layer)?;
        let root = disk::open_ambient(&self.files(layer))?;
        let blob = export::pack(&root, to)?;
        // From here on it may be called by its digest: it must be what was digested even after a loss of power.
        rustix::fs::syncfs(&*root).map_err(Error::from)?;
        let _alone = alone();
        if self.files(layer).is_dir() {
            replace(&self.0.join(layer).join("blob"), &blob.to_text())?;
        }
        Ok(blob)
    }

    /// Puts a layer that is here already, with the same ones below it, on top of a snapshot that is not whole yet.
    /// Whether there was one.
    ///
    /// # Errors
    /// [`Error::Exists`] if the snapshot is whole, or what the disk says.
    pub fn reuse(&self, snapshot: &Path, digest: &str) -> Result<bool> {
        let _alone = alone();
        let below = self.growing(snapshot)?;
        for id in names_in(&self.0)? {
            let fits = self.blob(&id).is_some_and(|blob| blob.digest == digest)
                && self.about(&id).is_ok_and(|about| about.below == below);
            if fits {
                make_dir(snapshot)?;
                create_empty(&self.user(&id, &name_of(snapshot)?))?;
                self.climb(snapshot, below.as_deref(), &id)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Puts an imported layer on top of a snapshot that is not whole yet. `from` is hostile: it must be, to the last byte,
    /// the archive that `claim` describes. On an error nothing of it is left.
    ///
    /// # Errors
    /// [`LayerError`]; [`Error::Exists`] if the snapshot is whole, [`Error::Busy`] if it has changed meanwhile.
    pub fn import(&self, snapshot: &Path, claim: &Blob, from: impl Read) -> Result<(), LayerError> {
        if !is_digest(&claim.digest) {
            return Err(LayerError::Hostile("a digest that is none"));
        }
        let below = {
            let _alone = alone();
            self.growing(snapshot)?
        };
        let id = new_id()?;
        let incoming = self.0.join(format!("incoming-{id}"));
        let result = self
            .unpack(&incoming, below.as_deref(), claim, from)
            .and_then(|()| Ok(self.adopt(&incoming, &id, snapshot, below.as_deref())?));
        if result.is_err() {
            // The first error counts; the rest goes at the next start.
            let _ = remove_tree(&incoming);
        }
        result
    }

    /// Makes the files and papers of a layer that nobody sees yet.
    fn unpack(&self, incoming: &Path, below: Option<&str>, claim: &Blob, from: impl Read) -> Result<(), LayerError> {
        let files = incoming.join("files");
        make_dir(&files)?;
        make_dir(&incoming.join("users"))?;
        let root = disk::open_ambient(&files)?;
        import::unpack(&root, claim, from)?;
        let mut stack = vec![files];
        let mut next = below.map(str::to_owned);
        while let Some(layer) = next {
            if stack.len() >= MAX_STACK {
                return Err(Error::TooManyLayers.into());
            }
            stack.push(self.files(&layer));
            next = self.about(&layer)?.below;
        }
        // What the archive says of itself is one thing, what a sandbox pays for all layers together another.
        let (bytes, inodes) = crate::freeze::count(&stack)?;
        write_about(incoming, below, bytes, inodes)?;
        replace(&incoming.join("blob"), &claim.to_text())?;
        rustix::fs::syncfs(&*root).map_err(Error::from)?;
        Ok(())
    }

    /// Makes an unpacked layer one of the pool, with the snapshot as its user.
    fn adopt(&self, incoming: &Path, id: &str, snapshot: &Path, below: Option<&str>) -> Result<()> {
        let _alone = alone();
        if self.growing(snapshot)?.as_deref() != below {
            return Err(Error::Busy);
        }
        make_dir(snapshot)?;
        create_empty(&incoming.join("users").join(name_of(snapshot)?))?;
        if let Some(below) = below {
            create_empty(&self.user(below, id))?;
        }
        if let Err(error) = fs::rename(incoming, self.0.join(id)) {
            if let Some(below) = below {
                let _ = remove_if_there(&self.user(below, id));
            }
            return Err(error.into());
        }
        self.climb(snapshot, below, id)
    }

    /// The snapshot stands on `top` from now on, no more directly on what is below.
    fn climb(&self, snapshot: &Path, below: Option<&str>, top: &str) -> Result<()> {
        write_stack(snapshot, Some(top))?;
        match below {
            Some(below) => remove_if_there(&self.user(below, &name_of(snapshot)?)),
            None => Ok(()),
        }
    }

    /// The topmost layer of a snapshot that is being put together.
    fn growing(&self, snapshot: &Path) -> Result<Option<String>> {
        if snapshot.join("upper").is_dir() {
            return Err(Error::Exists);
        }
        read_stack(snapshot)
    }

    /// Declares a snapshot whole: from now on sandboxes can begin as it. One without layers is the base alone.
    ///
    /// # Errors
    /// What the disk says.
    pub fn complete(&self, snapshot: &Path) -> Result<()> {
        let _alone = alone();
        make_dir(snapshot)?;
        make_dir(&snapshot.join("upper"))
    }

    fn blob(&self, layer: &str) -> Option<Blob> {
        let text = fs::read_to_string(self.0.join(layer).join("blob")).ok()?;
        Blob::parse(&text)
    }
}
