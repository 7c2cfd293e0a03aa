//! The limits of the file layer, each a named constant with its reason.

/// Longest name of one entry, bytes: what Linux file systems hold.
pub const MAX_NAME: usize = 255;
/// Longest path or link target, bytes: PATH_MAX of Linux, which programs are built for.
pub const MAX_PATH: usize = 4096;
/// Deepest directory. Every walk over a tree (scan, removal, copy-up) keeps a stack this deep.
pub const MAX_DEPTH: usize = 256;
/// Links followed in one resolution, as Linux has it; the next one is a loop.
pub const MAX_SYMLINKS: usize = 40;
/// Components walked in one resolution, those of followed links included: bounds the work and the
/// directory handles that one hostile path can cost.
pub const MAX_COMPONENTS: usize = 2048;
/// Directories whose handles one tree keeps open to save resolution. Each costs one descriptor for
/// every layer it exists in; see [`Tree::trim`](crate::Tree::trim) for idle sandboxes.
pub const MAX_CACHED_DIRECTORIES: usize = 256;
/// Entries of directory listings that a sandbox's programs hold unread at the same time: bounds the
/// host's memory (some hundred bytes each) against a guest that opens large directories again and again.
pub const MAX_LISTED: u64 = 1 << 20;
/// Frozen layers that one sandbox can stand on: each costs a look in it for every name that is not found above it.
pub const MAX_STACK: usize = 32;
/// Volumes mounted in one sandbox: each is looked at where a path may enter it.
pub const MAX_MOUNTS: usize = 32;
/// Largest file, bytes (1 TiB): far below what any host disk refuses, so that sizes never overflow.
pub const MAX_FILE: u64 = 1 << 40;
/// Unit in which bytes are charged: the usual block of a disk. A file is charged its size rounded up
/// to this, a directory or link one block, so that a million tiny files cannot take more room than
/// the quota says.
pub const BLOCK: u64 = 4096;

/// What one sandbox may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of its own layer, in [`BLOCK`]s as charged.
    pub bytes: u64,
    /// Files, directories and links of its own layer.
    pub inodes: u64,
    /// Files and directories open at the same time.
    pub handles: u64,
}

impl Default for Limits {
    /// 10 GiB, half a million inodes, 4096 handles.
    fn default() -> Self {
        Self {
            bytes: 10 << 30,
            inodes: 500_000,
            handles: 4096,
        }
    }
}

/// What one sandbox takes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Bytes of its own layer, in [`BLOCK`]s as charged. Unlinked but open files still count.
    pub bytes: u64,
    /// Files, directories and links of its own layer, its root not counted.
    pub inodes: u64,
    /// Files and directories open now.
    pub handles: u64,
}
