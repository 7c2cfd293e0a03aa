//! What the program imports beside WASI's own command.

#![allow(missing_docs, clippy::all, clippy::undocumented_unsafe_blocks)]

wit_bindgen::generate!({
    inline: "
        package sandbar:node-world;
        world node {
            import wasi:io/poll@0.2.12;
            import wasi:io/streams@0.2.12;
            import wasi:clocks/monotonic-clock@0.2.12;
            import wasi:sockets/network@0.2.12;
            import wasi:sockets/instance-network@0.2.12;
            import wasi:sockets/ip-name-lookup@0.2.12;
            import wasi:sockets/tcp@0.2.12;
            import wasi:sockets/tcp-create-socket@0.2.12;
            import sandbar:process/processes@0.1.0;
            import sandbar:tls/client@0.1.0;
        }
    ",
    path: [
        "../../wit/deps/io",
        "../../wit/deps/clocks",
        "../../wit/deps/sockets",
        "../../wit/process",
        "../../wit/tls",
    ],
    world: "sandbar:node-world/node",
    generate_all,
});
