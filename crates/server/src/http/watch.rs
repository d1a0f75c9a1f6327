//! `/watch`: playlists and segments. Who may is said by the address itself, so that every player can come along.
//!
//! An address is `/watch/PERMISSION/TITLE/VERSION/…`. Everything in playlists is relative to it, so the permission
//! reaches every segment without being written anywhere.

use super::door::Shared;
use super::entity::{self, Entity};
use super::library::{TitleBody, body_of};
use super::problem::{ProblemBody, Refusal};
use super::segment::SegmentBody;
use super::source::{Means, Source};
use crate::fault::Fault;
use crate::library::{
    Form, Library, NOW, Presentation, Rendition, StagedTitle, Subtitle, Title, manifest,
    manifest_of, multivariant_of, pictures, segments, words,
};
use crate::services::{Services, blocking};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use hyper::{HeaderMap, Method};
use kinora_stream::fragment::{Piece, Segment};
use kinora_stream::locate::Place;
use serde::Deserialize;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

/// Files that never change under their address. A permission stands in it, so that it is nobody else's.
const FOR_EVER: &str = "private, max-age=31536000, immutable";
/// Playlists that grow with each rendition that is made.
const EACH_TIME: &str = "private, no-cache";

const HLS: &str = "application/vnd.apple.mpegurl";
const VTT: &str = "text/vtt; charset=utf-8";
const DASH: &str = "application/dash+xml";
/// mpv goes by the first line.
const EDL: &str = "text/plain; charset=utf-8";

/// How long somebody waits for what is made for him; players ask again.
const MAKING: Duration = Duration::from_secs(30);

/// Which title, and who may watch it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Address {
    permission: String,
    id: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    part: String,
    #[serde(default)]
    file: String,
}

/// What is sent.
enum Content {
    Text(&'static str, &'static str, String),
    Bytes(Vec<u8>),
    Cut(Segment, File),
    Picture(Segment, File),
}

/// Look at a title with a link to it.
///
/// The same as in the list, for who has nothing but a permission.
#[utoipa::path(
    get,
    path = "/watch/{permission}/{id}/title",
    tag = "watch",
    params(
        ("permission" = String, Path, description = "as `url` of a title has it"),
        ("id" = String, Path, description = "the title"),
    ),
    responses(
        (status = 200, body = TitleBody),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn title(
    State(shared): State<Arc<Shared>>,
    Path(at): Path<Address>,
) -> Result<Json<TitleBody>, Refusal> {
    let body = blocking(&shared.services, move |services| {
        let title = permitted(services, &at)?;
        Ok(body_of(&services.library, &title, &at.permission))
    });
    Ok(Json(body.await?))
}

/// Fetch a playlist of a title.
///
/// `main.m3u8` is for HLS, `main.mpd` for DASH; `staged.m3u8` plays the first third at the lowest height, the second at
/// the middle one and the last at the highest, as does `staged.edl` for mpv. `720.m3u8` and `720.mpd` have one height alone, `best.mpd` the greatest. `storyboard.vtt` has small pictures for a seek bar, `poster.jpg` is one.
#[utoipa::path(
    get,
    path = "/watch/{permission}/{id}/{version}/{file}",
    tag = "watch",
    params(
        ("permission" = String, Path, description = "who may watch"),
        ("id" = String, Path, description = "the title"),
        ("version" = String, Path, description = "another one whenever the file has changed"),
        ("file" = String, Path, description = "`main.m3u8`, `staged.m3u8`, `main.mpd`, `storyboard.vtt`, `poster.jpg`"),
    ),
    responses(
        (status = 200, description = "the playlist", content_type = "application/vnd.apple.mpegurl"),
        (status = 304, description = "it is what the client has"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "not playable yet"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "it is being made, and takes long"),
    )
)]
pub(super) async fn playlist(
    State(shared): State<Arc<Shared>>,
    means: Means,
    method: Method,
    headers: HeaderMap,
    Path(at): Path<Address>,
) -> Result<Response, Refusal> {
    if at.file != "poster.jpg" {
        made(&shared, &at, None).await?;
    }
    let later = Arc::clone(&shared.services.library);
    let found = blocking(&shared.services, move |services| {
        let library = &services.library;
        let title = permitted(services, &at)?;
        if at.file == "poster.jpg" {
            return picture(library, &title, &at.file);
        }
        if at.file == "main.m3u8" {
            let text = library.first(&title)?;
            beforehand(&later, &title);
            return Ok(Content::Text(HLS, EACH_TIME, text));
        }
        let played = library.presentation(&title)?;
        of_title(library, &title, &played, &at.file)
    });
    send(means, found.await?, &method, &headers)
}

