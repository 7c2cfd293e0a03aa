//! The shim itself: a VFS of SQLite that passes calls on to the system's and tells a [`Disk`].

use std::{
    ffi::{CStr, CString, OsStr, c_char, c_int, c_void},
    mem::size_of,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    ptr, slice,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};

use super::disk::{Call, Disk};

/// A registered shim. Dropping it unregisters it; every connection through it must be closed before.
#[derive(Debug)]
pub struct FaultVfs {
    name: String,
    disk: Arc<Disk>,
    registered: *mut Registered,
}

// SAFETY: `registered` is only used to unregister and free, by the one owner; SQLite guards its own list.
unsafe impl Send for FaultVfs {}
// SAFETY: through a shared reference only the name and the disk (which has a lock) are reached.
unsafe impl Sync for FaultVfs {}

#[repr(C)]
struct Registered {
    vfs: sqlite3_vfs,
    _name: CString,
    disk: Arc<Disk>,
    real: *mut sqlite3_vfs,
}

/// An open file. The system's own structure lies right behind it, in the memory that SQLite allocates for both.
#[repr(C)]
struct Shim {
    base: sqlite3_file,
    /// A `Tracked` in a box; null for files that are only passed on.
    tracked: *mut Tracked,
}

struct Tracked {
    disk: Arc<Disk>,
    path: PathBuf,
}

/// The files that recovery looks at; the rollback journal is used once, to switch a new database to the log.
const TRACKED: c_int = ffi::SQLITE_OPEN_MAIN_DB | ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL;

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // 2: shared memory, but no memory-mapped pages, which would bypass the shim.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

impl FaultVfs {
    /// Registers a shim with a name of its own.
    ///
    /// # Panics
    /// If SQLite has no VFS of the system or refuses another; both are bugs of the build.
    pub fn register() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("fault-{}", NUMBER.fetch_add(1, Relaxed));
        let c_name = CString::new(name.clone()).expect("no zero byte in the name");
        let disk = Arc::new(Disk::default());
        // SAFETY: null asks for the default VFS, which lives as long as the program.
        let real = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
        assert!(!real.is_null(), "SQLite has a VFS of the system");
        // SAFETY: not null, initialised, and never changed after registration.
        let mut vfs = unsafe { ptr::read(real) };
        vfs.iVersion = 1;
        vfs.szOsFile += c_int::try_from(size_of::<Shim>()).expect("small");
        vfs.pNext = ptr::null_mut();
        vfs.zName = c_name.as_ptr();
        vfs.xOpen = Some(open);
        vfs.xDelete = Some(delete);
        let registered = Registered {
            vfs,
            _name: c_name,
            disk: Arc::clone(&disk),
            real,
        };
        let registered = Box::into_raw(Box::new(registered));
        // SAFETY: freshly allocated; it stays until it is unregistered in `drop`. The remaining functions are the
        // system's, which find their state in `pAppData`, copied from there.
        let code = unsafe { ffi::sqlite3_vfs_register(&raw mut (*registered).vfs, 0) };
        assert_eq!(code, ffi::SQLITE_OK, "SQLite takes another VFS");
        Self { name, disk, registered }
    }

    /// The name by which connections choose it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its disk.
    pub fn disk(&self) -> &Arc<Disk> {
        &self.disk
    }
}

impl Drop for FaultVfs {
    fn drop(&mut self) {
        // SAFETY: registered by us, unregistered once; no connection uses it any more, says the type's contract.
        unsafe {
            ffi::sqlite3_vfs_unregister(&raw mut (*self.registered).vfs);
            drop(Box::from_raw(self.registered));
        }
    }
}

/// The system's structure behind ours.
///
/// # Safety
/// `file` was opened by [`open`].
unsafe fn real(file: *mut sqlite3_file) -> (*mut sqlite3_file, &'static sqlite3_io_methods) {
    // SAFETY: `szOsFile` has room for both; `Shim` is a multiple of eight bytes, which is enough for the system's.
    let real = unsafe { file.cast::<Shim>().add(1).cast::<sqlite3_file>() };
    // SAFETY: the system's VFS has opened it, and its method tables are static.
    let methods = unsafe { &*(*real).pMethods };
    (real, methods)
}

/// What is tracked of a file, if it is.
///
/// # Safety
/// `file` was opened by [`open`] and not closed since.
unsafe fn tracked<'a>(file: *mut sqlite3_file) -> Option<&'a Tracked> {
    // SAFETY: `open` has set the pointer to null or to a box that `close` frees.
    unsafe { (*file.cast::<Shim>()).tracked.as_ref() }
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls with the VFS that was registered, which is the first field of `Registered`, and with
    // `szOsFile` bytes for the file.
    unsafe {
        let registered = &*vfs.cast::<Registered>();
        let shim = file.cast::<Shim>();
        (*shim).base.pMethods = ptr::null();
        (*shim).tracked = ptr::null_mut();
        let inner = shim.add(1).cast::<sqlite3_file>();
        let Some(xopen) = (*registered.real).xOpen else {
            return ffi::SQLITE_CANTOPEN;
        };
        let code = xopen(registered.real, name, inner, flags, out_flags);
        if !(*inner).pMethods.is_null() {
            (*shim).base.pMethods = &raw const METHODS;
        }
        if code == ffi::SQLITE_OK && flags & TRACKED != 0 {
            let path = path(name);
            registered.disk.opened(&path);
            let tracked = Tracked {
                disk: Arc::clone(&registered.disk),
                path,
            };
            (*shim).tracked = Box::into_raw(Box::new(tracked));
        }
        code
    }
}

