//! The HTTP door: the only place in the server that knows HTTP.
//!
//! Requests come over our own accept loop, are checked for who may send them (`guard`, `session`), and are answered by
//! handlers that know the services and nothing below them. Bodies flow through in pieces, both ways.

mod limits;
mod problem;
mod session;
mod guard;
mod cors;
mod names;
mod multipart;
mod mapped;
mod source;
mod send;
mod streams;
mod digest;
mod segment;
mod entity;
mod requests;
mod door;
mod encrypted;
mod forwarded;
mod permit;
mod payload;
mod order;
mod shape;
mod submit;
mod jobs;
mod events;
mod operations;
mod library;
mod watch;
mod talk;
mod parcels;
mod health;
mod metrics;
mod status;
mod links;
mod page;
mod description;
mod tus;
mod routes;
pub(crate) mod outside;
mod connection;

pub(crate) use connection::Door;
pub use routes::api_description;
