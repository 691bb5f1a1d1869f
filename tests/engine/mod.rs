//! The room `engine`, on a stand with virtual time: what it promises when all goes well, when
//! stages fail, when people interfere, and when it is cut off at any event.

mod adopt;
mod approve;
mod bench;
mod crash;
mod cut;
mod doubt;
mod early;
mod failure;
mod lease;
mod machine;
mod order;
mod retry;
mod secret;
mod stand;
mod stop;
