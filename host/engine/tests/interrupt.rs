//! Endless code ends or yields.
#![allow(missing_docs)]

use std::time::{Duration, Instant};

use sandbar_engine::{SandboxEngine, interrupt_after, yield_each_tick};
use wasmtime::{Instance, Module, Store, Trap};

const ENDLESS: &str = "(module (func (export \"run\") (loop br 0)))";

#[test]
fn endless_code_is_interrupted() {
    let engine = SandboxEngine::new().expect("engine");
    let module = Module::new(engine.wasmtime(), ENDLESS).expect("module");
    let mut store = Store::new(engine.wasmtime(), ());
    interrupt_after(&mut store, Duration::from_millis(50));
    let instance = Instance::new(&mut store, &module, &[]).expect("instance");
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").expect("run");
    let start = Instant::now();
    let error = run.call(&mut store, ()).expect_err("never ends by itself");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
    assert!(start.elapsed() >= Duration::from_millis(40), "{:?}", start.elapsed());
}

#[test]
fn endless_code_yields() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    runtime.block_on(async {
        let engine = SandboxEngine::new().expect("engine");
        let module = Module::new(engine.wasmtime(), ENDLESS).expect("module");
        let mut store = Store::new(engine.wasmtime(), 0_u32);
        yield_each_tick(&mut store, |ticks| {
            *ticks += 1;
            if *ticks < 5 {
                Ok(())
            } else {
                Err(wasmtime::format_err!("enough"))
            }
        });
        let instance = Instance::new_async(&mut store, &module, &[]).await.expect("instance");
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").expect("run");
        // On one thread: the other side only runs if the guest yields.
        let (ended, turns) = tokio::join!(run.call_async(&mut store, ()), async {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            3
        });
        assert!(ended.expect_err("told to end").to_string().contains("enough") || turns == 3);
        assert_eq!(*store.data(), 5);
    });
}
