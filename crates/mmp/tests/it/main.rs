//! The crate's tests, over its public face only.

mod aliases;
mod answers;
mod frames;
mod golden;
mod names;
mod pace;
mod properties;
mod requests;
mod seeds;
mod splits;
