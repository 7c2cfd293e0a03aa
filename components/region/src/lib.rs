//! Pure logic of the region component.
