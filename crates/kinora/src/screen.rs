//! Talk on the whole terminal: people, one conversation, a line to write on, and how things stand.
//!
//! `room` is one conversation, `state` all of them with what keys and events change, `view` how that looks, `run` the
//! terminal itself. Only `run` knows a clock, threads and the terminal, so the rest is tested as data.

mod room;
mod state;
mod view;
mod run;

pub(crate) use run::run;

#[cfg(test)]
mod tests;
