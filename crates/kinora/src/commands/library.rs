//! `kinora library`, `kinora play`, `kinora share`: what a server has to be watched.

use super::context::Context;
use super::given;
use super::playing::{self, Player};
use crate::cli::{Play, Share, Shelf, Titles};
use crate::exit::Exit;
use crate::report::{Failure, Outcome};
use crate::terminal::{printable, say, tell};
use crate::units;
use kinora_client::library::Making;
use kinora_client::{Address, Library, Title};
use kinora_jobs::sandbox::player;
use serde_json::json;

/// Lists titles.
///
/// # Errors
/// When the server cannot be asked.
pub(crate) fn list(arguments: &Titles, context: &Context) -> Result<Exit, Failure> {
    let (server, library) = ask(&arguments.shelf, &arguments.words.join(" "), context)?;
    for title in &library.titles {
        if context.global.json {
            say(json!({
                "name": title.name, "duration_ms": title.duration_ms, "width": title.width, "height": title.height,
                "hls": title.hls.as_ref().and_then(|path| library.url(&server, path)),
                "staged": title.staged.as_ref().and_then(|path| library.url(&server, path)),
                "progress": title.making.progress, "remaining_seconds": title.making.remaining_s,
                "waiting": title.making.is_waiting, "ahead": title.making.ahead,
            }));
        } else {
            say(printable(&line(title)));
        }
    }
    let more = library.total.saturating_sub(library.titles.len() as u64);
    if more > 0 && !context.global.json {
        tell(format_args!("{more} more; say what their names contain"));
    }
    Ok(Exit::Success)
}

/// Plays a title with a player of this machine, or says where it is.
///
/// # Errors
/// When there is no such title, or it cannot be played so.
pub(crate) fn play(arguments: &Play, context: &Context) -> Result<Exit, Failure> {
    let words = arguments.title.join(" ");
    let (server, library) = ask_one(&arguments.shelf, &words, None, context)?;
    let title = one(&library, &words)?;
    let main = match arguments.staged {
        true => &title.staged,
        false => &title.hls,
    };
    let main = main.as_ref().ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "not_playable",
            format!("{:?} cannot be played like that yet", title.name),
            "wait until the server has made what it takes; the page shows how far it is",
        )
    })?;
    let url = |player: Player, at_s| {
        let file = match arguments.staged {
            true => main.replace("staged.m3u8", player.staged(at_s)),
            false => main.replace("main.m3u8", &playing::playlist(arguments.height, at_s)),
        };
        address(&library, &server, &file)
    };
    let whole = url(Player::Mpv, None)?;
    let subtitles = playing::subtitles(arguments, title, |path| address(&library, &server, path))?;
    for each in [Player::Mpv, Player::Ffplay] {
        let film = playing::Film {
            url: &url(each, arguments.at)?,
            name: &printable(&title.name),
            at_s: arguments.at,
            subtitles: &subtitles,
        };
        let program = each.program();
        match player::play(program, &each.arguments(&film)) {
            Ok(Some(0)) => return Ok(Exit::Success),
            Ok(Some(code)) => {
                return Err(Failure::new(
                    Exit::Internal,
                    "player_failed",
                    format!("{program} ended with {code}"),
                    format!("open it in another player: {whole}"),
                ));
            }
            // Not here, or not for us: the next one.
            Ok(None) | Err(_) => {}
        }
    }
    tell("neither mpv nor ffplay is installed; any player of HLS takes this address:");
    if let Some(words) = subtitles.shown() {
        tell(format_args!("its subtitles: {words}"));
    }
    say(whole);
    Ok(Exit::Success)
}

/// Prints a link to a title that is good for a while, or looks after those that were given.
///
/// # Errors
/// When there is no such title, or links cannot be taken back.
pub(crate) fn share(arguments: &Share, context: &Context) -> Result<Exit, Failure> {
    if arguments.list {
        return given::list(arguments, context);
    }
    if let Some(link) = &arguments.revoke {
        return given::revoke(link, arguments, context);
    }
    if arguments.revoke_all {
        return given::revoke_all(arguments, context);
    }
    let words = arguments.title.join(" ");
    let lasts_s = Some(arguments.expires.as_secs());
    let (server, library) = ask_one(&arguments.shelf, &words, lasts_s, context)?;
    let title = one(&library, &words)?;
    let page = address(&library, &server, &title.page)?;
    match context.global.json {
        true => say(
            json!({"name": title.name, "url": page, "expires": title.expires_s,
            "hls": title.hls.as_ref().and_then(|path| library.url(&server, path))}),
        ),
        false => say(page),
    }
    Ok(Exit::Success)
}

