//! One test binary: one link step for all rooms.

mod plan;
