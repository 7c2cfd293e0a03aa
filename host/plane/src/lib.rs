//! The control plane's host: runs the application that spin.toml describes.
