//! wasi:filesystem for guests, served by the file layer.
