//! The HTTP API as a Wasm component.
