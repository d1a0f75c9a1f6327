//! How the screen looks. Everything that somebody else wrote passes `printable`.

use super::room::{Entry, Fate, Room, Voice};
use super::state::{Link, Overlay, State};
use crate::standing::in_words;
use crate::terminal::printable;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

/// From so many columns on people have a column of their own.
const WIDE: u16 = 64;
/// That column.
const PEOPLE: u16 = 24;
/// Columns between a code and what stands beside it.
const GAP: usize = 2;
/// Lines that a draft may take.
const DRAFT: u16 = 5;
/// What follows so soon needs no name again, in milliseconds.
const SOON_MS: u64 = 5 * 60 * 1000;

/// How it looks here and now.
pub(super) struct Look {
    pub(super) zone: TimeZone,
    pub(super) now_ms: u64,
    pub(super) has_colours: bool,
    /// Dots for presence; else letters.
    pub(super) is_unicode: bool,
}

impl Look {
    fn dim() -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    fn bold() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    fn warning(&self) -> Style {
        match self.has_colours {
            true => Self::bold().fg(Color::Yellow),
            false => Self::bold(),
        }
    }

    fn here(&self) -> Style {
        match self.has_colours {
            true => Style::new().fg(Color::Green),
            false => Style::new(),
        }
    }

    /// What is read by cameras is dark on light, whatever the terminal is.
    fn paper(&self) -> Style {
        match self.has_colours {
            true => Style::new().fg(Color::Black).bg(Color::White),
            false => Style::new(),
        }
    }

    /// The hour, and the day if it is another one.
    fn time(&self, at_ms: u64) -> String {
        let at = |ms: u64| {
            let ms = i64::try_from(ms).unwrap_or(i64::MAX);
            let stamp = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
            stamp.to_zoned(self.zone.clone())
        };
        let (then, now) = (at(at_ms), at(self.now_ms));
        let form = if then.date() == now.date() {
            "%H:%M"
        } else {
            "%Y-%m-%d %H:%M"
        };
        then.strftime(form).to_string()
    }
}

/// Draws all of it. What is scrolled further than there is comes back.
pub(super) fn draw(frame: &mut Frame<'_>, state: &mut State, look: &Look) {
    let [main, foot] =
        Layout::vertical([Constraint::Min(3), Constraint::Length(1)]).areas(frame.area());
    let (list, talk) = match main.width >= WIDE {
        true => {
            let [list, talk] =
                Layout::horizontal([Constraint::Length(PEOPLE), Constraint::Min(20)]).areas(main);
            (Some(list), talk)
        }
        false => (None, main),
    };
    if let Some(list) = list {
        people(frame, list, state, look);
    }
    conversation(frame, talk, state, look);
    frame.render_widget(footer(state, look), foot);
    if let Some(overlay) = &state.overlay {
        over(frame, main, overlay, state, look);
    }
}

fn people(frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look) {
    let lines: Vec<Line<'_>> = state
        .others()
        .map(|person| {
            let name = person.name.as_str();
            let (dot, style) = match (person.is_here, look.is_unicode) {
                (true, true) => ("● ", look.here()),
                (false, true) => ("○ ", Look::dim()),
                (true, false) => ("* ", look.here()),
                (false, false) => ("- ", Look::dim()),
            };
            let unread = state.rooms.get(name).map_or(0, |room| room.unread);
            let mut spans = vec![Span::styled(dot, style), Span::raw(printable(name))];
            if unread > 0 {
                spans.push(Span::styled(format!(" ({unread})"), Look::bold()));
            }
            if person.word == "changed" {
                spans.push(Span::styled(" new key!", look.warning()));
            }
            let is_open = state.open.as_deref() == Some(name);
            let style = if is_open {
                Style::new().add_modifier(Modifier::REVERSED)
            } else {
                Style::new()
            };
            Line::from(spans).style(style)
        })
        .collect();
    // Whoever is talked with stays in sight.
    let height = usize::from(area.height.saturating_sub(2));
    let at = state
        .others()
        .position(|person| state.open.as_deref() == Some(person.name.as_str()));
    let above = at.map_or(0, |at| (at + 1).saturating_sub(height));
    let list = Paragraph::new(lines)
        .scroll((u16::try_from(above).unwrap_or(u16::MAX), 0))
        .block(Block::bordered().title(" people "));
    frame.render_widget(list, area);
}

