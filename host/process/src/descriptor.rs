//! Open file descriptions, and what reading and writing mean for each kind.

use std::sync::Arc;

use bytes::Bytes;
use sandbar_files::File;

use crate::errno::Errno;
use crate::file::OpenFile;
use crate::input::Input;
use crate::limits::{FILE_PERMIT, MAX_READ, PIPE_CAPACITY};
use crate::output::Output;
use crate::pipe::{PipeReader, PipeWriter, Refused, Taken, pipe};
use crate::sink::Sink;
use crate::slots::Slot;
use crate::terminal::{Read, Tty};

/// A handle of an open file description. A clone is what dup(2) gives: the very same description; dropping the
/// last one closes it.
#[derive(Clone, Debug)]
pub struct Descriptor(Arc<Description>);

#[derive(Debug)]
enum Description {
    Null,
    Reader(PipeReader),
    Writer(PipeWriter),
    File(OpenFile),
    Input(Input),
    Output(Output),
    Sink(Arc<dyn Sink>),
    Terminal(Arc<Tty>),
}

/// What a read found.
#[derive(Debug)]
pub enum Received {
    /// These bytes, never none.
    Bytes(Bytes),
    /// Nothing yet; wait.
    Empty,
    /// The end.
    End,
    /// The file layer failed.
    Failed(sandbar_files::Error),
}

/// Why a write was not taken.
#[derive(Debug)]
pub(crate) enum Unsent {
    /// Nobody reads any more.
    Closed,
    /// Writers with old permits have overfilled the pipe.
    Full,
    Failed(sandbar_files::Error),
}

impl From<Refused> for Unsent {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Closed => Self::Closed,
            Refused::Full => Self::Full,
        }
    }
}

impl Descriptor {
    /// The null device: reads are at their end, writes vanish.
    pub fn null() -> Self {
        Self::of(Description::Null)
    }

    /// A pipe for the host's own use: (reader, writer). It holds 64 KiB.
    pub fn pipe() -> (Self, Self) {
        Self::pipe_in(None)
    }

    /// Fixed bytes to read.
    pub fn input(bytes: Bytes) -> Self {
        Self::of(Description::Input(Input::new(bytes)))
    }

    /// Writes go to this collector.
    pub fn output(output: &Output) -> Self {
        Self::of(Description::Output(output.clone()))
    }

    /// Writes go to this sink of the host.
    pub fn sink(sink: Arc<dyn Sink>) -> Self {
        Self::of(Description::Sink(sink))
    }

    pub(crate) fn terminal_line(tty: Arc<Tty>) -> Self {
        Self::of(Description::Terminal(tty))
    }

    /// The terminal that this is, if it is one.
    pub(crate) fn terminal(&self) -> Option<&Arc<Tty>> {
        match &*self.0 {
            Description::Terminal(tty) => Some(tty),
            _ => None,
        }
    }

