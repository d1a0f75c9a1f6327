//! A real server in this process, spoken to over real sockets.

mod peer;
mod verbs;
mod rude;
mod resume;
mod queue;
