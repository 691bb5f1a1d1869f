//! The room `report`: what people read.

mod known;
