//! Tags, and those among them that tell where a video was taken: left out when asked, carried along otherwise.
//!
//! MP4 has one place for a location, and FFmpeg writes it from `location` alone: what an Apple phone writes is lost
//! unless it is given under that name. (`-movflags use_metadata_tags` keeps all names, but then titles stand where only
//! Apple's players look, and the file calls itself QuickTime.)

use std::collections::BTreeMap;

use crate::info::MediaInfo;
use crate::limits;
use crate::plan::command::Command;

/// What a name contains, in lower case, when it tells a place.
const PARTS: &[&str] = &[
    "location",
    "iso6709",
    "xyz",
    "gps",
    "latitude",
    "longitude",
    "altitude",
    "geotag",
];

/// Where Apple's phones write the place.
const APPLE: &str = "com.apple.quicktime.location.ISO6709";

/// Appends what becomes of the tags of a file and of its tracks: copied from this input, without places when asked.
/// `tracks` are their indexes in the source, in the order of the result.
pub(crate) fn push(
    command: &mut Command,
    input: usize,
    info: &MediaInfo,
    tracks: &[u32],
    is_removed: bool,
) {
    let none = BTreeMap::new();
    let tags = |index: &u32| {
        let stream = info.streams.iter().find(|stream| stream.index == *index);
        stream.map_or(&none, |stream| &stream.tags)
    };
    let is_hidden = |tags| is_removed && hides_place(tags);
    let whole = (!is_hidden(&info.tags)).then(|| input.to_string());
    command.pair("-map_metadata", whole.as_deref().unwrap_or("-1"));
    // Tags of tracks are copied by themselves from the same input, unless one of them is given: then all have to be.
    if input != 0 || tracks.iter().map(tags).any(is_hidden) {
        for (place, index) in tracks.iter().enumerate() {
            let from = (!is_hidden(tags(index))).then(|| format!("{input}:s:{index}"));
            let option = format!("-map_metadata:s:{place}");
            command.pair(option, from.as_deref().unwrap_or("-1"));
        }
    }
    if is_removed {
        remove(command, "-metadata", &info.tags);
        for (place, index) in tracks.iter().enumerate() {
            remove(command, &format!("-metadata:s:{place}"), tags(index));
        }
    } else if let Some(place) = apple(&info.tags) {
        command.pair("-metadata", format!("location={place}"));
    }
}

/// An empty value removes a tag.
fn remove(command: &mut Command, option: &str, tags: &BTreeMap<String, String>) {
    if !hides_place(tags) {
        for name in tags.keys().filter(|name| tells_place(name)) {
            command.pair(option, format!("{name}="));
        }
    }
}

/// A name that cannot stand in an argument takes all the others with it, as does a list that was too long to be read
/// whole: a place must not stay by being odd.
fn hides_place(tags: &BTreeMap<String, String>) -> bool {
    let mut places = tags.keys().filter(|name| tells_place(name));
    tags.len() >= limits::TAGS || places.any(|name| !is_plain(name))
}

fn tells_place(name: &str) -> bool {
    let name = name.to_lowercase();
    PARTS.iter().any(|part| name.contains(part))
}

fn is_plain(name: &str) -> bool {
    name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
}

/// The place as ISO 6709 writes it, `+48.8577+002.2950+035/`, where no other tag says it.
fn apple(tags: &BTreeMap<String, String>) -> Option<&str> {
    let has_own = tags
        .keys()
        .any(|name| name.eq_ignore_ascii_case("location"));
    let place = tags.get(APPLE).filter(|_| !has_own)?;
    let is_place = |byte: u8| byte.is_ascii_digit() || b"+-./".contains(&byte);
    (place.len() <= 40 && place.bytes().all(is_place)).then_some(place)
}
