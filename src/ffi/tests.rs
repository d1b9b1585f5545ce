//! What C cannot provoke: panics inside.
