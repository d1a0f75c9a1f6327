//! The commands, one file each.

pub(crate) mod context;
pub(crate) mod batch;
pub(crate) mod shown;
pub(crate) mod delivery;
pub(crate) mod local;
pub(crate) mod operation;
pub(crate) mod jobs;
pub(crate) mod keep;
pub(crate) mod status;
pub(crate) mod fetch;
pub(crate) mod cancel;
pub(crate) mod formats;
mod given;
mod playing;
pub(crate) mod library;
pub(crate) mod talk;
pub(crate) mod link;
pub(crate) mod devices;
pub(crate) mod backup;
pub(crate) mod chat;
pub(crate) mod sandbox;
pub(crate) mod serve;
pub(crate) mod stop;
pub(crate) mod token;
pub(crate) mod trust;
pub(crate) mod doctor;
pub(crate) mod config;
pub(crate) mod generate;
pub(crate) mod dispatch;

pub(crate) use dispatch::run;
