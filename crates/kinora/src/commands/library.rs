//! `kinora library`, `kinora play`, `kinora share`: what a server has to be watched.

use super::context::Context;
use crate::cli::{Play, Share, Shelf, Titles};
use crate::config::{Flags, Settings};
use crate::exit::Exit;
use crate::report::{Failure, Outcome};
use crate::terminal::{printable, say, tell};
use kinora_client::{Address, Library, Title};
use kinora_jobs::sandbox::player;
use kinora_server::access::revoke_links;
use serde_json::json;
use std::ffi::OsString;

/// Lists titles.
///
/// # Errors
/// When the server cannot be asked.
pub(crate) fn list(arguments: &Titles, context: &Context) -> Result<Exit, Failure> {
    let (server, library) = ask(&arguments.shelf, &arguments.words.join(" "), None, context)?;
    for title in &library.titles {
        if context.global.json {
            say(json!({
                "name": title.name, "duration_ms": title.duration_ms, "width": title.width, "height": title.height,
                "hls": title.hls.as_ref().and_then(|path| library.url(&server, path)),
                "staged": title.staged.as_ref().and_then(|path| library.url(&server, path)),
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
    let (server, library) = ask(&arguments.shelf, &words, None, context)?;
    let title = one(&library, &words)?;
    let path = match (arguments.staged, arguments.height) {
        (true, _) => title.staged.clone(),
        (false, Some(height)) => {
            let main = title.hls.as_ref();
            main.map(|path| path.replace("main.m3u8", &format!("{height}.m3u8")))
        }
        (false, None) => title.hls.clone(),
    };
    let path = path.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "not_playable",
            format!("{:?} cannot be played like that yet", title.name),
            "wait until the server has made what it takes; the page shows how far it is",
        )
    })?;
    let url = address(&library, &server, &path)?;
    let at_s = arguments.at;
    for (program, list) in [
        ("mpv", mpv(&url, title, at_s)),
        ("ffplay", ffplay(&url, title, at_s)),
    ] {
        match player::play(program, &list) {
            Ok(Some(0)) => return Ok(Exit::Success),
            Ok(Some(code)) => {
                return Err(Failure::new(
                    Exit::Internal,
                    "player_failed",
                    format!("{program} ended with {code}"),
                    format!("open it in another player: {url}"),
                ));
            }
            // Not here, or not for us: the next one.
            Ok(None) | Err(_) => {}
        }
    }
    tell("neither mpv nor ffplay is installed; any player of HLS takes this address:");
    say(url);
    Ok(Exit::Success)
}

/// Prints a link to a title that is good for a while.
///
/// # Errors
/// When there is no such title, or links cannot be taken back.
pub(crate) fn share(arguments: &Share, context: &Context) -> Result<Exit, Failure> {
    if arguments.revoke_all {
        return revoke(arguments, context);
    }
    let words = arguments.title.join(" ");
    let lasts_s = Some(arguments.expires.as_secs());
    let (server, library) = ask(&arguments.shelf, &words, lasts_s, context)?;
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

/// Takes back all links, whether a server runs on the directory or not.
fn revoke(arguments: &Share, context: &Context) -> Result<Exit, Failure> {
    let mut flags = Flags::default();
    if let Some(directory) = &arguments.data {
        let text = directory.to_string_lossy().into_owned();
        flags.set.push(("data".into(), text, "--data".into()));
    }
    let data = Settings::load(&flags, &context.variables)?.data();
    revoke_links(&data).map_err(|error| {
        Failure::new(
            Exit::File,
            "links_unusable",
            format!("{}: {error}", data.display()),
            "be the user that the server runs as, or root, and name its data directory with --data",
        )
    })?;
    tell("all links that were given before are worth nothing now");
    Ok(Exit::Success)
}

fn ask(
    shelf: &Shelf,
    words: &str,
    lasts_s: Option<u64>,
    context: &Context,
) -> Outcome<(Address, Library)> {
    let server = context.server(shelf.server.as_ref())?;
    let mut session = context.brief(&server, &shelf.credential)?;
    let library = session.library(words, lasts_s)?;
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
    format!(
        "{}  {}:{:02}  {lines}p{state}",
        title.name,
        seconds / 60,
        seconds % 60
    )
}

/// A name may begin like an option, so it stands behind a sign of equality.
fn mpv(url: &str, title: &Title, at_s: Option<f64>) -> Vec<OsString> {
    let mut list: Vec<OsString> = vec![
        "--no-ytdl".into(),
        format!("--force-media-title={}", printable(&title.name)).into(),
    ];
    list.extend(at_s.map(|at_s| format!("--start={at_s}").into()));
    list.extend(["--".into(), url.into()]);
    list
}

fn ffplay(url: &str, title: &Title, at_s: Option<f64>) -> Vec<OsString> {
    let name = printable(&title.name);
    let mut list: Vec<OsString> = vec!["-loglevel".into(), "error".into(), "-autoexit".into()];
    list.extend(["-window_title".into(), name.into()]);
    list.extend(
        at_s.into_iter()
            .flat_map(|at_s| ["-ss".into(), at_s.to_string().into()]),
    );
    list.extend(["-i".into(), url.into()]);
    list
}