fn conversation(frame: &mut Frame<'_>, area: Rect, state: &mut State, look: &Look) {
    let title = title(state);
    let is_warning = state.room().is_some_and(|(name, _)| {
        state
            .standing(name)
            .is_some_and(|who| who.word == "changed")
    });
    let style = if is_warning {
        look.warning()
    } else {
        Look::bold()
    };
    let (me, open) = (state.me.clone(), state.open.clone());
    let Some((name, room)) =
        open.and_then(|name| Some((name.clone(), state.rooms.get_mut(&name)?)))
    else {
        let block = Block::bordered().title(Span::styled(title, style));
        frame.render_widget(block, area);
        return;
    };
    let written = u16::try_from(room.draft.lines().len()).unwrap_or(u16::MAX);
    let draft = written.clamp(1, DRAFT) + 2;
    let [upper, lower] =
        Layout::vertical([Constraint::Min(3), Constraint::Length(draft)]).areas(area);
    let block = Block::bordered().title(Span::styled(title, style));
    let inner = block.inner(upper);
    let lines = lines(room, (&me, &name), inner.width, look);
    let height = usize::from(inner.height);
    room.scrolled = room.scrolled.min(lines.len().saturating_sub(height));
    let last = lines.len() - room.scrolled;
    let first = last.saturating_sub(height);
    let below = room.scrolled;
    frame.render_widget(block, upper);
    frame.render_widget(Paragraph::new(lines[first..last].to_vec()), inner);
    let hint = match below {
        0 => String::new(),
        _ => format!(" {below} more lines below "),
    };
    room.draft.set_block(Block::bordered().title(hint));
    frame.render_widget(&room.draft, lower);
}

fn title(state: &State) -> String {
    let Some(name) = &state.open else {
        return " nobody else is here yet ".into();
    };
    let standing = state.standing(name);
    let here = if standing.is_some_and(|who| who.is_here) {
        "here"
    } else {
        "away"
    };
    // The state's own name is for lists; what it means is enough here.
    let words = standing.map_or("", |who| in_words(who.word));
    let meaning = words.split_once(": ").map_or(words, |(_, meaning)| meaning);
    format!(" {} - {meaning} - {here} ", printable(name))
}

/// The conversation in lines of this width.
fn lines(room: &Room, (me, peer): (&str, &str), width: u16, look: &Look) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut before: Option<&Entry> = None;
    for (at, entry) in room.entries.iter().enumerate() {
        if !is_same_breath(before, entry) {
            lines.extend(head(entry, me, peer, look));
        }
        lines.extend(body(entry, mark(&room.entries, at), width, look));
        before = Some(entry);
    }
    lines
}

/// Said by the same one soon after.
fn is_same_breath(before: Option<&Entry>, entry: &Entry) -> bool {
    let speaker = |voice: Voice| match voice {
        Voice::Theirs => 0,
        Voice::Own(_) => 1,
        Voice::Note => 2,
    };
    before.is_some_and(|before| {
        let is_soon = match (before.at_ms, entry.at_ms) {
            (Some(then), Some(now)) => now.saturating_sub(then) < SOON_MS,
            _ => true,
        };
        speaker(before.voice) == speaker(entry.voice) && is_soon
    })
}

fn head(entry: &Entry, me: &str, peer: &str, look: &Look) -> Option<Line<'static>> {
    let name = match entry.voice {
        Voice::Theirs => peer,
        Voice::Own(_) => me,
        Voice::Note => return None,
    };
    let time = entry.at_ms.map(|at| look.time(at)).unwrap_or_default();
    Some(Line::from(vec![
        Span::styled(printable(name), Look::bold()),
        Span::styled(format!("  {time}"), Look::dim()),
    ]))
}

