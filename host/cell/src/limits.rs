//! Every limit of the toolbox, with its reason.

use std::time::Duration;

/// Part of the memory available when the cell starts that all its sandboxes may take together, in percent. The rest is for
/// the cell itself (code, stacks, output, transfers), for its runner and for the kernel's cache of the files in use.
pub const MEMORY_PERCENT: u64 = 80;

/// Largest JSON body. Scripts and code travel in it; 4 MiB is far more than anyone writes, and parsing it
/// costs tens of milliseconds at most.
pub const JSON_BODY_BYTES: usize = 4 << 20;

/// Largest upload in one request, all its files together. The sandbox's disk quota is what really holds;
/// this only ends a stream that never would.
pub const UPLOAD_BYTES: u64 = 64 << 30;

/// Most files in one bulk upload: each costs a table entry and a line of the answer.
pub const UPLOAD_FILES: usize = 10_000;

/// Most paths in one bulk download.
pub const DOWNLOAD_PATHS: usize = 10_000;

/// Header lines of one part of a multipart body.
pub const PART_HEADER_BYTES: usize = 8 << 10;

/// What may stand before the first boundary of a multipart body.
pub const PREAMBLE_BYTES: usize = 1 << 10;

/// Longest boundary (RFC 2046 says 70).
pub const BOUNDARY_BYTES: usize = 70;

/// Longest path, as on Linux.
pub const PATH_BYTES: usize = 4096;

/// Piece in which files are read and written: large enough that the hop to a blocking thread does not
/// count, small enough that a hundred transfers at once need little memory.
pub const FILE_CHUNK_BYTES: usize = 256 << 10;

/// Pieces that wait between a file's reader and the connection.
pub const CHUNKS_IN_FLIGHT: usize = 2;

/// Processes that one sandbox may have started through the toolbox at the same time. More are 429: they
/// would only queue for the same share of CPU.
pub const EXECUTIONS: usize = 128;

/// Toolbox calls at the same time for one sandbox, of any kind.
pub const CALLS: usize = 512;

/// Output that a call of `execute` or `code-run` gives back. A command that writes more is killed: a flood would
/// otherwise never end.
pub const OUTPUT_BYTES: usize = 16 << 20;

/// Room for the output of all commands of one sandbox, shared out by how many run: see `output_limit`.
pub const EXECUTIONS_OUTPUT_BYTES: usize = 128 << 20;

/// Least output that a command may give, however many run.
pub const LEAST_OUTPUT_BYTES: usize = 1 << 20;

/// Longest wait for a command: a day. A caller that names no timeout gets this one, so that nothing runs for ever
/// because a connection was forgotten.
pub const LONGEST_EXECUTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Variables that one call may set.
pub const ENVIRONMENT_VARIABLES: usize = 1024;
/// Bytes of what calls have changed of an environment, as it is kept: twice what a program can be started with.
pub const KEPT_ENVIRONMENT_BYTES: u64 = 2 << 20;

/// Entries in one answer of list, find and search. More are an error that says so: a cut list would look
/// complete.
pub const LISTED_ENTRIES: usize = 100_000;

/// How deep list, find and search go.
pub const DEPTH: usize = 256;

/// Largest file that `replace` rewrites and `find` reads: both hold it in memory.
pub const TEXT_FILE_BYTES: u64 = 16 << 20;

/// Sandboxes that one cell knows. A spec is about a KiB.
pub const SANDBOXES: usize = 100_000;

/// Volumes in one sandbox: as the file layer has it.
pub const VOLUMES: usize = sandbar_files::MAX_MOUNTS;

/// A tree without a call or a process for this long is closed; the spec stays.
pub const IDLE_AFTER: Duration = Duration::from_secs(30);

/// How often idle trees are looked for.
pub const IDLE_SWEEP: Duration = Duration::from_secs(10);

/// Threads for calls to the disk. Every one may hang on a slow disk, so there are more than CPUs.
pub const BLOCKING_THREADS: usize = 64;

/// HTTP/2 streams at once on the runner's connection: the sum over all sandboxes of the cell.
pub const STREAMS: u32 = 4096;

