//! The shell: sh and bash for sandboxes.
