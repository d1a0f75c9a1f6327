use super::room::{Fate, Voice};
use super::state::{Deed, Overlay, State};
use super::view::{Look, draw};
use crate::qr;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use kinora_client::talk::{Arrival, Command, Content, Event, Name, Own, Progress, Said, Standing};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::Duration;

/// 2026-11-22 14:02 UTC.
const NOON: u64 = 1_795_356_120_000;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn person(text: &str, is_here: bool, word: &'static str) -> Standing {
    Standing {
        name: name(text),
        is_here,
        word,
        devices: 1,
    }
}

fn message(id: i64, from: &str, with: &str, text: &str) -> Event {
    Event::Message(arrival(id, from, with, text))
}

fn arrival(id: i64, from: &str, with: &str, text: &str) -> Arrival {
    Arrival {
        id,
        from: name(from),
        with: name(with),
        device: "laptop".into(),
        counter: id as u64,
        text: text.into(),
        content: None,
        is_edited: false,
        written_ms: NOON + id as u64 * 1000,
        at_ms: NOON,
    }
}

fn own(id: i64) -> Own {
    Own {
        id: Some(id),
        device: "laptop".into(),
        counter: id as u64,
    }
}

fn opened(with: &str) -> Vec<Deed> {
    let deeds = [Command::Past(with.into()), Command::Seen(with.into())];
    deeds.map(Deed::Give).to_vec()
}

fn directory(people: &[Standing]) -> Event {
    Event::Directory {
        people: people.to_vec(),
        is_asked: false,
    }
}

/// Mira, with Asha who is here and Ravi who is away.
fn mira() -> State {
    let mut state = State::new("mira", NOON);
    state.told(&Event::Here(name("mira")));
    let people = [
        person("asha", true, "verified"),
        person("mira", true, "you"),
        person("ravi", false, "pinned"),
    ];
    let deeds = state.told(&directory(&people));
    assert_eq!(deeds, opened("asha"));
    state
}

fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn control(letter: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)
}

fn typed(state: &mut State, text: &str) -> Vec<Deed> {
    for letter in text.chars() {
        let deeds = state.pressed(key(KeyCode::Char(letter)));
        let is_signal = |deed: &Deed| matches!(deed, Deed::Give(Command::Writing(_)));
        assert!(deeds.iter().all(is_signal), "{deeds:?}");
    }
    state.pressed(key(KeyCode::Enter))
}

fn picture(state: &mut State, width: u16, height: u16) -> String {
    let look = Look {
        zone: TimeZone::UTC,
        now_ms: NOON + 60_000,
        has_colours: false,
        is_unicode: true,
    };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state, &look)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn what_is_typed_is_sent_to_whom_is_seen() {
    let mut state = mira();
    let say = |to: &str, text: &str| vec![Deed::Say(to.into(), text.into())];
    assert_eq!(typed(&mut state, "hello"), say("asha", "hello"));
    assert_eq!(typed(&mut state, ""), []);
    state.pressed(key(KeyCode::Tab));
    assert_eq!(typed(&mut state, "//slash"), say("ravi", "/slash"));
    state.pressed(key(KeyCode::Tab));
    state.pressed(key(KeyCode::Char('a')));
    state.pressed(KeyEvent::new(KeyCode::Enter, KeyModifiers::ALT));
    assert_eq!(typed(&mut state, "b"), say("asha", "a\nb"));
    state.pasted("one\r\ntwo");
    assert_eq!(typed(&mut state, ""), say("asha", "one\ntwo"));
}

#[test]
fn a_draft_stays_with_its_conversation() {
    let mut state = mira();
    state.pressed(key(KeyCode::Char('x')));
    state.pressed(key(KeyCode::Tab));
    assert_eq!(
        typed(&mut state, "y"),
        [Deed::Say("ravi".into(), "y".into())]
    );
    state.pressed(key(KeyCode::BackTab));
    assert_eq!(
        typed(&mut state, ""),
        [Deed::Say("asha".into(), "x".into())]
    );
}

