//! The cell's side: asks the server, one program at a time.

use crate::limits::{MAX_PROGRAM_BYTES, MAX_WAITING};
use crate::wire::{MAX_ANSWER_BYTES, Verdict};
use std::os::unix::net::UnixStream as StdStream;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{Mutex, Semaphore};

/// Why the server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum CompilerError {
    /// The program is larger than [`MAX_PROGRAM_BYTES`].
    #[error("the program has {0} bytes; at most {MAX_PROGRAM_BYTES} are compiled")]
    TooLarge(u64),
    /// [`MAX_WAITING`] programs wait already.
    #[error("too many programs wait to be compiled; try again later")]
    Busy,
    /// The server is gone, or does not speak as it should.
    #[error("the compiler does not answer: {0}")]
    Gone(String),
}

/// The way to the server. Asking is cancel-safe: an answer that nobody waits for any more is not taken for another's.
#[derive(Debug)]
pub struct Compiler {
    waiting: Semaphore,
    /// None once the connection has failed: what is on it then cannot be trusted to be in step.
    stream: Mutex<Option<BufReader<UnixStream>>>,
}

impl Compiler {
    /// Over a connected socket whose other end a [`crate::server`] has. Call it within a runtime.
    ///
    /// # Errors
    /// Of the socket.
    pub fn new(stream: StdStream) -> std::io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            waiting: Semaphore::new(MAX_WAITING),
            stream: Mutex::new(Some(BufReader::new(UnixStream::from_std(stream)?))),
        })
    }

    /// Compiles a program, or finds out that it was compiled or refused before.
    ///
    /// # Errors
    /// [`CompilerError`].
    pub async fn compile(&self, wasm: &[u8]) -> Result<Verdict, CompilerError> {
        let bytes = wasm.len() as u64;
        if bytes > MAX_PROGRAM_BYTES {
            return Err(CompilerError::TooLarge(bytes));
        }
        let _place = self.waiting.try_acquire().map_err(|_| CompilerError::Busy)?;
        let mut connection = self.stream.lock().await;
        // Taken out for the call: if this call is given up in the middle, nobody uses the connection again.
        let mut stream = connection
            .take()
            .ok_or_else(|| CompilerError::Gone("it has ended".to_owned()))?;
        let answer = ask(&mut stream, wasm).await;
        let verdict = answer.map_err(|error| CompilerError::Gone(error.to_string()))?;
        *connection = Some(stream);
        Ok(verdict)
    }
}

async fn ask(stream: &mut BufReader<UnixStream>, wasm: &[u8]) -> std::io::Result<Verdict> {
    stream.write_all(&(wasm.len() as u64).to_le_bytes()).await?;
    stream.write_all(wasm).await?;
    stream.flush().await?;
    let mut line = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_until(b'\n', &mut line).await?;
    serde_json::from_slice(&line).map_err(std::io::Error::other)
}
