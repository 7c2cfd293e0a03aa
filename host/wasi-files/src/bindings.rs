//! Generated from `wit/deps/filesystem` and `wit/files`.
#![allow(missing_docs, reason = "generated; documented in WIT")]

wasmtime::component::bindgen!({
    path: ["../../wit/deps/io", "../../wit/deps/clocks", "../../wit/deps/filesystem", "../../wit/files"],
    inline: "
        package sandbar:wasi-files;
        world host {
            import wasi:filesystem/types@0.2.12;
            import wasi:filesystem/preopens@0.2.12;
            import sandbar:files/modes@0.1.0;
            import sandbar:files/failures@0.1.0;
        }
    ",
    world: "sandbar:wasi-files/host",
    imports: { default: trappable },
    trappable_error_type: { "wasi:filesystem/types.error-code" => crate::error::FileError },
    with: {
        "wasi:io/poll": wasmtime_wasi_io::bindings::wasi::io::poll,
        "wasi:io/streams": wasmtime_wasi_io::bindings::wasi::io::streams,
        "wasi:io/error": wasmtime_wasi_io::bindings::wasi::io::error,
        "wasi:clocks/wall-clock": wasmtime_wasi::p2::bindings::clocks::wall_clock,
        "wasi:filesystem/types.descriptor": crate::descriptor::Descriptor,
        "wasi:filesystem/types.directory-entry-stream": sandbar_files::Listing,
    },
    require_store_data_send: true,
});
