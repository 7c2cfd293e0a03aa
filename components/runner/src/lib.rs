//! Pure logic of the runner component.
