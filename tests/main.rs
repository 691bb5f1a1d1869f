//! Tests of the program as a whole, one module a room.

mod host;
