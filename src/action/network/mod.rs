//! Adapters and addresses (the document's rows 31, 38 and 72).

mod by_hand;
mod change;
mod collect;
mod map;

pub(super) use collect::Collect;
pub(super) use map::Map;
