//! `/api/library`: which titles there are, and where each is watched.

use super::door::{Shared, Visitor};
use super::problem::{ProblemBody, Refusal};
use crate::library::{Library, Sort, Subtitle, Title, Wanted};
use crate::services::blocking;
use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Titles that a list has unless it is asked for fewer or more, and at most.
const LIST: usize = 60;
const LIST_MOST: usize = 500;
/// Letters of a search.
const SEARCH: usize = 200;
/// Which titles.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Asked {
    /// Words that have to stand in the name.
    search: Option<String>,
    /// In which order.
    #[param(inline)]
    sort: Option<Sort>,
    /// How many to pass over.
    offset: Option<usize>,
    /// At most so many, up to 500.
    #[param(default = 60, maximum = 500)]
    limit: Option<usize>,
}

/// Some of the titles.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TitleList {
    titles: Vec<TitleBody>,
    /// How many there are without `offset` and `limit`.
    total: usize,
    /// Whether this server has a library at all.
    is_there: bool,
}

/// A title.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TitleBody {
    id: String,
    name: String,
    duration_ms: u64,
    /// Pixels on the screen.
    width: u32,
    /// Pixels on the screen.
    height: u32,
    /// Bytes of its file.
    size: u64,
    /// When its file was last written.
    added_at_ms: i64,
    /// Codings of picture and sound.
    codecs: Vec<String>,
    /// Languages of the sound, as ISO 639-2 has them.
    languages: Vec<String>,
    /// Where it is watched: what begins with this may be fetched by whoever has the address.
    url: String,
    /// Until when, in seconds since 1970; null where a link was used.
    expires_at_s: Option<u64>,
    /// For HLS; null while it cannot be played.
    hls_url: Option<String>,
    /// For DASH.
    dash_url: Option<String>,
    /// For HLS: the first third at the lowest height, the second at the middle one, the last at the highest; null until
    /// they have been made.
    staged_url: Option<String>,
    /// A picture of it, as JPEG.
    poster_url: Option<String>,
    /// Pictures for a seek bar, as WebVTT.
    storyboard_url: Option<String>,
    /// Its subtitles.
    subtitles: Vec<SubtitleBody>,
    /// How much of what is being made of it is done, 0 to 1; null when nothing is.
    progress: Option<f64>,
    /// How long it takes until that is made, what comes before it included; null when nothing is to be made, or when it
    /// cannot be told.
    remaining_seconds: Option<f64>,
    /// It stands still because people's jobs take all places; it goes on by itself.
    is_waiting: bool,
    /// How many titles are worked on before this one; null when nothing is to be made of it, or when that is being made.
    ahead: Option<usize>,
    /// Why it cannot be played yet.
    obstacle: Option<String>,
}

/// Subtitles of a title.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubtitleBody {
    /// As somebody called them, else their language.
    name: String,
    /// As ISO 639-2 or BCP 47 has it; `und` or empty when unknown.
    language: String,
    /// Only what the sound does not tell.
    is_forced: bool,
    /// Sounds are told, too.
    is_descriptive: bool,
    /// All of them, as WebVTT.
    url: String,
}

/// List the titles of the library.
#[utoipa::path(
    get,
    path = "/api/library",
    tag = "library",
    params(Asked),
    responses(
        (status = 200, body = TitleList),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    asked: Query<Asked>,
) -> Result<Json<TitleList>, Refusal> {
    let wanted = Wanted {
        search: asked
            .search
            .iter()
            .flat_map(|text| text.chars())
            .take(SEARCH)
            .collect(),
        sort: asked.sort.unwrap_or_default(),
        offset: asked.offset.unwrap_or(0),
        limit: asked.limit.unwrap_or(LIST).clamp(1, LIST_MOST),
    };
    let asker = visitor.asker();
    let list = blocking(&shared.services, move |services| {
        let library = &services.library;
        let (page, holder) = (library.list(&wanted), services.holder(&asker));
        let titles = page.titles.iter();
        let bodies = titles.map(|title| permitted(library, title, holder));
        Ok(TitleList {
            titles: bodies.collect(),
            total: page.total,
            is_there: library.is_there(),
        })
    });
    Ok(Json(list.await?))
}

/// Look at a title.
#[utoipa::path(
    get,
    path = "/api/library/{id}",
    tag = "library",
    params(("id" = String, Path, description = "the title")),
    responses(
        (status = 200, body = TitleBody),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn look(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<TitleBody>, Refusal> {
    let asker = visitor.asker();
    let body = blocking(&shared.services, move |services| {
        let (title, holder) = (services.library.title(&id)?, services.holder(&asker));
        Ok(permitted(&services.library, &title, holder))
    });
    Ok(Json(body.await?))
}

/// With a permission of its own.
fn permitted(library: &Library, title: &Arc<Title>, holder: u64) -> TitleBody {
    let link = library.link(title, None, holder);
    let mut body = body_of(library, title, &link.permission);
    body.expires_at_s = Some(link.expires_s);
    body
}

/// As who has this permission sees it.
pub(super) fn body_of(library: &Library, title: &Title, permission: &str) -> TitleBody {
    let url = format!("/watch/{permission}/{}", title.id);
    let facts = &title.facts;
    let of = |file: &str| format!("{url}/{}/{file}", title.version);
    let is_playable = library.is_playable(title);
    let made = library.made(title);
    let is_staged = library.is_staged(title);
    let making = library.progress(title);
    TitleBody {
        id: title.id.clone(),
        name: title.name.clone(),
        duration_ms: facts.duration_ms,
        width: facts.width,
        height: facts.height,
        size: title.size(),
        added_at_ms: title.added_ms(),
        codecs: facts.codecs.clone(),
        languages: facts.languages.clone(),
        hls_url: is_playable.then(|| of("main.m3u8")),
        dash_url: is_playable.then(|| of("main.mpd")),
        obstacle: facts.damage.clone().or_else(|| {
            let failure = made.failure.clone();
            let obstacle = failure.or_else(|| facts.obstacle.clone());
            obstacle.filter(|_| !is_playable)
        }),
        staged_url: is_staged.then(|| of("staged.m3u8")),
        poster_url: made.poster.as_ref().map(|_| of("poster.jpg")),
        storyboard_url: made.board.as_ref().map(|_| of("storyboard.vtt")),
        subtitles: subtitles(library, title, &of),
        progress: making
            .filter(|making| making.ahead.is_none())
            .map(|making| making.done),
        remaining_seconds: making.and_then(|making| making.remaining_s),
        is_waiting: making.is_some_and(|making| making.is_waiting),
        ahead: making.and_then(|making| making.ahead),
        expires_at_s: None,
        url,
    }
}

fn subtitles(library: &Library, title: &Title, of: &dyn Fn(&str) -> String) -> Vec<SubtitleBody> {
    let all = library.subtitles(title).into_iter();
    let body = |each: Subtitle| SubtitleBody {
        url: of(&format!("{}/0-{}.vtt", each.name, title.facts.duration_ms)),
        name: each.label,
        language: each.language,
        is_forced: each.is_forced,
        is_descriptive: each.is_descriptive,
    };
    all.map(body).collect()
}