#[test]
fn commands_are_no_messages() {
    let mut state = mira();
    let give = |command| vec![Deed::Give(command)];
    assert_eq!(
        typed(&mut state, "/verify"),
        give(Command::Safety("asha".into()))
    );
    assert_eq!(typed(&mut state, "/open ravi"), opened("ravi"));
    assert_eq!(
        typed(&mut state, "/edit better"),
        [Deed::Edit("ravi".into(), "better".into())]
    );
    assert_eq!(
        typed(&mut state, "/watch Our holiday 12:31"),
        [Deed::Watch("ravi".into(), "Our holiday".into(), 751_000)]
    );
    assert_eq!(
        typed(&mut state, "/receipts off"),
        give(Command::Receipts(false))
    );
    assert_eq!(
        typed(&mut state, "/accept")[..1],
        give(Command::Accept("ravi".into(), None))
    );
    assert_eq!(typed(&mut state, "/open nobody"), []);
    assert!(state.notice.is_some());
    assert_eq!(typed(&mut state, "/dance"), []);
    assert!(state.notice.is_some());
    for goodbye in ["/quit", "QUIT"] {
        assert_eq!(typed(&mut mira(), goodbye), give(Command::Quit));
    }
    assert_eq!(state.pressed(control('c')), give(Command::Quit));
}

#[test]
fn what_is_not_seen_is_counted() {
    let mut state = mira();
    state.told(&message(1, "ravi", "ravi", "are you there?"));
    state.told(&message(2, "asha", "asha", "hi"));
    let unread = |state: &State, name: &str| state.rooms.get(name).map_or(0, |room| room.unread);
    assert_eq!((unread(&state, "asha"), unread(&state, "ravi")), (0, 1));
    assert_eq!(state.pressed(control('n')), opened("ravi"));
    assert_eq!(
        (state.open.as_deref(), unread(&state, "ravi")),
        (Some("ravi"), 0)
    );
}

#[test]
fn a_newcomer_is_looked_up() {
    let mut state = mira();
    let who = [Deed::Give(Command::Who)];
    assert_eq!(state.told(&Event::Joined(name("ravi"))), []);
    assert!(state.standing("ravi").is_some_and(|ravi| ravi.is_here));
    assert_eq!(state.told(&Event::Joined(name("noor"))), who);
    let people = [
        person("asha", true, "verified"),
        person("noor", true, "new"),
    ];
    assert_eq!(state.told(&directory(&people)), []);
    assert_eq!(state.told(&message(1, "noor", "noor", "hello")), who);
    let seen = [Deed::Give(Command::Seen("asha".into()))];
    assert_eq!(state.told(&message(2, "asha", "asha", "hello")), seen);
}

#[test]
fn the_past_comes_once() {
    let mut state = mira();
    state.told(&message(7, "asha", "asha", "new"));
    state.said("asha", "mine".into(), [1; 16], NOON + 9_000);
    let said = |id, is_own, text: &str, written_ms| Said {
        id,
        is_own,
        text: text.into(),
        content: None,
        is_edited: false,
        written_ms,
        waits: None,
        progress: None,
    };
    state.told(&Event::Past {
        with: name("asha"),
        said: vec![
            said(5, true, "old", NOON - 9_000),
            said(7, false, "new", NOON + 7_000),
            said(8, true, "mine", NOON + 9_000),
        ],
    });
    let texts = state.rooms["asha"]
        .entries
        .iter()
        .map(|entry| entry.text.as_str());
    assert_eq!(texts.collect::<Vec<_>>(), ["old", "new", "mine"]);
}

#[test]
fn how_far_a_file_is_stands_at_the_bottom_until_it_is_sent() {
    let mut state = mira();
    let reference = [4; 16];
    state.told(&Event::Sending {
        reference,
        to: name("asha"),
        name: "holiday.mp4".into(),
        done: 42,
        size: 100,
    });
    let shown = "42 % of holiday.mp4 is sent";
    assert!(picture(&mut state, 72, 16).contains(shown));
    state.told(&Event::Sent {
        reference,
        to: name("asha"),
        message: own(1),
        content: None,
    });
    assert!(!picture(&mut state, 72, 16).contains(shown));
}

