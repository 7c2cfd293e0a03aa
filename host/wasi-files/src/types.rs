//! `wasi:filesystem/types`.

use std::sync::Arc;

use sandbar_files::{Error, Handle, Listing, OpenOptions, Status};
use wasmtime::component::Resource;
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

use crate::FilesView;
use crate::bindings::wasi::filesystem::types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, Host, HostDescriptor,
    HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use crate::convert::{descriptor_stat, descriptor_type, metadata_hash, new_time};
use crate::descriptor::Descriptor;
use crate::error::{FileError, error_code};
use crate::streams::{FileInput, FileOutput, MAX_TRANSFER, Position, read};

type Result<T> = std::result::Result<T, FileError>;
type Handled = Resource<Descriptor>;

/// Permission bits of what a guest creates: WASI carries none.
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: u32 = 0o755;

impl Host for FilesView<'_> {
    fn convert_error_code(&mut self, error: FileError) -> wasmtime::Result<ErrorCode> {
        match error {
            FileError::Code(code) => {
                // The one error of these calls that WASI has no word for; see `error_code`.
                if matches!(code, ErrorCode::InsufficientMemory) {
                    self.ctx.failure.note(&Error::Handles);
                }
                Ok(code)
            }
            FileError::Trap(error) => Err(error),
        }
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(self.table.get(&error)?.downcast_ref::<Error>().map(error_code))
    }
}

impl FilesView<'_> {
    fn get(&self, descriptor: &Handled) -> Result<Descriptor> {
        // A clone of an Arc: the table must not stay borrowed while new handles are pushed.
        Ok(self.table.get(descriptor)?.clone())
    }

    fn status(&self, descriptor: &Handled) -> Result<Status> {
        Ok(match self.get(descriptor)? {
            Descriptor::File(file) => file.stat()?,
            Descriptor::Directory(directory) => self.ctx.tree.stat_at(&directory, ".", true)?,
            Descriptor::Standard(_) => Status::of_stream(),
        })
    }

    fn status_at(&self, descriptor: &Handled, flags: PathFlags, path: &str) -> Result<Status> {
        let base = self.get(descriptor)?;
        Ok(self.ctx.tree.stat_at(base.directory()?, path, follows(flags))?)
    }
}

