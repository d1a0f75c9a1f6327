//! The HTTP door, through a real socket.

pub(crate) mod client;
mod sessions;
mod jobs;
mod downloads;
mod uploads;
mod interrupted;
mod events;
mod description;
mod rude;
pub(crate) mod library;
mod renditions;
mod kinds;
mod schema;
mod slots;
mod subtitles;
mod kept;