/// # Safety
/// `name` is a zero-terminated string.
unsafe fn path(name: *const c_char) -> PathBuf {
    // SAFETY: as above.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes();
    Path::new(OsStr::from_bytes(bytes)).to_owned()
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: as in `open`.
    unsafe {
        let registered = &*vfs.cast::<Registered>();
        if !registered.disk.delete(&path(name)) {
            return ffi::SQLITE_IOERR_DELETE;
        }
        let Some(xdelete) = (*registered.real).xDelete else {
            return ffi::SQLITE_IOERR_DELETE;
        };
        xdelete(registered.real, name, sync_directory)
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: opened by `open`, closed once.
    unsafe {
        let shim = file.cast::<Shim>();
        if !(*shim).tracked.is_null() {
            drop(Box::from_raw((*shim).tracked));
            (*shim).tracked = ptr::null_mut();
        }
        let (real, methods) = real(file);
        methods.xClose.map_or(ffi::SQLITE_OK, |xclose| xclose(real))
    }
}

unsafe extern "C" fn read(file: *mut sqlite3_file, to: *mut c_void, amount: c_int, offset: i64) -> c_int {
    // SAFETY: an open file; the buffer is passed on as it came.
    unsafe {
        if let Some(Err(code)) = tracked(file).map(|it| it.disk.call(Call::Read)) {
            return code;
        }
        let (real, methods) = real(file);
        methods
            .xRead
            .map_or(ffi::SQLITE_IOERR, |xread| xread(real, to, amount, offset))
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, amount: c_int, offset: i64) -> c_int {
    // SAFETY: an open file, and `amount` readable bytes.
    unsafe {
        if let Some(it) = tracked(file) {
            let failed = it.disk.call(Call::Write);
            if failed != Err(ffi::SQLITE_FULL) {
                let length = usize::try_from(amount).unwrap_or(0);
                let data = slice::from_raw_parts(from.cast::<u8>(), length);
                it.disk.wrote(&it.path, usize::try_from(offset).unwrap_or(0), data);
            }
            if let Err(code) = failed {
                return code;
            }
        }
        let (real, methods) = real(file);
        methods
            .xWrite
            .map_or(ffi::SQLITE_IOERR, |xwrite| xwrite(real, from, amount, offset))
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: i64) -> c_int {
    // SAFETY: an open file.
    unsafe {
        if let Some(it) = tracked(file) {
            if let Err(code) = it.disk.call(Call::Truncate) {
                return code;
            }
            it.disk.truncated(&it.path, usize::try_from(size).unwrap_or(0));
        }
        let (real, methods) = real(file);
        methods
            .xTruncate
            .map_or(ffi::SQLITE_IOERR, |xtruncate| xtruncate(real, size))
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: an open file.
    unsafe {
        if let Some(it) = tracked(file) {
            if let Err(code) = it.disk.call(Call::Sync) {
                return code;
            }
            // The model alone decides what is durable; the machine's own disk is left in peace.
            it.disk.synced(&it.path);
            return ffi::SQLITE_OK;
        }
        let (real, methods) = real(file);
        methods.xSync.map_or(ffi::SQLITE_IOERR, |xsync| xsync(real, flags))
    }
}

/// Functions that only pass on.
macro_rules! pass {
    ($(fn $name:ident => $method:ident($($argument:ident: $type:ty),*), else $missing:expr;)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $type)*) -> c_int {
            // SAFETY: an open file; the arguments are passed on as they came.
            unsafe {
                let (real, methods) = real(file);
                methods.$method.map_or($missing, |method| method(real $(, $argument)*))
            }
        }
    )*};
}

pass! {
    fn file_size => xFileSize(size: *mut i64), else ffi::SQLITE_IOERR;
    fn lock => xLock(level: c_int), else ffi::SQLITE_IOERR;
    fn unlock => xUnlock(level: c_int), else ffi::SQLITE_IOERR;
    fn check_reserved_lock => xCheckReservedLock(result: *mut c_int), else ffi::SQLITE_IOERR;
    fn file_control => xFileControl(operation: c_int, argument: *mut c_void), else ffi::SQLITE_NOTFOUND;
    fn sector_size => xSectorSize(), else 0;
    fn device_characteristics => xDeviceCharacteristics(), else 0;
    fn shm_map => xShmMap(page: c_int, size: c_int, extend: c_int, to: *mut *mut c_void), else ffi::SQLITE_IOERR;
    fn shm_lock => xShmLock(offset: c_int, count: c_int, flags: c_int), else ffi::SQLITE_IOERR;
    fn shm_unmap => xShmUnmap(delete: c_int), else ffi::SQLITE_OK;
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: an open file.
    unsafe {
        let (real, methods) = real(file);
        if let Some(method) = methods.xShmBarrier {
            method(real);
        }
    }
}