fn ask(shelf: &Shelf, words: &str, context: &Context) -> Outcome<(Address, Library)> {
    let server = context.server(shelf.server.as_ref())?;
    let mut session = context.brief(&server, &shelf.credential)?;
    let library = session.library(words, None)?;
    Ok((server, library))
}

/// Asks once more for the title that is meant, and for it alone.
fn ask_one(
    shelf: &Shelf,
    words: &str,
    lasts_s: Option<u64>,
    context: &Context,
) -> Outcome<(Address, Library)> {
    let server = context.server(shelf.server.as_ref())?;
    let mut session = context.brief(&server, &shelf.credential)?;
    let found = session.library(words, None)?;
    let library = session.title(&one(&found, words)?.id, lasts_s)?;
    Ok((server, library))
}

/// The title that is meant.
fn one<'a>(library: &'a Library, words: &str) -> Outcome<&'a Title> {
    library.only(words).map_err(|names| match names.as_slice() {
        [] => Failure::new(
            Exit::Usage,
            "unknown_title",
            format!("the library has nothing that is called {words:?}"),
            "`kinora library` lists what it has",
        ),
        several => {
            let names = several.iter().take(5).map(|name| printable(name));
            let names = names.collect::<Vec<_>>().join(", or ");
            Failure::new(
                Exit::Usage,
                "several_titles",
                format!("{words:?} may be {names}"),
                "say more of its name",
            )
        }
    })
}

fn address(library: &Library, server: &Address, path: &str) -> Outcome<String> {
    library.url(server, path).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "no_http",
            "the server does not listen for HTTP, by which titles are watched",
            "its operator sets http.listen",
        )
    })
}

fn line(title: &Title) -> String {
    let seconds = title.duration_ms / 1000;
    let lines = title.width.min(title.height);
    let state = if title.hls.is_some() {
        ""
    } else {
        "  (not playable yet)"
    };
    let making = making(&title.making).map_or_else(String::new, |text| format!("  ({text})"));
    format!(
        "{}  {}:{:02}  {lines}p{state}{making}",
        title.name,
        seconds / 60,
        seconds % 60
    )
}

/// What is being made of a title, in words; `None` when nothing is.
fn making(making: &Making) -> Option<String> {
    let what = match (making.progress, making.ahead) {
        (Some(part), _) => format!("renditions {:.0} %", part * 100.0),
        (None, Some(0)) => "renditions are next".to_owned(),
        (None, Some(1)) => "renditions wait behind one other".to_owned(),
        (None, Some(ahead)) => format!("renditions wait behind {ahead} others"),
        (None, None) => return None,
    };
    let left = match making.remaining_s {
        _ if making.is_waiting => ", after people's jobs".to_owned(),
        Some(seconds) => format!(", {} left", units::show_seconds(seconds as u64)),
        None => String::new(),
    };
    Some(what + &left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_said_in_words() {
        let check = |progress, remaining_s, is_waiting, ahead, expected: Option<&str>| {
            let found = making(&Making {
                progress,
                remaining_s,
                is_waiting,
                ahead,
            });
            assert_eq!(found.as_deref(), expected);
        };
        check(None, None, false, None, None);
        check(
            Some(0.416),
            Some(200.0),
            false,
            None,
            Some("renditions 42 %, 3:20 left"),
        );
        check(
            Some(0.4),
            None,
            true,
            None,
            Some("renditions 40 %, after people's jobs"),
        );
        check(None, None, false, Some(0), Some("renditions are next"));
        check(
            None,
            Some(59.0),
            false,
            Some(2),
            Some("renditions wait behind 2 others, 0:59 left"),
        );
    }
}
