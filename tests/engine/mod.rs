//! The room `engine`, on a stand with virtual time: what it promises when all goes well, when
//! stages fail, when people interfere, and when it is cut off at any event.

mod adopt;
mod approve;
mod bench;
mod bounds;
mod confirm;
mod crash;
mod cut;
mod doubt;
mod early;
mod edited;
mod failure;
mod journals;
mod lease;
mod machine;
mod order;
mod retry;
mod roll_back;
mod secret;
mod stall;
mod stand;
mod stop;
mod verify;