/// Fetch a playlist or a segment of a rendition.
///
/// Names are in the playlists. Segments and initialisation sections never change under their addresses, and can be
/// asked for in ranges.
#[utoipa::path(
    get,
    path = "/watch/{permission}/{id}/{version}/{part}/{file}",
    tag = "watch",
    params(
        ("permission" = String, Path, description = "who may watch"),
        ("id" = String, Path, description = "the title"),
        ("version" = String, Path, description = "another one whenever the file has changed"),
        ("part" = String, Path, description = "the rendition"),
        ("file" = String, Path, description = "`media.m3u8`, `pictures.m3u8`, `init.mp4`, `1.m4s`, `0-9000.vtt`, …"),
        ("range" = Option<String>, Header, description = "one range of bytes"),
    ),
    responses(
        (status = 200, description = "the segment", content_type = "video/mp4"),
        (status = 206, description = "the range", content_type = "video/mp4"),
        (status = 304, description = "it is what the client has"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 416, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "it is being made, and takes long"),
    )
)]
pub(super) async fn part(
    State(shared): State<Arc<Shared>>,
    means: Means,
    method: Method,
    headers: HeaderMap,
    Path(at): Path<Address>,
) -> Result<Response, Refusal> {
    if at.part != "sheets" {
        let number = at.part.starts_with(NOW).then(|| numbered(&at.file));
        let slot = number.flatten().map(|(_, number)| number.saturating_sub(1));
        made(&shared, &at, slot).await?;
    }
    if let Some(found) = at_hand(&shared.services, &at) {
        return send(means, found?, &method, &headers);
    }
    let found = blocking(&shared.services, move |services| {
        let library = &services.library;
        let title = permitted(services, &at)?;
        if at.part == "sheets" {
            return picture(library, &title, &at.file);
        }
        if at.part.starts_with(NOW) {
            let rendition = library.slots(&title, &at.part).ok_or_else(nothing)?;
            return of_slots(library, &title, &rendition, &at.file);
        }
        if at.file == "media.m3u8"
            && let Some(text) = library.media(&title, &at.part)?
        {
            return Ok(Content::Text(HLS, FOR_EVER, text));
        }
        let played = library.presentation(&title)?;
        if at.part == "staged" {
            return of_staged(library, &title, &played, &at.file);
        }
        if let Some(subtitle) = played.find_words(&at.part) {
            return of_words(library, &title, &played, subtitle, &at.file);
        }
        let rendition = played.find(&at.part).ok_or_else(nothing)?;
        of_rendition(library, &title, rendition, &at.file)
    });
    send(means, found.await?, &method, &headers)
}

/// A segment, if its index is in memory and its file a moment's walk: most are, and cost no visit to a thread that may wait.
fn at_hand(services: &Services, at: &Address) -> Option<Result<Content, Fault>> {
    let (form, number) = numbered(&at.file)?;
    let title = match permitted(services, at) {
        Ok(title) => title,
        Err(fault) => return Some(Err(fault)),
    };
    let played = services.library.ready(&title)?;
    let rendition = played.find(&at.part)?;
    let file = services.library.at_hand(&title, &rendition.origin)?;
    Some(cut(rendition, form, number).map(|segment| Content::Cut(segment, file)))
}

