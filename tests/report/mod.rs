//! The room `report`: what people read.

mod book;
mod desk;
mod ending;
mod known;
