//! The tests that need more than one room, or the world outside.

mod directory;