/// What became of an own message. What came as far as the next one is said there only.
fn mark(entries: &[Entry], at: usize) -> &'static str {
    let Voice::Own(fate) = entries[at].voice else {
        return "";
    };
    let mut later = entries[at + 1..].iter();
    let is_said_later = later.any(|entry| entry.voice == Voice::Own(fate));
    match fate {
        Fate::Waiting(_) => " (not sent yet)",
        Fate::Refused => " (not sent)",
        _ if is_said_later => "",
        Fate::Sent => " (sent)",
        Fate::Delivered => " (delivered)",
        Fate::Read => " (read)",
    }
}

fn body(entry: &Entry, mark: &str, width: u16, look: &Look) -> Vec<Line<'static>> {
    let style = match entry.voice {
        Voice::Own(Fate::Waiting(_)) | Voice::Note => Look::dim(),
        Voice::Own(Fate::Refused) => look.warning(),
        _ => Style::new(),
    };
    let edited = if entry.is_edited { " (edited)" } else { "" };
    let indent = if entry.voice == Voice::Note {
        "* "
    } else {
        "  "
    };
    let options = textwrap::Options::new(usize::from(width).max(8))
        .initial_indent(indent)
        .subsequent_indent("  ");
    let text = entry.text.lines().map(printable);
    let text = text.collect::<Vec<_>>().join("\n") + edited + mark;
    let wrapped = textwrap::wrap(&text, options);
    wrapped
        .into_iter()
        .map(|line| Line::styled(line.into_owned(), style))
        .collect()
}

/// Characters of a file's name that the bottom has room for.
const NAME_SHOWN: usize = 24;

fn footer(state: &State, look: &Look) -> Line<'static> {
    let unread: usize = state.rooms.values().map(|room| room.unread).sum();
    let news = match unread {
        0 => String::new(),
        1 => "1 new message (Ctrl-N) - ".into(),
        more => format!("{more} new messages (Ctrl-N) - "),
    };
    let writing = state.open.as_ref().filter(|name| {
        let until = state.writing.get(*name);
        until.is_some_and(|until| look.now_ms < *until)
    });
    let writing = writing.map_or(String::new(), |name| {
        format!("{} is writing - ", printable(name))
    });
    let sending = state.sending.as_ref();
    let sending = sending.map_or(String::new(), |(_, name, percent)| {
        let name: String = printable(name).chars().take(NAME_SHOWN).collect();
        format!("{percent} % of {name} is sent - ")
    });
    if let Some(notice) = &state.notice {
        return Line::from(vec![
            Span::raw(sending),
            Span::raw(writing),
            Span::styled(printable(notice), look.warning()),
        ]);
    }
    let me = printable(&state.me);
    let (how, style) = match (&state.link, state.is_leaving) {
        (_, true) => ("sending what is left".into(), Style::new()),
        (Link::Connecting, _) => ("connecting".into(), Style::new()),
        (Link::Here, _) => ("connected".into(), Style::new()),
        (Link::Lost(reason), _) => (
            format!("not connected: {}", printable(reason)),
            look.warning(),
        ),
    };
    Line::from(vec![
        Span::styled(news, Look::bold()),
        Span::raw(sending),
        Span::raw(writing),
        Span::raw(format!("you are {me} - ")),
        Span::styled(how, style),
        Span::styled(" - F1 help", Look::dim()),
    ])
}

const HELP: &[&str] = &[
    "Enter          send",
    "Alt-Enter      a new line",
    "Tab, Shift-Tab the next person, the one before",
    "Ctrl-N         the next new message",
    "PgUp, PgDn     older, newer",
    "Ctrl-C         send what is left, and leave",
    "",
    "/edit TEXT     put TEXT in the place of what you wrote last",
    "/file PATH     send a file",
    "/save N PATH   keep a file that came, here or there",
    "/watch TITLE   send a title of the library; /watch TITLE 12:31",
    "/receipts off  tell nobody what came and what you have read; on",
    "/verify        the number to compare with this person, and a code of it",
    "/accept        take a new key, as /verify showed it, without comparing",
    "/link CODE     answer a new device of yours, which shows CODE",
    "/open NAME     write to NAME",
    "/who           everybody, with how well each is known",
    "/quit          leave (also QUIT)",
    "//TEXT         a text that begins with a stroke",
];

