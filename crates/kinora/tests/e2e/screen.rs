//! What somebody at a terminal sees: a pseudo-terminal, and its screen as text.

use crate::chat::Person;
use crate::devices::Asking;
use crate::harness::{Server, kinora};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const ROWS: NonZero<u16> = NonZero::new(24).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(90).unwrap();

/// A terminal with a program in it.
pub(crate) struct Terminal {
    child: Child,
    keys: File,
    parser: vt100::Parser,
}

impl Terminal {
    pub(crate) fn new(command: &Command) -> Self {
        let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&main).unwrap();
        unlockpt(&main).unwrap();
        let size = Winsize {
            ws_row: ROWS.get(),
            ws_col: COLUMNS.get(),
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&main, size).unwrap();
        let name = ptsname(&main, Vec::new()).unwrap();
        let path = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes())).to_owned();
        let end = || {
            Stdio::from(
                OpenOptions::new()
                    .read(true)
                    .write(true)
                    .open(&path)
                    .unwrap(),
            )
        };
        // A session of its own, whose terminal this is.
        let mut own = Command::new("setsid");
        own.arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => own.env(name, value),
                None => own.env_remove(name),
            };
        }
        own.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
        let child = own
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        Self {
            child,
            keys: File::from(main),
            parser: vt100::Parser::new(ROWS, COLUMNS, 0),
        }
    }

    /// What is seen, once it holds.
    pub(crate) fn until(&mut self, holds: impl Fn(&str) -> bool) -> String {
        let mut bytes = [0; 4096];
        loop {
            let seen = self.parser.screen().contents();
            if holds(&seen) {
                return seen;
            }
            let n = self.keys.read(&mut bytes).unwrap_or(0);
            assert!(n > 0, "it ended with\n{seen}");
            self.parser.process(&bytes[..n]);
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// The window is closed: how the program ended.
    fn hang_up(mut self) -> Option<i32> {
        drop(self.keys);
        self.child.wait().unwrap().code()
    }

    /// How it ended; what it still writes is read, so that it can.
    pub(crate) fn end(mut self) -> Option<i32> {
        let mut rest = Vec::new();
        // The end of a pseudo-terminal is an error.
        let _ = self.keys.read_to_end(&mut rest);
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_server_ends_with_its_terminal() {
    let place = tempfile::tempdir().unwrap();
    let mut serve = kinora();
    serve
        .args(["serve", "--mmp-listen", "127.0.0.1:0"])
        .args(["--http-listen", "127.0.0.1:0", "--data"])
        .arg(place.path().join("data"))
        .env("HOME", place.path())
        .env("XDG_CONFIG_HOME", place.path());
    let mut screen = Terminal::new(&serve);
    screen.until(|seen| seen.contains("Stop it: Ctrl-C"));
    assert_eq!(screen.hang_up(), Some(0));
}

#[test]
fn a_terminal_talks_with_a_program() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(&place.path().join("data"), &[]);
    let asha = Person::new(place.path(), "asha", &server);
    let ravi = Person::new(place.path(), "ravi", &server);
    let chat = |person: &Person| person.command(&["chat", "--name", "asha"]);
    let mut screen = Terminal::new(&chat(&asha));
    screen.until(|seen| seen.contains("you are asha - connected"));
    let mut at_ravi = ravi.come();
    screen
        .until(|seen| seen.contains("● ravi") && seen.contains("ravi - not written to yet - here"));

    screen.press("hello ravi\r");
    assert_eq!(at_ravi.message(), ("asha".into(), "hello ravi".into()));
    screen.until(|seen| seen.contains("  hello ravi (read)"));
    screen.press("/edit hello Ravi\r");
    screen.until(|seen| seen.contains("  hello Ravi (edited)"));
    at_ravi.until("edited", |event| event["text"] == "hello Ravi");
    at_ravi.type_in("/open asha");
    at_ravi.type_in("hello asha");
    screen.until(|seen| seen.contains("  hello asha"));
    at_ravi.until("read", |_| true);
    // That somebody writes is seen before they have sent it.
    screen.press("how");
    at_ravi.until("writing", |event| event["from"] == "asha");
    screen.press("\u{7f}\u{7f}\u{7f}");

    // Both see one number; who has compared it, says so with one key.
    at_ravi.type_in("/verify asha");
    let number = at_ravi.until("safety", |_| true)["number"].clone();
    let groups: Vec<String> = number
        .as_str()
        .unwrap()
        .split(' ')
        .map(str::to_owned)
        .collect();
    screen.press("/verify\r");
    screen.until(|seen| groups.iter().all(|group| seen.contains(group)));
    screen.press("y");
    screen.until(|seen| seen.contains("verified: encrypted, compared"));
    screen.press(" ");

    // What comes while another conversation is seen has come, and is not read until it is seen.
    let mia = Person::new(place.path(), "mia", &server);
    let mut at_mia = mia.come();
    at_mia.type_in("/open asha");
    at_mia.type_in("hello from mia");
    screen.until(|seen| seen.contains("mia (1)"));
    at_mia.until("delivered", |_| true);
    screen.press("\u{e}");
    screen.until(|seen| seen.contains("  hello from mia"));
    at_mia.until("read", |_| true);
    assert_eq!(at_mia.quit(), Some(0));
    screen.press("/open ravi\r");

    // What a new device needs stands outside of the screen, to be copied; a key brings all of the talk back.
    let phone = Person::new(place.path(), "phone", &server);
    let asks = Asking::new(&phone, "phone");
    screen.press(&format!("/link {}\r", asks.code()));
    let seen = screen.until(|seen| seen.contains("END KINORA DEVICE") && seen.contains("any key"));
    assert!(!seen.contains("hello"), "{seen}");
    screen.press(" ");
    screen.until(|seen| {
        seen.contains("you are asha - connected") && seen.contains("  hello Ravi (edited)")
    });
    drop(asks);

    assert_eq!(at_ravi.quit(), Some(0));
    screen.until(|seen| seen.contains("○ ravi"));
    screen.press("/quit\r");
    assert_eq!(screen.end(), Some(0));

    // What was said is there again.
    let mut screen = Terminal::new(&chat(&asha));
    screen.until(|seen| seen.contains("○ ravi"));
    screen.press("/open ravi\r");
    screen.until(|seen| {
        seen.contains("  hello Ravi (edited) (read)") && seen.contains("  hello asha")
    });
    screen.press("\u{3}");
    assert_eq!(screen.end(), Some(0));
}
