//! Which path each open descriptor came from: WASI cannot ask a descriptor for its permission bits,
//! but the host can be asked by path.

use std::cell::RefCell;

/// Descriptors above this are not remembered; they show default permission bits.
const MOST: usize = 1024;

thread_local! {
    static PATHS: RefCell<Vec<Option<Box<str>>>> = const { RefCell::new(Vec::new()) };
}

/// Remembers that `descriptor` was opened as `path` (absolute).
pub fn remember(descriptor: i32, path: String) {
    let Ok(index) = usize::try_from(descriptor) else { return };
    if index >= MOST {
        return;
    }
    let _ = PATHS.try_with(|paths| {
        let mut paths = paths.borrow_mut();
        if paths.len() <= index {
            paths.resize(index + 1, None);
        }
        paths[index] = Some(path.into_boxed_str());
    });
}

/// Forgets a descriptor that is being closed.
pub fn forget(descriptor: i32) {
    let Ok(index) = usize::try_from(descriptor) else { return };
    let _ = PATHS.try_with(|paths| {
        if let Some(slot) = paths.borrow_mut().get_mut(index) {
            *slot = None;
        }
    });
}

/// The path that a descriptor was opened as, if known.
pub fn path_of(descriptor: i32) -> Option<String> {
    let index = usize::try_from(descriptor).ok()?;
    PATHS
        .try_with(|paths| paths.borrow().get(index).cloned().flatten().map(String::from))
        .ok()
        .flatten()
}
