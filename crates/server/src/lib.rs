//! The data plane (skeleton).