#[test]
fn what_became_of_a_message_is_seen() {
    let mut state = mira();
    for n in 1..=3 {
        state.said("asha", format!("number {n}"), [n; 16], NOON);
    }
    state.told(&Event::Sent {
        reference: [1; 16],
        to: name("asha"),
        message: own(1),
        content: None,
    });
    state.told(&Event::Refused {
        reference: Some([2; 16]),
        problem: kinora_mmp::Problem {
            code: "queue_full".into(),
            description: "too much waits for asha".into(),
            solution: "wait until it is fetched".into(),
        },
    });
    let voices = state.rooms["asha"].entries.iter().map(|entry| entry.voice);
    let own = |fate| Voice::Own(fate);
    assert_eq!(
        voices.collect::<Vec<_>>(),
        [
            own(Fate::Sent),
            own(Fate::Refused),
            own(Fate::Waiting([3; 16])),
            Voice::Note
        ]
    );
}

#[test]
fn how_far_a_message_came_is_seen_and_never_goes_back() {
    let mut state = mira();
    for n in 1..=3 {
        state.said("asha", format!("number {n}"), [n; 16], NOON);
        state.told(&Event::Sent {
            reference: [n; 16],
            to: name("asha"),
            message: own(n.into()),
            content: None,
        });
    }
    let mut came = |progress, ids: &[i64]| {
        state.told(&Event::Came {
            to: name("asha"),
            progress,
            messages: ids.iter().map(|id| own(*id)).collect(),
        });
        let fates = state.rooms["asha"].entries.iter().map(|entry| entry.voice);
        fates.collect::<Vec<_>>()
    };
    let all = |fates: [Fate; 3]| fates.map(Voice::Own).to_vec();
    let (sent, delivered, read) = (Fate::Sent, Fate::Delivered, Fate::Read);
    assert_eq!(came(Progress::Read, &[1]), all([read, sent, sent]));
    assert_eq!(
        came(Progress::Delivered, &[1, 2, 9]),
        all([read, delivered, sent])
    );
    let seen = picture(&mut state, 72, 12);
    assert!(seen.contains("number 1 (read)"), "{seen}");
    assert!(seen.contains("number 2 (delivered)"), "{seen}");
    assert!(seen.contains("number 3 (sent)"), "{seen}");
}

#[test]
fn a_changed_message_is_seen_where_it_was() {
    let mut state = mira();
    state.told(&message(1, "asha", "asha", "at seven"));
    state.told(&message(2, "asha", "asha", "or not"));
    let edited = |id, from: &str, text: &str| Event::Edited(arrival(id, from, "asha", text));
    state.told(&edited(1, "asha", "at eight"));
    let seen = picture(&mut state, 72, 12);
    assert!(
        seen.contains("at eight (edited)") && !seen.contains("at seven"),
        "{seen}"
    );
    // An own one that is still on its way is not known by its id.
    state.said("asha", "yes".into(), [1; 16], NOON);
    state.told(&edited(3, "mira", "no"));
    assert!(picture(&mut state, 72, 12).contains("no (edited) (not sent yet)"));
}

#[test]
fn a_title_stands_with_the_command_that_plays_it() {
    let mut state = mira();
    let mut title = arrival(1, "asha", "asha", "Our holiday, from 12:31");
    title.content = Some(Content::Card("x".into(), "Our holiday".into(), 751_000));
    state.told(&Event::Message(title));
    let seen = picture(&mut state, 72, 12);
    assert!(
        seen.contains("kinora play 'Our holiday' --at 12:31"),
        "{seen}"
    );
}

#[test]
fn a_title_that_was_sent_is_called_what_the_library_calls_it() {
    let mut state = mira();
    state.said("asha", "holi".into(), [1; 16], NOON);
    state.told(&Event::Sent {
        reference: [1; 16],
        to: name("asha"),
        message: own(1),
        content: Some(Content::Card("x".into(), "Holiday".into(), 0)),
    });
    let entry = &state.rooms["asha"].entries[0];
    assert_eq!(entry.text, "Holiday\nkinora play Holiday");
}

#[test]
fn who_is_writing_is_seen_for_a_while() {
    let mut state = mira();
    let writing = |state: &mut State, until_ms| {
        let from = name("asha");
        state.told(&Event::Writing { from, until_ms });
        picture(state, 72, 12).contains("asha is writing")
    };
    // The picture is of a minute past noon.
    let then = NOON + 60_000;
    assert!(!writing(&mut state, then));
    assert_eq!(state.next_change(then), None);
    assert!(writing(&mut state, then + 1));
    assert_eq!(state.next_change(then), Some(Duration::from_millis(1)));
    state.told(&message(1, "asha", "asha", "there it is"));
    assert!(!picture(&mut state, 72, 12).contains("asha is writing"));
    let signal = [Deed::Give(Command::Writing("asha".into()))];
    assert_eq!(state.pressed(key(KeyCode::Char('a'))), signal);
    state.pressed(key(KeyCode::Backspace));
    assert_eq!(state.pressed(key(KeyCode::Char('/'))), []);
}