    /// Whether this is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.terminal().is_some()
    }

    /// What it is, as `/proc/PID/fd` shows it.
    pub(crate) fn shown(&self) -> &'static str {
        match &*self.0 {
            Description::Null => "/dev/null",
            Description::Terminal(_) => "/dev/tty",
            Description::File(_) => "file:[0]",
            Description::Reader(_)
            | Description::Writer(_)
            | Description::Input(_)
            | Description::Output(_)
            | Description::Sink(_) => "pipe:[0]",
        }
    }

    /// An open file, read and written from its start, or written at its end if `append`.
    pub fn file(file: Arc<File>, append: bool) -> Self {
        Self::file_in(file, append, None)
    }

    pub(crate) fn pipe_in(slot: Option<Slot>) -> (Self, Self) {
        let (reader, writer) = pipe(slot);
        (
            Self::of(Description::Reader(reader)),
            Self::of(Description::Writer(writer)),
        )
    }

    pub(crate) fn file_in(file: Arc<File>, append: bool, slot: Option<Slot>) -> Self {
        Self::of(Description::File(OpenFile::new(file, append, slot)))
    }

    fn of(description: Description) -> Self {
        Self(Arc::new(description))
    }

    pub(crate) fn readable(&self) -> bool {
        match &*self.0 {
            Description::Null | Description::Reader(_) | Description::Input(_) | Description::Terminal(_) => true,
            Description::File(file) => file.readable(),
            Description::Writer(_) | Description::Output(_) | Description::Sink(_) => false,
        }
    }

    pub(crate) fn writable(&self) -> bool {
        match &*self.0 {
            Description::Null
            | Description::Writer(_)
            | Description::Output(_)
            | Description::Sink(_)
            | Description::Terminal(_) => true,
            Description::File(file) => file.writable(),
            Description::Reader(_) | Description::Input(_) => false,
        }
    }

    /// Reads up to `most` bytes (at least 1, at most 256 KiB) without waiting.
    pub fn try_read(&self, most: usize) -> Received {
        let most = most.clamp(1, MAX_READ);
        match &*self.0 {
            Description::Null | Description::Writer(_) | Description::Output(_) | Description::Sink(_) => Received::End,
            Description::Terminal(tty) => match tty.read(most) {
                Read::Bytes(bytes) => Received::Bytes(bytes),
                Read::Empty => Received::Empty,
                Read::End => Received::End,
            },
            Description::Reader(reader) => match reader.take(most) {
                Taken::Bytes(bytes) => Received::Bytes(bytes),
                Taken::Empty => Received::Empty,
                Taken::End => Received::End,
            },
            Description::File(file) => match file.read(most) {
                Ok(bytes) if bytes.is_empty() => Received::End,
                Ok(bytes) => Received::Bytes(bytes.into()),
                Err(error) => Received::Failed(error),
            },
            Description::Input(input) => {
                let bytes = input.take(most);
                if bytes.is_empty() {
                    Received::End
                } else {
                    Received::Bytes(bytes)
                }
            }
        }
    }

    /// Waits until [`Descriptor::try_read`] would not find [`Received::Empty`], unless another reader is quicker.
    pub async fn ready_to_read(&self) {
        match &*self.0 {
            Description::Reader(reader) => reader.ready().await,
            Description::Terminal(tty) => tty.until_readable().await,
            _ => {}
        }
    }

    /// Reads up to `most` bytes, waiting for the first. None at the end.
    ///
    /// # Errors
    /// When the file layer fails, or this is not open for reading.
    pub async fn read(&self, most: usize) -> Result<Option<Bytes>, Errno> {
        if !self.readable() {
            return Err(Errno::BadDescriptor);
        }
        loop {
            match self.try_read(most) {
                Received::Bytes(bytes) => return Ok(Some(bytes)),
                Received::End => return Ok(None),
                Received::Failed(error) => return Err(error.into()),
                Received::Empty => self.ready_to_read().await,
            }
        }
    }

    /// Bytes that may be written now; 0 means wait.
    pub(crate) fn permit(&self) -> Result<usize, Unsent> {
        match &*self.0 {
            Description::Null => Ok(PIPE_CAPACITY),
            Description::Writer(writer) => Ok(writer.permit()?),
            Description::File(_) => Ok(FILE_PERMIT),
            Description::Output(output) => Ok(output.permit()),
            Description::Sink(_) => Ok(PIPE_CAPACITY),
            Description::Terminal(tty) => tty.permit().ok_or(Unsent::Closed),
            Description::Reader(_) | Description::Input(_) => Err(Unsent::Closed),
        }
    }

    /// Writes all of `bytes`, or nothing, without waiting.
    pub(crate) fn put(&self, bytes: Bytes) -> Result<(), Unsent> {
        match &*self.0 {
            Description::Null => Ok(()),
            Description::Writer(writer) => Ok(writer.put(bytes)?),
            Description::File(file) => file.write(&bytes).map_err(Unsent::Failed),
            Description::Output(output) => {
                output.put(&bytes);
                Ok(())
            }
            Description::Sink(sink) => {
                sink.put(&bytes);
                Ok(())
            }
            Description::Terminal(tty) => {
                if tty.write(&bytes) {
                    Ok(())
                } else {
                    Err(Unsent::Closed)
                }
            }
            Description::Reader(_) | Description::Input(_) => Err(Unsent::Closed),
        }
    }

    pub(crate) async fn ready_to_write(&self) {
        match &*self.0 {
            Description::Writer(writer) => writer.ready().await,
            // Over its limit; whoever collects ends the writer, or closes it.
            Description::Output(output) => output.ready().await,
            Description::Terminal(tty) => tty.until_writable().await,
            _ => {}
        }
    }

    /// Writes all of `bytes`, waiting for room.
    ///
    /// # Errors
    /// [`Errno::BadDescriptor`] if nobody reads any more or this is not open for writing; else the file layer's.
    pub async fn write_all(&self, mut bytes: &[u8]) -> Result<(), Errno> {
        while !bytes.is_empty() {
            let sent = match self.permit() {
                Ok(0) => {
                    self.ready_to_write().await;
                    continue;
                }
                Ok(permit) => {
                    let (now, later) = bytes.split_at(permit.min(bytes.len()));
                    self.put(Bytes::copy_from_slice(now)).map(|()| later)
                }
                Err(error) => Err(error),
            };
            bytes = sent.map_err(|error| match error {
                Unsent::Closed => Errno::BadDescriptor,
                Unsent::Full => Errno::Limit,
                Unsent::Failed(error) => error.into(),
            })?;
        }
        Ok(())
    }
}
