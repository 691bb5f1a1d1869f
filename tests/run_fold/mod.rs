//! The room `run`, asked with arbitrary plans and arbitrary events.

mod edit;
mod events;
mod fold;
mod queue;
mod told;
mod unwind;
mod view;