/// Who asks for playlists will ask for segments: reads what is needed for them meanwhile.
fn beforehand(library: &Arc<Library>, title: &Arc<Title>) {
    if library.ready(title).is_some() {
        return;
    }
    let (library, title) = (Arc::clone(library), Arc::clone(title));
    // What cannot be read is said to who asks for it.
    drop(tokio::task::spawn_blocking(move || {
        drop(library.presentation(&title))
    }));
}

/// Waits until what has to be made for an answer has been made, if that is so: a slot, or any.
async fn made(shared: &Arc<Shared>, at: &Address, slot: Option<u32>) -> Result<(), Refusal> {
    let library = &shared.services.library;
    if !library.is_made_first(&at.id, &at.part) {
        return Ok(());
    }
    let until = tokio::time::Instant::now() + MAKING;
    loop {
        let mut told = std::pin::pin!(library.told());
        // What is told from here on is heard.
        told.as_mut().enable();
        let at = at.clone();
        let is_there = blocking(&shared.services, move |services| {
            let title = permitted(services, &at)?;
            services.library.want(&title, slot)
        });
        if is_there.await? {
            return Ok(());
        }
        if tokio::time::timeout_at(until, told).await.is_err() {
            return Err(Refusal::new(
                "not_made_yet",
                "this place of the title is being made",
                "ask again in a moment",
            ));
        }
    }
}

/// The title, for whoever may watch it.
fn permitted(services: &Services, at: &Address) -> Result<Arc<Title>, Fault> {
    let title = services.permitted(&at.id, &at.permission)?;
    match at.version.is_empty() || at.version == title.version {
        true => Ok(title),
        false => Err(nothing()),
    }
}

fn of_title(
    library: &Library,
    title: &Title,
    played: &Presentation,
    file: &str,
) -> Result<Content, Fault> {
    match file {
        "main.mpd" => Ok(Content::Text(DASH, EACH_TIME, manifest(played))),
        "best.mpd" => {
            let text = manifest_of(played, None).ok_or_else(nothing)?;
            Ok(Content::Text(DASH, EACH_TIME, text))
        }
        "staged.m3u8" => {
            let staged = library.staged(title, played)?;
            Ok(Content::Text(HLS, EACH_TIME, staged.multivariant()))
        }
        "staged.edl" => {
            let staged = library.staged(title, played)?;
            Ok(Content::Text(EDL, EACH_TIME, staged.edl()))
        }
        "storyboard.vtt" => {
            let board = played.storyboard.as_ref().ok_or_else(nothing)?;
            Ok(Content::Text(VTT, EACH_TIME, board.webvtt()))
        }
        "images.m3u8" => {
            let board = played.storyboard.as_ref().ok_or_else(nothing)?;
            Ok(Content::Text(HLS, EACH_TIME, board.playlist()))
        }
        file => {
            let (media_type, height) = height(file).ok_or_else(nothing)?;
            let text = match media_type {
                DASH => manifest_of(played, Some(height)),
                _ => multivariant_of(played, height),
            };
            let text = text.ok_or_else(|| missing(height, played));
            Ok(Content::Text(media_type, EACH_TIME, text?))
        }
    }
}

fn missing(height: u32, played: &Presentation) -> Fault {
    let heights = played.videos.iter().map(|each| each.height.to_string());
    let heights: Vec<String> = heights.collect();
    Fault::new(
        "missing_renditions",
        format!("there is no rendition of {height} lines"),
        &format!("choose one of those that there are: {}", heights.join(", ")),
    )
}

/// A picture that was made.
fn picture(library: &Library, title: &Title, file: &str) -> Result<Content, Fault> {
    let file = library.picture(title, file)?.ok_or_else(nothing)?;
    let length = file.metadata().map(|known| known.len()).unwrap_or(0);
    let place = Place { offset: 0, length };
    let pieces = vec![Piece::Source(place)];
    Ok(Content::Picture(Segment { pieces }, file))
}

