//! The library: videos in folders that the operator has named, to be watched by whoever may.
//!
//! A thread looks into the folders and keeps a catalog of what is there. What can be played as it lies is cut out of
//! its file when it is asked for; nothing is copied. Who may watch is said by signed permissions in the addresses.

mod limits;
mod folder;
mod settle;
mod reading;
mod subtitle;
mod presentation;
mod playlists;
mod title;
mod made;
mod catalog;
mod indexes;
mod first;
mod work;
mod show;
mod slots;
mod stock;
mod shelf;
mod kept;
mod second;
mod workshop;
mod keeper;
mod demand;
mod maker;
mod face;

pub(crate) use catalog::{Sort, Wanted};
pub(crate) use face::{Library, Link};
pub(crate) use kept::Keepsake;
pub(crate) use playlists::{
    StagedTitle, manifest, manifest_of, multivariant_of, pictures, segments, tag, words,
};
pub(crate) use presentation::{Form, Presentation, Rendition};
pub(crate) use show::NOW;
pub(crate) use subtitle::Subtitle;
pub(crate) use title::Title;
pub(crate) use workshop::Workshop;
