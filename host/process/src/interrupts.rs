//! How CPython hears of a signal while it computes.
//!
//! A program asks for its signals, but a loop asks for nothing. CPython looks at a word of its own memory at each turn of
//! a loop and each call: the flags of its thread. So the host sets one of them, as debuggers do that follow PEP 768: the
//! one that schedules a collection. The interpreter calls back into Python when a collection begins, and there the signal
//! is taken. Nothing is paid for this while no signal waits.

use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::StoreContextMut;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentType, Lift, Linker, WasmList};

use crate::control::Control;
use crate::state::State;
use crate::status::Signal;

/// Begins what CPython's runtime says about its own layout.
const COOKIE: &[u8; 8] = b"xdebugpy";
/// In the layout, words of eight bytes: where the runtime has its first interpreter,
const INTERPRETERS_HEAD: usize = 5;
/// and an interpreter its first thread.
const THREADS_HEAD: usize = 9;
/// A thread: two links, its interpreter, its flags; each a word of four bytes.
const INTERPRETER: usize = 8;
const FLAGS: usize = 12;
/// The only version whose flags are known: 3.14.
const VERSION: u64 = 0x030e;
/// "A collection is due."
const COLLECTION_DUE: u32 = 1 << 4;

/// An alarm repeats no faster: each is a wake-up of the guest.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

/// The memory of a guest that asked to be interrupted, and where in it the flags are.
#[derive(Debug)]
pub(crate) struct Watched {
    /// The first byte, as an address of the host's.
    base: usize,
    /// Bytes there were when the guest asked; there are never fewer.
    length: usize,
    flags: Option<usize>,
}

impl Watched {
    /// Sets the flag, so that the guest turns to its signals as soon as it goes on. Nothing happens if the memory is not
    /// CPython's.
    ///
    /// # Safety
    /// The guest's store must be alive, and the guest suspended: nothing else reads or writes its memory meanwhile.
    pub(crate) unsafe fn interrupt(&mut self) {
        let base = ptr::with_exposed_provenance_mut::<u8>(self.base);
        if self.flags.is_none() {
            // SAFETY: the caller's promise; the memory of an instance in the pool neither moves nor shrinks, and the slice
            // is gone before anything is written.
            let memory = unsafe { std::slice::from_raw_parts(base, self.length) };
            self.flags = flags(memory);
        }
        if let Some(offset) = self.flags {
            // SAFETY: as above; `flags` gives a place with four bytes within the memory.
            unsafe {
                let word = base.add(offset).cast::<u32>();
                // Memory of Wasm is little-endian, whatever the machine is.
                word.write_unaligned(word.read_unaligned() | COLLECTION_DUE.to_le());
            }
        }
    }
}

/// Where the flags of CPython's first thread are, with four bytes within `memory`.
fn flags(memory: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = find(memory, from) {
        if let Some(flags) = flags_of(memory, at) {
            return Some(flags);
        }
        from = at + COOKIE.len();
    }
    None
}

fn find(memory: &[u8], from: usize) -> Option<usize> {
    // Aligned, as what it begins has words of eight bytes.
    let (chunks, _) = memory.get(from..)?.as_chunks::<8>();
    chunks
        .iter()
        .position(|chunk| chunk == COOKIE)
        .map(|index| from + index * 8)
}

fn flags_of(memory: &[u8], runtime: usize) -> Option<usize> {
    let long = |index: usize| {
        let bytes = memory.get(runtime + index * 8..)?.first_chunk::<8>()?;
        Some(u64::from_le_bytes(*bytes))
    };
    let word = |address: usize| {
        let bytes = memory.get(address..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*bytes) as usize)
    };
    if long(1)? >> 16 != VERSION {
        return None;
    }
    let interpreter = word(runtime.checked_add(usize::try_from(long(INTERPRETERS_HEAD)?).ok()?)?)?;
    let thread = word(interpreter.checked_add(usize::try_from(long(THREADS_HEAD)?).ok()?)?)?;
    let known = word(thread.checked_add(INTERPRETER)?)? == interpreter;
    let flags = thread.checked_add(FLAGS)?;
    word(flags)?;
    known.then_some(flags)
}

/// Signals by the clock; dropping it ends them.
#[derive(Debug)]
pub(crate) struct Alarm(tokio::task::JoinHandle<()>);