impl HostDescriptor for FilesView<'_> {
    fn read_via_stream(&mut self, fd: Handled, offset: u64) -> Result<Resource<DynInputStream>> {
        let descriptor = self.get(&fd)?;
        if let Descriptor::Standard(number) = descriptor {
            let stream = self.ctx.standard.as_ref().and_then(|standard| standard.input(number));
            return Ok(self.table.push(stream.ok_or(ErrorCode::BadDescriptor)?)?);
        }
        let file = Arc::clone(descriptor.file()?);
        if !file.readable() {
            return Err(ErrorCode::BadDescriptor.into());
        }
        let stream: DynInputStream = Box::new(FileInput::new(file, offset));
        Ok(self.table.push(stream)?)
    }

    fn write_via_stream(&mut self, fd: Handled, offset: u64) -> Result<Resource<DynOutputStream>> {
        self.output(&fd, Position::At(offset))
    }

    fn append_via_stream(&mut self, fd: Handled) -> Result<Resource<DynOutputStream>> {
        self.output(&fd, Position::End)
    }

    fn advise(&mut self, fd: Handled, _offset: u64, _length: u64, _advice: Advice) -> Result<()> {
        self.get(&fd)?.file()?;
        Ok(())
    }

    fn sync_data(&mut self, fd: Handled) -> Result<()> {
        match self.get(&fd)? {
            Descriptor::File(file) => Ok(file.sync_data()?),
            Descriptor::Directory(_) | Descriptor::Standard(_) => Ok(()),
        }
    }

    fn sync(&mut self, fd: Handled) -> Result<()> {
        match self.get(&fd)? {
            Descriptor::File(file) => Ok(file.sync_all()?),
            Descriptor::Directory(_) | Descriptor::Standard(_) => Ok(()),
        }
    }

    fn get_flags(&mut self, fd: Handled) -> Result<DescriptorFlags> {
        Ok(match self.get(&fd)? {
            Descriptor::Directory(_) => DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY,
            // Which of the two it takes, it says when it is asked for a stream.
            Descriptor::Standard(_) => DescriptorFlags::READ | DescriptorFlags::WRITE,
            Descriptor::File(file) => {
                let mut flags = DescriptorFlags::empty();
                if file.readable() {
                    flags |= DescriptorFlags::READ;
                }
                if file.writable() {
                    flags |= DescriptorFlags::WRITE;
                }
                flags
            }
        })
    }

    fn get_type(&mut self, fd: Handled) -> Result<DescriptorType> {
        Ok(descriptor_type(self.status(&fd)?.kind))
    }

    fn set_size(&mut self, fd: Handled, size: u64) -> Result<()> {
        Ok(self.get(&fd)?.file()?.set_len(size)?)
    }

    fn set_times(&mut self, fd: Handled, accessed: NewTimestamp, modified: NewTimestamp) -> Result<()> {
        let (accessed, modified) = (new_time(accessed)?, new_time(modified)?);
        match self.get(&fd)? {
            Descriptor::File(file) => Ok(file.set_times(accessed, modified)?),
            Descriptor::Directory(directory) => {
                Ok(self.ctx.tree.set_times_at(&directory, ".", true, accessed, modified)?)
            }
            Descriptor::Standard(_) => Ok(()),
        }
    }

    fn read(&mut self, fd: Handled, length: u64, offset: u64) -> Result<(Vec<u8>, bool)> {
        let length = usize::try_from(length).unwrap_or(MAX_TRANSFER);
        let bytes = read(self.get(&fd)?.file()?, length, offset)?;
        let end = bytes.is_empty() && length > 0;
        Ok((bytes.into(), end))
    }

    fn write(&mut self, fd: Handled, bytes: Vec<u8>, offset: u64) -> Result<u64> {
        let most = bytes.len().min(MAX_TRANSFER);
        let written = self.get(&fd)?.file()?.write_at(&bytes[..most], offset)?;
        Ok(written as u64)
    }

    fn read_directory(&mut self, fd: Handled) -> Result<Resource<Listing>> {
        let directory = self.get(&fd)?;
        let listing = self.ctx.tree.listing_at(directory.directory()?, ".")?;
        Ok(self.table.push(listing)?)
    }

    fn create_directory_at(&mut self, fd: Handled, path: String) -> Result<()> {
        let base = self.get(&fd)?;
        Ok(self.ctx.tree.create_dir_at(base.directory()?, &path, DIRECTORY_MODE)?)
    }

    fn stat(&mut self, fd: Handled) -> Result<DescriptorStat> {
        Ok(descriptor_stat(&self.status(&fd)?))
    }

    fn stat_at(&mut self, fd: Handled, flags: PathFlags, path: String) -> Result<DescriptorStat> {
        Ok(descriptor_stat(&self.status_at(&fd, flags, &path)?))
    }

    fn set_times_at(
        &mut self,
        fd: Handled,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> Result<()> {
        let base = self.get(&fd)?;
        let (accessed, modified) = (new_time(accessed)?, new_time(modified)?);
        let tree = &self.ctx.tree;
        Ok(tree.set_times_at(base.directory()?, &path, follows(flags), accessed, modified)?)
    }

    fn link_at(&mut self, fd: Handled, flags: PathFlags, old: String, new_fd: Handled, new: String) -> Result<()> {
        let (from, to) = (self.get(&fd)?, self.get(&new_fd)?);
        let tree = &self.ctx.tree;
        Ok(tree.link_at(from.directory()?, &old, follows(flags), to.directory()?, &new)?)
    }

    fn open_at(
        &mut self,
        fd: Handled,
        path_flags: PathFlags,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Handled> {
        let base = self.get(&fd)?;
        let how = OpenOptions {
            read: flags.contains(DescriptorFlags::READ),
            write: flags.contains(DescriptorFlags::WRITE),
            append: false,
            create: open.contains(OpenFlags::CREATE),
            exclusive: open.contains(OpenFlags::CREATE | OpenFlags::EXCLUSIVE),
            truncate: open.contains(OpenFlags::TRUNCATE),
            directory: open.contains(OpenFlags::DIRECTORY),
            follow: follows(path_flags),
            mode: FILE_MODE,
        };
        let opened = match self.ctx.tree.open_at(base.directory()?, &path, &how)? {
            Handle::File(file) => Descriptor::File(file),
            Handle::Directory(directory) => Descriptor::Directory(Arc::new(directory)),
            Handle::Standard(number) => Descriptor::Standard(number),
        };
        Ok(self.table.push(opened)?)
    }

    fn readlink_at(&mut self, fd: Handled, path: String) -> Result<String> {
        let base = self.get(&fd)?;
        Ok(self.ctx.tree.read_link_at(base.directory()?, &path)?)
    }

    fn remove_directory_at(&mut self, fd: Handled, path: String) -> Result<()> {
        let base = self.get(&fd)?;
        Ok(self.ctx.tree.remove_dir_at(base.directory()?, &path)?)
    }

    fn rename_at(&mut self, fd: Handled, old: String, new_fd: Handled, new: String) -> Result<()> {
        let (from, to) = (self.get(&fd)?, self.get(&new_fd)?);
        Ok(self
            .ctx
            .tree
            .rename_at(from.directory()?, &old, to.directory()?, &new)?)
    }

    fn symlink_at(&mut self, fd: Handled, target: String, path: String) -> Result<()> {
        let base = self.get(&fd)?;
        Ok(self.ctx.tree.symlink_at(&target, base.directory()?, &path)?)
    }

    fn unlink_file_at(&mut self, fd: Handled, path: String) -> Result<()> {
        let base = self.get(&fd)?;
        Ok(self.ctx.tree.remove_file_at(base.directory()?, &path)?)
    }

    fn is_same_object(&mut self, fd: Handled, other: Handled) -> wasmtime::Result<bool> {
        // One that was removed meanwhile is the same as nothing.
        let inode = |fd| self.status(fd).ok().map(|status| status.inode);
        let (a, b) = (inode(&fd), inode(&other));
        Ok(a.is_some() && a == b)
    }

    fn metadata_hash(&mut self, fd: Handled) -> Result<MetadataHashValue> {
        Ok(metadata_hash(&self.status(&fd)?))
    }

    fn metadata_hash_at(&mut self, fd: Handled, flags: PathFlags, path: String) -> Result<MetadataHashValue> {
        Ok(metadata_hash(&self.status_at(&fd, flags, &path)?))
    }

    fn drop(&mut self, fd: Handled) -> wasmtime::Result<()> {
        self.table.delete(fd)?;
        Ok(())
    }
}

impl FilesView<'_> {
    fn output(&mut self, fd: &Handled, position: Position) -> Result<Resource<DynOutputStream>> {
        let descriptor = self.get(fd)?;
        if let Descriptor::Standard(number) = descriptor {
            let stream = self.ctx.standard.as_ref().and_then(|standard| standard.output(number));
            return Ok(self.table.push(stream.ok_or(ErrorCode::BadDescriptor)?)?);
        }
        let file = Arc::clone(descriptor.file()?);
        if !file.writable() {
            return Err(ErrorCode::BadDescriptor.into());
        }
        let stream: DynOutputStream = Box::new(FileOutput::new(file, position, self.ctx.failure.clone()));
        Ok(self.table.push(stream)?)
    }
}

impl HostDirectoryEntryStream for FilesView<'_> {
    fn read_directory_entry(&mut self, stream: Resource<Listing>) -> Result<Option<DirectoryEntry>> {
        let entry = self.table.get_mut(&stream)?.next();
        Ok(entry.map(|entry| DirectoryEntry {
            type_: descriptor_type(entry.kind),
            name: entry.name,
        }))
    }

    fn drop(&mut self, stream: Resource<Listing>) -> wasmtime::Result<()> {
        self.table.delete(stream)?;
        Ok(())
    }
}

fn follows(flags: PathFlags) -> bool {
    flags.contains(PathFlags::SYMLINK_FOLLOW)
}
