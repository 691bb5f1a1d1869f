//! The room `run`, asked with arbitrary plans and arbitrary events.

mod events;
mod fold;
mod queue;
mod view;
