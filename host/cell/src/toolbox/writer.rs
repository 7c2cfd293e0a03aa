//! Writes an upload into a file, piece by piece, on threads that may block.

use super::fs_error::At;
use crate::blocking::blocking;
use crate::error::{ApiError, Code};
use crate::limits::{FILE_CHUNK_BYTES, UPLOAD_BYTES};
use crate::paths::parent;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use sandbar_files::{File, OpenOptions, Tree};
use std::sync::Arc;

/// Permission bits of directories made on the way to a file.
const PARENT_MODE: u32 = 0o755;

/// A file that is being uploaded.
pub struct Writer {
    path: String,
    file: Arc<File>,
    offset: u64,
    waiting: BytesMut,
}

impl Writer {
    /// Creates or empties the file (mode 0644 if new), and makes the directories above it.
    ///
    /// # Errors
    /// As of the file layer.
    pub async fn create(tree: Arc<Tree>, path: String) -> Result<Self, ApiError> {
        blocking(move || {
            if path.ends_with('/') {
                return Err(ApiError::bad_path(format!("{path} names a directory")));
            }
            let open = || tree.open_file(&path, &OpenOptions::overwrite());
            let file = match open() {
                Err(error) if error.is_not_found() => {
                    if let Some(directory) = parent(&path) {
                        tree.create_dir_all(directory, PARENT_MODE).at(directory)?;
                    }
                    open()
                }
                result => result,
            }
            .at(&path)?;
            Ok(Self {
                path,
                file,
                offset: 0,
                waiting: BytesMut::new(),
            })
        })
        .await
    }

    /// Takes more bytes; writes once there are enough of them.
    ///
    /// # Errors
    /// As of the file layer; the file then holds what was written before.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), ApiError> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= FILE_CHUNK_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes the rest; gives the file's size.
    ///
    /// # Errors
    /// As [`Writer::push`].
    pub async fn finish(mut self) -> Result<u64, ApiError> {
        self.flush().await?;
        Ok(self.offset)
    }

    async fn flush(&mut self) -> Result<(), ApiError> {
        let bytes: Bytes = self.waiting.split().freeze();
        if bytes.is_empty() {
            return Ok(());
        }
        let (file, offset, path) = (Arc::clone(&self.file), self.offset, self.path.clone());
        self.offset += bytes.len() as u64;
        blocking(move || write_all(&file, &bytes, offset, &path)).await
    }
}

fn write_all(file: &File, bytes: &[u8], offset: u64, path: &str) -> Result<(), ApiError> {
    let mut done = 0;
    while done < bytes.len() {
        match file.write_at(&bytes[done..], offset + done as u64).at(path)? {
            0 => return Err(ApiError::internal("a write of nothing")),
            count => done += count,
        }
    }
    Ok(())
}

/// Counts the bytes of a request.
#[derive(Default)]
pub struct Meter(u64);

impl Meter {
    /// # Errors
    /// 413 once it is more than any upload.
    pub fn count(&mut self, bytes: usize) -> Result<(), ApiError> {
        self.0 = self.0.saturating_add(bytes as u64);
        if self.0 > UPLOAD_BYTES {
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                Code::InvalidRequestBody,
                format!("an upload is at most {UPLOAD_BYTES} bytes"),
            ));
        }
        Ok(())
    }
}
