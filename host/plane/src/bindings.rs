//! Generated bindings of the interfaces that this host provides natively.

#![allow(missing_docs, reason = "generated; wit/ documents the interfaces")]

wasmtime::component::bindgen!({
    inline: "
        package sandbar:plane@0.1.0;
        world provided {
            import sandbar:store/store@0.1.0;
            import sandbar:signals/signals@0.1.0;
            import sandbar:metrics/metrics@0.1.0;
            import spin:variables/variables@3.0.0;
        }
    ",
    path: ["../../wit/store", "../../wit/signals", "../../wit/metrics", "wit/spin-variables"],
    world: "sandbar:plane/provided",
});

sandbar_store::convert_bindings!(crate::bindings::sandbar::store::store);
