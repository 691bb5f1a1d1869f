//! The room `report`: what people read.

mod book;
mod closing;
mod desk;
mod ending;
mod known;
