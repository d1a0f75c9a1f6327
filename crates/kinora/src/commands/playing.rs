//! How players of this machine are called for a title, and which of its subtitles they get.

use crate::cli::Play;
use crate::exit::Exit;
use crate::report::{Failure, Outcome};
use crate::terminal::printable;
use kinora_client::Title;
use kinora_client::library::Subtitle;
use std::ffi::OsString;

/// What is played, and how.
#[derive(Debug)]
pub(super) struct Film<'a> {
    /// Of its playlist.
    pub(super) url: &'a str,
    pub(super) name: &'a str,
    /// Where to begin, in seconds.
    pub(super) at_s: Option<f64>,
    pub(super) subtitles: &'a Subtitles,
}

/// Addresses of subtitles as WebVTT.
#[derive(Debug, Default)]
pub(super) struct Subtitles {
    /// Those to choose from; the chosen one first.
    all: Vec<String>,
    /// The first is shown.
    is_chosen: bool,
}

/// Players that are looked for, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Player {
    Mpv,
    Ffplay,
}

impl Player {
    /// As it is called on the command line.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Mpv => "mpv",
            Self::Ffplay => "ffplay",
        }
    }

    /// What it is called with.
    pub(super) fn arguments(self, film: &Film<'_>) -> Vec<OsString> {
        match self {
            Self::Mpv => film.mpv(),
            Self::Ffplay => film.ffplay(),
        }
    }

    /// The list of a staged title that it gets. Within DASH no height can follow another one in FFmpeg, so mpv puts three of
    /// them together itself; ffplay cannot, and shows the greatest.
    pub(super) fn staged(self, at_s: Option<f64>) -> &'static str {
        match (at_s, self) {
            (None, _) => "staged.m3u8",
            (Some(_), Self::Mpv) => "staged.edl",
            (Some(_), Self::Ffplay) => "best.mpd",
        }
    }
}

/// The playlist that a player gets. FFmpeg 5.1 finds nothing any more after a jump in HLS of fragmented MP4, so who begins
/// in the middle gets DASH; its reader takes the first height that it finds, so there is one alone.
pub(super) fn playlist(height: Option<u32>, at_s: Option<f64>) -> String {
    match (height, at_s) {
        (None, None) => "main.m3u8".to_owned(),
        (None, Some(_)) => "best.mpd".to_owned(),
        (Some(height), None) => format!("{height}.m3u8"),
        (Some(height), Some(_)) => format!("{height}.mpd"),
    }
}

/// Those that the user wants, with whole addresses.
///
/// # Errors
/// `no_subtitles` when there are none like the chosen ones.
pub(super) fn subtitles(
    arguments: &Play,
    title: &Title,
    address: impl Fn(&str) -> Outcome<String>,
) -> Outcome<Subtitles> {
    if arguments.no_subs {
        return Ok(Subtitles::default());
    }
    let mut all: Vec<&Subtitle> = title.subtitles.iter().collect();
    if let Some(wanted) = &arguments.subs {
        let place = all.iter().position(|each| is_meant(each, wanted));
        let place = place.ok_or_else(|| missing(title, wanted))?;
        all[..=place].rotate_right(1);
    }
    let all: Outcome<Vec<String>> = all.iter().map(|each| address(&each.path)).collect();
    Ok(Subtitles {
        all: all?,
        is_chosen: arguments.subs.is_some(),
    })
}

/// `en` means `en` and `en-GB`; and somebody may have called a track so.
fn is_meant(subtitle: &Subtitle, wanted: &str) -> bool {
    let wanted = wanted.trim().to_lowercase();
    let language = subtitle.language.to_lowercase();
    let is_language = language == wanted
        || language
            .strip_prefix(&wanted)
            .is_some_and(|rest| rest.starts_with('-'));
    !wanted.is_empty() && (is_language || subtitle.name.to_lowercase() == wanted)
}

fn missing(title: &Title, wanted: &str) -> Failure {
    let names = title.subtitles.iter();
    let names = names.map(|each| match each.name == each.language {
        true => printable(&each.name),
        false => printable(&format!("{} ({})", each.language, each.name)),
    });
    let names: Vec<String> = names.collect();
    let solution = match names.is_empty() {
        true => "it has none; play it without --subs".to_owned(),
        false => format!("it has: {}", names.join(", ")),
    };
    Failure::new(
        Exit::Usage,
        "no_subtitles",
        format!("{:?} has no subtitles {wanted:?}", title.name),
        solution,
    )
}