/// HTTP/2 flow-control window of one stream: a full one of them holds a transfer at about 10 GB/s over a socket pair.
pub const STREAM_WINDOW: u32 = 1 << 20;

/// HTTP/2 flow-control window of the connection; it bounds what uploads not yet written may hold in memory.
pub const CONNECTION_WINDOW: u32 = 16 << 20;

/// Output that one execution or session command keeps: what a person could read; more is cut at its beginning.
pub const LOG_BYTES: usize = 8 << 20;

/// Least output that one keeps, however many there are.
pub const LEAST_LOG_BYTES: usize = 512 << 10;

/// Output that all executions of a sandbox keep together once they have ended.
pub const EXECUTIONS_LOG_BYTES: usize = 64 << 20;

/// Executions of a sandbox that can be asked for: those that run, and the last that have ended.
pub const EXECUTIONS_KEPT: usize = 1024;

/// How long an execution that has ended can be asked for: time enough for a client to come back after a broken
/// connection.
pub const EXECUTION_KEPT_FOR: Duration = Duration::from_secs(15 * 60);

/// Piece in which output is sent.
pub const LOG_PIECE: usize = 64 << 10;

/// Sessions of a sandbox: each is a living shell.
pub const SESSIONS: usize = 64;

/// Commands that a session remembers; the oldest that have ended are forgotten first.
pub const SESSION_COMMANDS: usize = 256;

/// Commands of a session that wait for their turn.
pub const SESSION_QUEUE: usize = 128;

/// Time that the processes of a deleted session have to end by themselves.
pub const SESSION_GRACE: Duration = Duration::from_secs(5);

/// Longest command of a session: the shell reads it as one line, and keeps it while it runs.
pub const COMMAND_BYTES: usize = 1 << 20;

/// Most input in one call.
pub const INPUT_BYTES: usize = 1 << 20;

/// Longest name that a client may choose.
pub const NAME_BYTES: usize = 128;

/// Terminal sessions of a sandbox: each is a living shell.
pub const PTYS: usize = 64;

/// What a terminal session shows to a client that comes (back): a few screens of text, or thousands of lines.
pub const PTY_SCROLLBACK: usize = 256 << 10;

/// How far a client of a terminal may be behind before the terminal waits for it.
pub const PTY_LAG: usize = 64 << 10;

/// How long a terminal waits for a client that is behind before it is cut.
pub const PTY_PATIENCE: Duration = Duration::from_secs(10);

/// Messages typed by one client that wait for the terminal.
pub const PTY_INPUTS: usize = 256;

/// Largest message on a terminal's WebSocket.
pub const SOCKET_MESSAGE: usize = 1 << 20;

/// How long one message may take to be sent; a client that takes nothing for so long is left.
pub const WRITE_PATIENCE: Duration = Duration::from_secs(30);

/// How long a client may take to say what it wants on a new WebSocket.
pub const REQUEST_PATIENCE: Duration = Duration::from_secs(30);

/// Contexts of the interpreter: each may be a living Python.
pub const CONTEXTS: usize = 64;

/// Pieces of the interpreter's output that wait for the client.
pub const INTERPRETER_EVENTS: usize = 64;

/// Time that code has if its client names none, as clients expect.
pub const INTERPRETER_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Time that interrupted code has to end by itself.
pub const INTERPRETER_GRACE: Duration = Duration::from_secs(2);

/// Language servers of a sandbox: each is a living interpreter.
pub const LSP_SERVERS: usize = 8;

/// Documents that one language server has open; their text is kept, for a server that is started anew.
pub const LSP_DOCUMENTS: usize = 64;

/// Largest document of a language server: ten times the longest source that people write.
pub const LSP_DOCUMENT_BYTES: usize = 1 << 20;

/// Largest message of a language server: all symbols of a large project.
pub const LSP_MESSAGE_BYTES: usize = 8 << 20;

/// Questions that one language server has to answer at once.
pub const LSP_QUESTIONS: usize = 64;

/// How long a language server may take to answer; one that takes longer is ended.
pub const LSP_ANSWER: Duration = Duration::from_secs(30);

/// A language server that nobody has asked for so long is ended; the next question starts it anew.
pub const LSP_IDLE: Duration = Duration::from_secs(10 * 60);
