//! A runner: drives the runner component, keeps cells alive, dials the plane.
