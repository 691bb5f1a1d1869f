//! The room `store`: what every store promises, and what the one in a file promises besides.

mod bench;
mod file;
mod locks;
mod promises;
