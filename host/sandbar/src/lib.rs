//! Sandbar: the host as a library to embed, and the sandbar command.