impl Subtitles {
    /// The address of those that are shown.
    pub(super) fn shown(&self) -> Option<&str> {
        let first = self.all.first().filter(|_| self.is_chosen)?;
        Some(first)
    }
}

impl Film<'_> {
    /// A name may begin like an option, so it stands behind a sign of equality. Subtitles are given beside the playlist:
    /// FFmpeg, which reads it, passes those within over.
    fn mpv(&self) -> Vec<OsString> {
        let mut list: Vec<OsString> = vec![
            "--no-ytdl".into(),
            format!("--force-media-title={}", self.name).into(),
        ];
        list.extend(self.at_s.map(|at_s| format!("--start={at_s}").into()));
        let files = self.subtitles.all.iter();
        list.extend(files.map(|url| format!("--sub-file={url}").into()));
        if !self.subtitles.all.is_empty() {
            // Of files that are named so mpv shows the first.
            let sid = match self.subtitles.is_chosen {
                true => "auto",
                false => "no",
            };
            list.push(format!("--sid={sid}").into());
        }
        list.extend(["--".into(), self.url.into()]);
        list
    }

    /// It has no subtitles but those within, so the chosen ones are drawn onto the picture.
    fn ffplay(&self) -> Vec<OsString> {
        let mut list: Vec<OsString> = vec!["-loglevel".into(), "error".into(), "-autoexit".into()];
        list.extend(["-window_title".into(), self.name.into()]);
        list.extend(
            self.at_s
                .into_iter()
                .flat_map(|at_s| ["-ss".into(), at_s.to_string().into()]),
        );
        if let Some(url) = self.subtitles.shown() {
            // Within quotes a colon still ends an option.
            let url = url.replace(':', "\\:");
            list.extend(["-vf".into(), format!("subtitles='{url}'").into()]);
        }
        list.extend(["-i".into(), self.url.into()]);
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(chosen: Option<&str>) -> Vec<String> {
        let arguments = Play {
            title: vec![],
            height: None,
            staged: false,
            at: None,
            subs: chosen.map(str::to_owned),
            no_subs: false,
            shelf: crate::cli::Shelf::default(),
        };
        let subtitle = |name: &str, language: &str| Subtitle {
            name: name.into(),
            language: language.into(),
            is_forced: false,
            path: format!("/{language}.vtt"),
        };
        let title = Title {
            name: "Film".into(),
            subtitles: vec![subtitle("Deutsch", "de"), subtitle("en-GB", "en-GB")],
            ..Title::default()
        };
        let subtitles = subtitles(&arguments, &title, |path| Ok(format!("http://h:1{path}")));
        let Ok(subtitles) = subtitles else {
            return vec![];
        };
        let film = Film {
            url: "http://h:1/main.m3u8",
            name: "--fs",
            at_s: Some(1.5),
            subtitles: &subtitles,
        };
        let words = film.mpv().into_iter().chain(film.ffplay());
        words.map(|word| word.into_string().unwrap()).collect()
    }

    #[test]
    fn who_begins_in_the_middle_gets_dash() {
        assert_eq!(Player::Mpv.staged(None), "staged.m3u8");
        assert_eq!(Player::Mpv.staged(Some(0.0)), "staged.edl");
        assert_eq!(Player::Ffplay.staged(Some(1.5)), "best.mpd");
        assert_eq!(playlist(None, None), "main.m3u8");
        assert_eq!(playlist(Some(720), None), "720.m3u8");
        assert_eq!(playlist(None, Some(1.5)), "best.mpd");
        assert_eq!(playlist(Some(720), Some(0.0)), "720.mpd");
    }

    #[test]
    fn the_chosen_ones_come_first_and_are_shown() {
        let words = film(Some("EN"));
        let mpv = [
            "--no-ytdl",
            "--force-media-title=--fs",
            "--start=1.5",
            "--sub-file=http://h:1/en-GB.vtt",
            "--sub-file=http://h:1/de.vtt",
            "--sid=auto",
            "--",
            "http://h:1/main.m3u8",
        ];
        assert_eq!(words[..mpv.len()], mpv);
        let drawn = r"subtitles='http\://h\:1/en-GB.vtt'";
        assert!(words.contains(&drawn.to_owned()), "{words:?}");
        assert_eq!(film(Some("deutsch"))[3], "--sub-file=http://h:1/de.vtt");
        assert!(film(Some("fr")).is_empty());
    }

    #[test]
    fn none_are_shown_that_nobody_chose() {
        let words = film(None);
        assert!(words.contains(&"--sid=no".to_owned()), "{words:?}");
        assert!(!words.iter().any(|word| word.starts_with("subtitles=")));
    }
}