impl Alarm {
    fn set(control: &Arc<Control>, after: u64, every: u64) -> Self {
        let control = Arc::clone(control);
        let every = (every > 0).then(|| Duration::from_nanos(every).max(SHORTEST_INTERVAL));
        Self(tokio::spawn(async move {
            tokio::time::sleep(Duration::from_nanos(after)).await;
            loop {
                control.deliver(Signal::ALRM);
                control.announce();
                let Some(every) = every else { return };
                tokio::time::sleep(every).await;
            }
        }))
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A list that a guest passes, taken for the memory it lies in.
struct Memory(Watched);

// SAFETY: shape and checks are those of a list of bytes.
unsafe impl ComponentType for Memory {
    type Lower = <WasmList<u8> as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <WasmList<u8> as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <WasmList<u8> as ComponentType>::typecheck(ty, types)
    }
}

impl Memory {
    fn of(context: &LiftContext<'_>) -> Self {
        let memory = context.memory();
        Self(Watched {
            base: memory.as_ptr().expose_provenance(),
            length: memory.len(),
            flags: None,
        })
    }
}

// SAFETY: as above.
unsafe impl Lift for Memory {
    fn linear_lift_from_flat(
        context: &mut LiftContext<'_>,
        ty: InterfaceType,
        from: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        WasmList::<u8>::linear_lift_from_flat(context, ty, from)?;
        Ok(Self::of(context))
    }

    fn linear_lift_from_memory(
        context: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Self> {
        WasmList::<u8>::linear_lift_from_memory(context, ty, bytes)?;
        Ok(Self::of(context))
    }
}

/// `sandbar:process/interrupts`, for programs of the userland.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interrupts = linker.instance("sandbar:process/interrupts@0.1.0")?;
    interrupts.func_wrap(
        "watch",
        |mut store: StoreContextMut<'_, State>, (memory,): (Memory,)| {
            store.data_mut().watch(memory.0);
            Ok(())
        },
    )?;
    interrupts.func_wrap(
        "alarm",
        |mut store: StoreContextMut<'_, State>, (after, every): (u64, u64)| {
            let state = store.data_mut();
            state.alarm = (after > 0).then(|| Alarm::set(&state.control, after, every));
            Ok(())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A memory with a runtime at 64 that knows one interpreter at 256 and one thread at 512.
    fn memory(version: u64) -> Vec<u8> {
        let mut memory = vec![0; 1024];
        let mut long = |at: usize, value: u64| memory[at..at + 8].copy_from_slice(&value.to_le_bytes());
        long(64 + 8, version);
        long(64 + INTERPRETERS_HEAD * 8, 100);
        long(64 + THREADS_HEAD * 8, 20);
        long(64 + 100, 256);
        long(256 + 20, 512);
        long(512 + INTERPRETER, 256);
        memory[64..72].copy_from_slice(COOKIE);
        // The same text elsewhere is no runtime.
        memory[8..16].copy_from_slice(COOKIE);
        memory
    }

    #[test]
    fn the_flags_are_found_and_set() {
        let mut memory = memory(0x030e_00f0);
        assert_eq!(flags(&memory), Some(512 + FLAGS));
        memory[512 + FLAGS + 1] = 7;
        let mut watched = Watched {
            base: memory.as_mut_ptr().expose_provenance(),
            length: memory.len(),
            flags: None,
        };
        // SAFETY: nothing else has the memory meanwhile.
        unsafe { watched.interrupt() };
        assert_eq!(memory[512 + FLAGS..512 + FLAGS + 4], [16, 7, 0, 0]);
    }

    #[test]
    fn what_is_not_known_is_left_alone() {
        assert_eq!(flags(&memory(0x030f_00f0)), None);
        assert_eq!(flags(&[]), None);
        for cut in [70, 100, 160, 280, 514, 527] {
            assert_eq!(flags(&memory(0x030e_00f0)[..cut]), None, "{cut}");
        }
        let mut wild = memory(0x030e_00f0);
        for at in [64 + 100, 256 + 20, 64 + INTERPRETERS_HEAD * 8, 64 + THREADS_HEAD * 8] {
            wild[at..at + 4].fill(0xff);
            assert_eq!(flags(&wild), None);
        }
    }
}
