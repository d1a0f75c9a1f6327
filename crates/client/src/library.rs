//! The library of a server: which titles there are, and where they are watched.

use crate::endpoint::Endpoint;
use crate::upload::{refusal, request};
use crate::{Address, Fault};
use kinora_mmp::reply::Reply;
use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// Some of the titles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Library {
    /// In the server's order.
    pub titles: Vec<Title>,
    /// How many were found; more than these when there are too many for one answer.
    pub total: u64,
    /// Where addresses are served: the port, and whether in TLS from beyond the server's machine.
    pub http: Option<(u16, bool)>,
}

/// A title, with addresses below the server's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Title {
    /// What the server calls it: the same for as long as its file is.
    pub id: String,
    /// What people call it, as the server says it.
    pub name: String,
    /// Milliseconds.
    pub duration_ms: u64,
    /// Pixels on the screen.
    pub width: u64,
    /// Pixels on the screen.
    pub height: u64,
    /// Until when the addresses are good, in seconds since 1970.
    pub expires_s: u64,
    /// The page that plays it.
    pub page: String,
    /// The playlist of HLS; `None` while it cannot be played.
    pub hls: Option<String>,
    /// The same in three stages; `None` until they have been made.
    pub staged: Option<String>,
    /// What is said in it, as the server lists it; of a title that was asked for by its id.
    pub subtitles: Vec<Subtitle>,
    /// What is being made of it, or will be.
    pub making: Making,
}

/// Subtitles of a title, as WebVTT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subtitle {
    /// What people call them, as the server says it.
    pub name: String,
    /// As the server knows it; `und` or empty when it does not.
    pub language: String,
    /// Only what the sound does not tell.
    pub is_forced: bool,
    /// The address below the server's.
    pub path: String,
}

/// How far the renditions of a title are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Making {
    /// 0 to 1 of what is being made now; `None` when nothing is.
    pub progress: Option<f64>,
    /// Seconds until it is made, when that can be told.
    pub remaining_s: Option<f64>,
    /// It stands still, for people's jobs take all places.
    pub is_waiting: bool,
    /// Titles that are worked on before; `None` when it waits for none.
    pub ahead: Option<u64>,
}

impl Library {
    /// The whole address of something at a server; `None` when it serves no HTTP.
    #[must_use]
    pub fn url(&self, server: &Address, path: &str) -> Option<String> {
        let (port, tls) = self.http?;
        let host = server.host();
        let literal = host.parse::<IpAddr>().ok();
        let is_near = host == "localhost" || literal.is_some_and(|address| address.is_loopback());
        let scheme = if tls && !is_near { "https" } else { "http" };
        Some(match literal {
            Some(IpAddr::V6(_)) => format!("{scheme}://[{host}]:{port}{path}"),
            _ => format!("{scheme}://{host}:{port}{path}"),
        })
    }

    /// The title that is meant: the only one found, or the one that is called exactly so.
    ///
    /// # Errors
    /// The names of those that it may be: none, or several.
    pub fn only(&self, words: &str) -> Result<&Title, Vec<&str>> {
        let is_it = |title: &&Title| title.name.eq_ignore_ascii_case(words);
        match (self.titles.iter().find(is_it), &*self.titles) {
            (Some(title), _) | (None, [title]) => Ok(title),
            (None, several) => Err(several.iter().map(|title| &*title.name).collect()),
        }
    }

    fn read(json: &Map<String, Value>) -> Self {
        let http = json.get("http");
        let port = http.and_then(|http| u16::try_from(http["port"].as_u64()?).ok());
        let tls = http.is_some_and(|http| http["tls"] == true);
        let titles = json.get("titles").and_then(Value::as_array);
        Self {
            titles: titles.into_iter().flatten().map(Title::read).collect(),
            total: json.get("total").and_then(Value::as_u64).unwrap_or(0),
            http: port.map(|port| (port, tls)),
        }
    }
}

impl Title {
    fn read(json: &Value) -> Self {
        let number = |name: &str| json[name].as_u64().unwrap_or(0);
        // An address that would lead elsewhere is none.
        let path = |name: &str| {
            let path = json[name].as_str().filter(|path| is_path(path));
            path.map(str::to_owned)
        };
        Self {
            id: json["id"].as_str().unwrap_or_default().to_owned(),
            name: json["name"].as_str().unwrap_or_default().to_owned(),
            duration_ms: number("duration_ms"),
            width: number("width"),
            height: number("height"),
            expires_s: number("expires"),
            page: path("page").unwrap_or_default(),
            hls: path("hls"),
            staged: path("staged"),
            subtitles: json["subtitles"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Subtitle::read)
                .collect(),
            making: Making::read(json),
        }
    }
}

