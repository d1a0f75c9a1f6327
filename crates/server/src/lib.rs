//! Two doors, one set of services: what a client may ask for, kept apart from how it asks.
//!
//! This crate does not depend on `chat`: it moves what it cannot read.

pub mod access;
pub mod tls;
pub mod config;
mod fault;
mod asker;
mod counters;
mod quota;
mod uploads;
mod results;
mod tasks;
mod library;
mod listen;
mod talk;
mod services;
mod mmp;
mod http;
mod assemble;
pub mod outside;

pub use assemble::Server;
pub use config::Config;
pub use http::api_description;
