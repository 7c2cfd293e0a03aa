//! The generated side of the contracts in `wit/`. Natively only its types are of use.

// Generated code; its documentation is the WIT.
#[allow(missing_docs, clippy::all, clippy::undocumented_unsafe_blocks)]
mod bindings {
    ::spin_sdk::wit_bindgen::generate!({
        path: [
            "../../wit/region",
            "../../wit/scheduler",
            "../../wit/store",
            "../../wit/signals",
            "../../wit/metrics",
            "wit",
        ],
        world: "sandbar:api/api",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
        additional_derives: [PartialEq],
        generate_all,
    });
}

pub use bindings::sandbar::metrics::metrics;
pub use bindings::sandbar::region::rules as region;
pub use bindings::sandbar::scheduler::placement as scheduler;
pub use bindings::sandbar::signals::signals;
pub use bindings::sandbar::store::store;