#[test]
fn a_wide_terminal_shows_people_beside() {
    let mut state = mira();
    state.told(&message(1, "asha", "asha", "Shall we watch it tonight?"));
    state.told(&message(
        2,
        "asha",
        "asha",
        "I have the long version, with the scenes that were cut in the cinema.",
    ));
    state.said("asha", "Yes!".into(), [1; 16], NOON + 5_000);
    state.told(&Event::Note {
        with: name("asha"),
        text: "asha added the device \"phone\".".into(),
    });
    state.told(&message(3, "ravi", "ravi", "hello"));
    insta::assert_snapshot!(picture(&mut state, 72, 16));
}

#[test]
fn a_narrow_terminal_shows_the_conversation() {
    let mut state = mira();
    for id in 1..30 {
        state.told(&message(id, "asha", "asha", &format!("line {id}")));
    }
    for _ in 0..99 {
        state.pressed(key(KeyCode::PageUp));
    }
    picture(&mut state, 40, 10);
    state.pressed(key(KeyCode::PageDown));
    insta::assert_snapshot!(picture(&mut state, 40, 10));
}

#[test]
fn the_number_is_compared_with_one_key() {
    let mut state = mira();
    let number = "12345 ".repeat(12).trim_end().to_owned();
    state.told(&Event::Safety {
        with: name("asha"),
        number: number.clone(),
        word: "pinned",
        is_drawn: false,
    });
    insta::assert_snapshot!(picture(&mut state, 72, 16));
    // Beside the number, or above it, a camera reads the same.
    for (width, height) in [(80, 24), (50, 34)] {
        let seen = picture(&mut state, width, height);
        let lines: Vec<&str> = seen.lines().collect();
        assert_eq!(qr::read(&lines), number.replace(' ', ""));
        insta::assert_snapshot!(seen);
    }
    let deeds = state.pressed(key(KeyCode::Char('y')));
    let compared = Command::Compared("asha".into(), Some(number));
    assert_eq!(deeds[0], Deed::Give(compared));
    state.overlay = Some(Overlay::Help);
    assert_eq!(state.pressed(key(KeyCode::Char('y'))), []);
    assert_eq!(state.overlay, None);
}

#[test]
fn a_changed_key_is_taken_by_the_number_that_is_seen() {
    let mut state = mira();
    let number = "54321 ".repeat(12).trim_end().to_owned();
    let shown = |word| Event::Safety {
        with: name("asha"),
        number: number.clone(),
        word,
        is_drawn: false,
    };
    state.told(&shown("changed"));
    assert!(picture(&mut state, 72, 18).contains("a: take this key"));
    let deeds = state.pressed(key(KeyCode::Char('a')));
    let accepted = Command::Accept("asha".into(), Some(number.clone()));
    assert_eq!(deeds[0], Deed::Give(accepted));
    // Of a key that has not changed there is nothing to be taken.
    state.told(&shown("pinned"));
    assert!(!picture(&mut state, 72, 18).contains("a: take this key"));
    assert_eq!(state.pressed(key(KeyCode::Char('a'))), []);
}

#[test]
fn an_answer_to_a_new_device_can_be_copied() {
    let mut state = mira();
    assert_eq!(
        typed(&mut state, "/link abc"),
        [Deed::Give(Command::Link("abc".into()))]
    );
    let deeds = state.told(&Event::Answer {
        text: "one\ntwo\n".into(),
        name: name("mira"),
        number: "1".into(),
    });
    let [Deed::Aside(shown)] = deeds.as_slice() else {
        panic!("{deeds:?}");
    };
    assert!(shown.contains("becomes one of mira") && shown.ends_with("\none\ntwo\n"));
}

#[test]
fn a_stranger_cannot_paint() {
    let mut state = mira();
    state.told(&message(
        1,
        "asha",
        "asha",
        "\u{1b}[31mred\u{7}\u{202e}back",
    ));
    let seen = picture(&mut state, 72, 12);
    assert!(!seen.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{seen}");
    assert!(seen.contains("red"), "{seen}");
}
