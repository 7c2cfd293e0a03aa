use std::time::Duration;

use super::*;

const INTERFACE: &str = "test:sum/sums@0.1.0";

/// A component whose one function `add` has the given body, on locals 0 and 1.
fn component(engine: &ControlEngine, body: &str) -> Component {
    let text = format!(
        r#"(component
            (core module $m
                (global $calls (mut i32) (i32.const 0))
                (func (export "add") (param i32 i32) (result i32) {body}))
            (core instance $i (instantiate $m))
            (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
            (instance $sums (export "add" (func $add)))
            (export "{INTERFACE}" (instance $sums)))"#
    );
    Component::new(engine.wasmtime(), text).expect("the test's component compiles")
}

const ADD: &str = "(i32.add (local.get 0) (local.get 1))";
const TRAP: &str = "unreachable";
const LOOP: &str = "(loop (br 0)) unreachable";
/// Answers how often this very instance was called.
const COUNT: &str = "(global.set $calls (i32.add (global.get $calls) (i32.const 1))) (global.get $calls)";

fn provider(engine: &ControlEngine, body: &str) -> Arc<Provider> {
    let component = component(engine, body);
    Provider::with_time(engine, body, INTERFACE, &component, Duration::from_millis(60))
        .expect("it exports the interface")
}

async fn add(bridge: &Arc<Bridge>) -> Result<u32, CallError> {
    match bridge.call("add", vec![Val::U32(2), Val::U32(3)]).await?.first() {
        Some(Val::U32(sum)) => Ok(*sum),
        other => panic!("not a number: {other:?}"),
    }
}

fn engine() -> ControlEngine {
    ControlEngine::new().expect("an engine")
}

#[tokio::test]
async fn answers_and_reuses_the_instance() {
    let engine = engine();
    let metrics = Metrics::default();
    let bridge = Bridge::new(INTERFACE, vec![provider(&engine, ADD)], &metrics);
    assert_eq!(add(&bridge).await.expect("an answer"), 5);
    let counting = Bridge::new(INTERFACE, vec![provider(&engine, COUNT)], &metrics);
    for call in 1..=3 {
        assert_eq!(add(&counting).await.expect("an answer"), call);
    }
}

#[tokio::test]
async fn a_trap_discards_the_instance_and_the_default_answers() {
    let engine = engine();
    let metrics = Metrics::default();
    let broken = provider(&engine, TRAP);
    let alone = Bridge::new(INTERFACE, vec![Arc::clone(&broken)], &metrics);
    assert!(matches!(add(&alone).await, Err(CallError::Trap(_))));
    assert_eq!(broken.idle(), 0);
    let backed = Bridge::new(INTERFACE, vec![broken, provider(&engine, ADD)], &metrics);
    assert_eq!(add(&backed).await.expect("the default answers"), 5);
    assert!(metrics.render().contains(&format!(
        "sandbar_dependency_fallbacks_total{{interface=\"{INTERFACE}\"}} 1\n"
    )));
}

#[tokio::test]
async fn an_endless_loop_is_stopped_and_the_default_answers() {
    let engine = engine();
    let slow = provider(&engine, LOOP);
    let bridge = Bridge::new(
        INTERFACE,
        vec![Arc::clone(&slow), provider(&engine, ADD)],
        &Metrics::default(),
    );
    let start = std::time::Instant::now();
    assert_eq!(add(&bridge).await.expect("the default answers"), 5);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(slow.idle(), 0);
    let alone = Bridge::new(INTERFACE, vec![slow], &Metrics::default());
    assert!(matches!(add(&alone).await, Err(CallError::Late(_))));
}

#[tokio::test]
async fn many_calls_at_once_each_have_an_instance() {
    let engine = engine();
    let adding = provider(&engine, ADD);
    let bridge = Bridge::new(INTERFACE, vec![Arc::clone(&adding)], &Metrics::default());
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let bridge = Arc::clone(&bridge);
            tokio::spawn(async move { add(&bridge).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("no panic").expect("an answer"), 5);
    }
    assert!((1..=crate::limits::DEPENDENCY_POOL).contains(&adding.idle()));
}

#[test]
fn a_component_without_the_interface_is_refused() {
    let engine = engine();
    let component = component(&engine, ADD);
    let error = Provider::new(&engine, "sum", "test:other/sums@0.1.0", &component)
        .err()
        .expect("refused");
    assert!(error.contains("test:other/sums@0.1.0"), "{error}");
}