fn over(frame: &mut Frame<'_>, area: Rect, overlay: &Overlay, state: &State, look: &Look) {
    let (title, lines): (String, Vec<Line<'_>>) = match overlay {
        Overlay::Help => (
            " help ".into(),
            HELP.iter().map(|line| Line::raw(*line)).collect(),
        ),
        Overlay::Who => (" people ".into(), state.people.iter().map(who).collect()),
        Overlay::Safety {
            with,
            number,
            word,
            code,
        } => (
            format!(" you and {} ", printable(with)),
            beside(code, safety(with, number, word), area, look),
        ),
    };
    let width = lines.iter().map(Line::width).max().unwrap_or(0).max(20) + 4;
    let width = u16::try_from(width).unwrap_or(u16::MAX).min(area.width);
    let height = u16::try_from(lines.len() + 2)
        .unwrap_or(u16::MAX)
        .min(area.height);
    let [middle] = Layout::vertical([Constraint::Length(height)])
        .flex(Flex::Center)
        .areas(area);
    let [middle] = Layout::horizontal([Constraint::Length(width)])
        .flex(Flex::Center)
        .areas(middle);
    let block = Block::bordered()
        .title(title)
        .title_bottom(" any key closes ");
    frame.render_widget(Clear, middle);
    frame.render_widget(Paragraph::new(lines).block(block), middle);
}

fn who(person: &kinora_client::talk::Standing) -> Line<'static> {
    let here = if person.is_here { "here" } else { "away" };
    let name = printable(person.name.as_str());
    Line::raw(format!("{name}  {here}  {}", in_words(person.word)))
}

fn safety(with: &str, number: &str, word: &str) -> Vec<Line<'static>> {
    let with = printable(with);
    let groups: Vec<&str> = number.split_whitespace().collect();
    let mut lines = vec![Line::raw(in_words(word)), Line::raw("")];
    lines.extend(
        groups
            .chunks(4)
            .map(|row| Line::styled(row.join("  "), Look::bold()).centered()),
    );
    lines.push(Line::raw(""));
    lines.push(Line::raw(format!("Read it to {with} in a call,")));
    lines.push(Line::raw("or compare it in person."));
    if word != "verified" {
        lines.push(Line::raw(""));
        lines.push(Line::raw("y: both see the same number"));
    }
    if word == "changed" {
        lines.push(Line::raw("a: take this key without comparing"));
    }
    lines
}

/// A code and words about it, where there is room: side by side, or one below the other. Else the words alone.
fn beside(
    code: &[String],
    words: Vec<Line<'static>>,
    area: Rect,
    look: &Look,
) -> Vec<Line<'static>> {
    let wide = |lines: &[Line<'_>]| lines.iter().map(Line::width).max().unwrap_or(0);
    // Within the border, with a column of air at each side.
    let width = usize::from(area.width.saturating_sub(4));
    let height = usize::from(area.height.saturating_sub(2));
    let code: Vec<Span<'static>> = code
        .iter()
        .map(|line| Span::styled(line.clone(), look.paper()))
        .collect();
    let side = code.first().map_or(0, Span::width);
    if side == 0 || !look.is_unicode {
        return words;
    }
    let rows = code.len().max(words.len());
    if rows <= height && side + GAP + wide(&words) <= width {
        return (0..rows).map(|at| row(&code, &words, at, side)).collect();
    }
    if code.len() + 1 + words.len() <= height && side <= width {
        let code = code.into_iter().map(|line| Line::from(line).centered());
        return code.chain([Line::raw("")]).chain(words).collect();
    }
    words
}

/// One line of a code of this width and of the words in the middle beside it.
fn row(code: &[Span<'static>], words: &[Line<'static>], at: usize, side: usize) -> Line<'static> {
    let above = code.len().saturating_sub(words.len()) / 2;
    let blank = || Span::raw(" ".repeat(side));
    let mut spans = vec![code.get(at).cloned().unwrap_or_else(blank)];
    spans.push(Span::raw(" ".repeat(GAP)));
    if let Some(line) = at.checked_sub(above).and_then(|at| words.get(at)) {
        let own = line.spans.iter().cloned();
        spans.extend(own.map(|span| span.patch_style(line.style)));
    }
    Line::from(spans)
}
