//! See the crate's description; filled in as the parts land.