fn of_staged(
    library: &Library,
    title: &Title,
    played: &Presentation,
    file: &str,
) -> Result<Content, Fault> {
    let staged: StagedTitle<'_> = library.staged(title, played)?;
    let text = match file {
        "video.m3u8" => Some(staged.video()),
        "sound.m3u8" => staged.sound(),
        file => {
            let name = file.strip_suffix(".m3u8").unwrap_or_default();
            let subtitle = played.find_words(name);
            subtitle.map(|subtitle| staged.words(subtitle))
        }
    };
    Ok(Content::Text(HLS, EACH_TIME, text.ok_or_else(nothing)?))
}

fn of_words(
    library: &Library,
    title: &Title,
    played: &Presentation,
    subtitle: &Subtitle,
    file: &str,
) -> Result<Content, Fault> {
    if file == "media.m3u8" {
        return Ok(Content::Text(HLS, FOR_EVER, words(played)));
    }
    let (from_ms, to_ms) = span(file).ok_or_else(nothing)?;
    let text = library.words(title, subtitle)?.part(from_ms, to_ms);
    Ok(Content::Text(VTT, FOR_EVER, text))
}

fn of_rendition(
    library: &Library,
    title: &Title,
    rendition: &Rendition,
    file: &str,
) -> Result<Content, Fault> {
    match file {
        "media.m3u8" => return Ok(Content::Text(HLS, FOR_EVER, segments(rendition))),
        "pictures.m3u8" if !rendition.pictures.is_empty() => {
            return Ok(Content::Text(HLS, FOR_EVER, pictures(rendition)));
        }
        "init.mp4" => return Ok(Content::Bytes(rendition.initialisation(Form::Plain))),
        "staged.mp4" => return Ok(Content::Bytes(rendition.initialisation(Form::Staged))),
        _ => {}
    }
    let (form, number) = numbered(file).ok_or_else(nothing)?;
    let segment = cut(rendition, form, number)?;
    let file = library.open(title, &rendition.origin)?;
    Ok(Content::Cut(segment, file))
}

/// A segment by its number, counted from 1.
fn cut(rendition: &Rendition, form: Form, number: u32) -> Result<Segment, Fault> {
    let segment = rendition.segment(number, form).ok_or_else(nothing)?;
    segment.map_err(|fault| {
        Fault::new(
            "not_playable",
            fault.to_string(),
            "check that the file plays from beginning to end",
        )
    })
}

/// A playlist or a segment of what is made slot by slot.
fn of_slots(
    library: &Library,
    title: &Title,
    rendition: &Rendition,
    file: &str,
) -> Result<Content, Fault> {
    match numbered(file) {
        Some((Form::Plain, number)) => {
            let (segment, file) = library.slot(title, rendition, number)?;
            Ok(Content::Cut(segment, file))
        }
        Some(_) => Err(nothing()),
        None if file == "staged.mp4" => Err(nothing()),
        None => of_rendition(library, title, rendition, file),
    }
}

/// `720.m3u8`, `720.mpd`: at this height alone; its type, and the height.
fn height(file: &str) -> Option<(&'static str, u32)> {
    let (digits, ending) = file.split_once('.')?;
    let media_type = match ending {
        "m3u8" => HLS,
        "mpd" => DASH,
        _ => return None,
    };
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let height = digits.parse().ok().filter(|_| is_plain)?;
    Some((media_type, height))
}

/// `0-12000.vtt`: subtitles from one time to another, in milliseconds; one spelling for each.
fn span(file: &str) -> Option<(u64, u64)> {
    let (from, to) = file.strip_suffix(".vtt")?.split_once('-')?;
    let number = |digits: &str| {
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_shortest = digits == "0" || !digits.starts_with('0');
        digits.parse().ok().filter(|_| is_plain && is_shortest)
    };
    Some((number(from)?, number(to)?))
}