impl Subtitle {
    fn read(json: &Value) -> Option<Self> {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Some(Self {
            name: text("name"),
            language: text("language"),
            is_forced: json["forced"] == true,
            path: Some(text("url")).filter(|path| is_path(path))?,
        })
    }
}

impl Making {
    fn read(json: &Value) -> Self {
        let number = |name: &str| json[name].as_f64().filter(|number| *number >= 0.0);
        Self {
            progress: number("progress").map(|part| part.min(1.0)),
            remaining_s: number("remaining_seconds"),
            is_waiting: json["waiting"] == true,
            ahead: json["ahead"].as_u64(),
        }
    }
}

/// Plain letters of a path below the server, which becomes an argument of a player.
fn is_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    path.starts_with('/') && !path.starts_with("//") && path.bytes().all(is_plain)
}

/// Asks for the titles that have these words in their names.
pub(crate) fn ask(
    peer: &mut Endpoint,
    search: &str,
    lasts_s: Option<u64>,
) -> Result<Library, Fault> {
    answer(
        peer,
        json!({"action": "library", "search": search, "expires": lasts_s}),
    )
}

/// Asks for one title, by its id.
pub(crate) fn ask_one(
    peer: &mut Endpoint,
    id: &str,
    lasts_s: Option<u64>,
) -> Result<Library, Fault> {
    answer(
        peer,
        json!({"action": "library", "title": id, "expires": lasts_s}),
    )
}

fn answer(peer: &mut Endpoint, question: Value) -> Result<Library, Fault> {
    let question = request(question);
    match peer.ask(&question)? {
        Reply::Success(json) => Ok(Library::read(&json)),
        other => Err(refusal(peer, other)),
    }
}

/// Asks where HTTP is served.
pub(crate) fn door(peer: &mut Endpoint) -> Result<Option<u16>, Fault> {
    let question = request(json!({"action": "ping"}));
    match peer.ask(&question)? {
        Reply::Pong(json) | Reply::Success(json) => {
            let port = json.get("http").and_then(|http| http["port"].as_u64());
            Ok(port.and_then(|port| u16::try_from(port).ok()))
        }
        other => Err(refusal(peer, other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(json: Value) -> Library {
        Library::read(json.as_object().unwrap())
    }

    #[test]
    fn addresses_are_below_the_server() {
        let found = library(json!({
            "total": 3,
            "http": {"port": 8080, "tls": true},
            "titles": [
                {"name": "a", "duration_ms": 9, "page": "/shared/x/y", "hls": "/watch/x/y/z/main.m3u8", "staged": null},
                {"name": "b", "page": "//evil.example/x", "hls": "http://evil.example/", "staged": "/a b"},
                7,
            ],
        }));
        assert_eq!((found.total, found.titles.len()), (3, 3));
        assert_eq!(
            found.titles[0].hls.as_deref(),
            Some("/watch/x/y/z/main.m3u8")
        );
        let wrong = &found.titles[1];
        assert_eq!(
            (wrong.page.as_str(), &wrong.hls, &wrong.staged),
            ("", &None, &None)
        );
        let url = |server: &str| found.url(&server.parse().unwrap(), "/p").unwrap();
        assert_eq!(url("127.0.0.1:9001"), "http://127.0.0.1:8080/p");
        assert_eq!(url("studio.lan"), "https://studio.lan:8080/p");
        assert_eq!(url("[fd00::1]"), "https://[fd00::1]:8080/p");
        assert_eq!(library(json!({})).url(&Address::default(), "/p"), None);
    }

    #[test]
    fn what_is_said_and_made_is_read_with_care() {
        let found = library(json!({"titles": [{
            "subtitles": [
                {"name": "English", "language": "en", "forced": true, "url": "/watch/x/y/z/b1/0-9.vtt"},
                {"name": "elsewhere", "url": "http://evil.example/0-9.vtt"},
                "none",
            ],
            "progress": 7.0, "remaining_seconds": -1, "waiting": 1, "ahead": 2,
        }]}));
        let [title] = &*found.titles else {
            panic!("{found:?}")
        };
        let [words] = &*title.subtitles else {
            panic!("{title:?}")
        };
        assert_eq!((words.language.as_str(), words.is_forced), ("en", true));
        assert_eq!(words.path, "/watch/x/y/z/b1/0-9.vtt");
        let making = Making {
            progress: Some(1.0),
            remaining_s: None,
            is_waiting: false,
            ahead: Some(2),
        };
        assert_eq!(title.making, making);
    }
}
