//! The binding (skeleton).
