use super::room::{Fate, Voice};
use super::state::{Deed, Overlay, State};
use super::view::{Look, draw};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use kinora_client::talk::{Command, Event, Name, Said, Standing};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

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
    Event::Message {
        id,
        from: name(from),
        with: name(with),
        device: "laptop".into(),
        counter: id as u64,
        text: text.into(),
        written_ms: NOON + id as u64 * 1000,
        at_ms: NOON,
    }
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
    assert_eq!(deeds, [Deed::Give(Command::Past("asha".into()))]);
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
        assert_eq!(state.pressed(key(KeyCode::Char(letter))), []);
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
    assert_eq!(
        typed(&mut state, "/open ravi"),
        give(Command::Past("ravi".into()))
    );
    assert_eq!(
        typed(&mut state, "/accept")[..1],
        give(Command::Accept("ravi".into()))
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
    assert_eq!(
        state.pressed(control('n')),
        [Deed::Give(Command::Past("ravi".into()))]
    );
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
    assert_eq!(state.told(&message(2, "asha", "asha", "hello")), []);
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
        written_ms,
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
fn what_became_of_a_message_is_seen() {
    let mut state = mira();
    for n in 1..=3 {
        state.said("asha", format!("number {n}"), [n; 16], NOON);
    }
    state.told(&Event::Sent {
        reference: [1; 16],
        to: name("asha"),
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
    state.told(&Event::Safety {
        with: name("asha"),
        number: "12345 ".repeat(12).trim_end().into(),
        word: "pinned",
    });
    insta::assert_snapshot!(picture(&mut state, 72, 16));
    let deeds = state.pressed(key(KeyCode::Char('y')));
    assert_eq!(deeds[0], Deed::Give(Command::Compared("asha".into())));
    state.overlay = Some(Overlay::Help);
    assert_eq!(state.pressed(key(KeyCode::Char('y'))), []);
    assert_eq!(state.overlay, None);
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
