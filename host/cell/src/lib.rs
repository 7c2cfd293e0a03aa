//! The cell: the child process in which hostile code lives, and the toolbox it serves.
