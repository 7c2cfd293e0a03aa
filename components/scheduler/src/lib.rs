//! Pure logic of the scheduler component.