/// `12.m4s`, `s12.m4s`, `i12.m4s`; one spelling for each number, so that nothing is cached twice.
fn numbered(file: &str) -> Option<(Form, u32)> {
    let stem = file.strip_suffix(".m4s")?;
    let (form, digits) = match stem.as_bytes().first()? {
        b's' => (Form::Staged, &stem[1..]),
        b'i' => (Form::Picture, &stem[1..]),
        _ => (Form::Plain, stem),
    };
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    Some((form, digits.parse().ok().filter(|_| is_plain)?))
}

fn send(
    means: Means,
    content: Content,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let (media_type, keep, size) = match &content {
        Content::Text(media_type, keep, text) => (*media_type, *keep, text.len() as u64),
        Content::Bytes(bytes) => ("video/mp4", FOR_EVER, bytes.len() as u64),
        Content::Cut(segment, _) => ("video/mp4", FOR_EVER, segment.length()),
        Content::Picture(segment, _) => ("image/jpeg", EACH_TIME, segment.length()),
    };
    let tag = tag(&content);
    let entity = Entity {
        tag: &tag,
        size,
        media_type,
        keep,
    };
    entity::answer(&entity, method, headers, |at, length| match content {
        Content::Text(_, _, text) => piece(text.into_bytes(), at, length),
        Content::Bytes(bytes) => piece(bytes, at, length),
        Content::Cut(segment, file) | Content::Picture(segment, file) => Body::new(
            SegmentBody::new(Source::new(file, means), segment, (at, length)),
        ),
    })
}

/// Bytes in memory, or a part of them that is there.
fn piece(bytes: Vec<u8>, at: u64, length: u64) -> Body {
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Body::from(bytes::Bytes::from(bytes).slice(place(at)..place(at + length)))
}

/// Of what is sent; for a segment of what is generated for it, which names the place and size of every sample, in a
/// file whose state stands in the address.
fn tag(content: &Content) -> String {
    let mut hasher = blake3::Hasher::new();
    match content {
        Content::Text(_, _, text) => {
            hasher.update(text.as_bytes());
        }
        Content::Bytes(bytes) => {
            hasher.update(bytes);
        }
        Content::Picture(_, file) => {
            // Made once, and replaced as a whole.
            let written = file.metadata().and_then(|known| known.modified()).ok();
            hasher.update(format!("{written:?}").as_bytes());
        }
        Content::Cut(segment, _) => {
            for piece in &segment.pieces {
                match piece {
                    Piece::Header(bytes) => hasher.update(bytes),
                    Piece::Source(place) => {
                        hasher.update(&place.offset.to_le_bytes());
                        hasher.update(&place.length.to_le_bytes())
                    }
                };
            }
        }
    }
    format!("\"{}\"", &hasher.finalize().to_hex()[..32])
}

fn nothing() -> Fault {
    Fault::new(
        "no_page",
        "there is nothing at this address",
        "begin with the playlist of the title; its addresses change when its file does",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_subtitles_has_one_name() {
        assert_eq!(span("0-12000.vtt"), Some((0, 12_000)));
        for name in [
            "00-1.vtt", "0-01.vtt", "+1-2.vtt", "0.vtt", "-.vtt", "0-.vtt", "0-1.srt",
        ] {
            assert_eq!(span(name), None, "{name}");
        }
    }

    #[test]
    fn a_segment_has_one_name() {
        assert_eq!(numbered("12.m4s"), Some((Form::Plain, 12)));
        assert_eq!(numbered("s1.m4s"), Some((Form::Staged, 1)));
        assert_eq!(numbered("i7.m4s"), Some((Form::Picture, 7)));
        for name in [
            "0.m4s",
            "01.m4s",
            "+1.m4s",
            "si1.m4s",
            ".m4s",
            "s.m4s",
            "1.mp4",
            "é1.m4s",
            "99999999999.m4s",
            "1.m4s.m4s",
        ] {
            assert_eq!(numbered(name), None, "{name}");
        }
    }
}
