//! One conversation as it is on the screen.

use crate::card;
use kinora_client::talk::{Progress, Said};
use ratatui_textarea::{TextArea, WrapMode};

/// Entries that are kept of a conversation; older ones stay in the file.
pub(super) const ENTRIES_MAX: usize = 2_000;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// The other one.
    Theirs,
    /// This user, and what became of it.
    Own(Fate),
    /// The program.
    Note,
}

/// What became of an own message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// On its way, under this name.
    Waiting([u8; 16]),
    /// On the server's disk.
    Sent,
    /// On the disk of one of the other one's devices.
    Delivered,
    /// Before their eyes.
    Read,
    /// It will not be sent.
    Refused,
}

/// One message or note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) voice: Voice,
    pub(super) text: String,
    /// Milliseconds since 1970; none for notes.
    pub(super) at_ms: Option<u64>,
    /// By which the file knows it, where that is known.
    pub(super) id: Option<i64>,
    /// It said something else before.
    pub(super) is_edited: bool,
}

/// A conversation.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) entries: Vec<Entry>,
    pub(super) unread: usize,
    /// Lines by which it is scrolled up from its end.
    pub(super) scrolled: usize,
    pub(super) draft: TextArea<'static>,
    /// The past has been asked for.
    pub(super) is_opened: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            unread: 0,
            scrolled: 0,
            draft: blank(),
            is_opened: false,
        }
    }
}

impl Room {
    /// Adds at the end.
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
        if self.entries.len() > ENTRIES_MAX {
            self.entries.remove(0);
        }
    }

    /// Puts what was said before the program began in front. What is there already is not repeated: others' messages by
    /// their ids, own ones by when they were written.
    pub(super) fn recall(&mut self, past: &[Said], began_ms: u64) {
        let is_known = |said: &Said| {
            let is_here = self.entries.iter().any(|entry| entry.id == Some(said.id));
            is_here || (said.is_own && said.written_ms >= began_ms)
        };
        let mut all: Vec<Entry> = past
            .iter()
            .filter(|said| !is_known(said))
            .map(recalled)
            .collect();
        all.append(&mut self.entries);
        let surplus = all.len().saturating_sub(ENTRIES_MAX);
        self.entries = all.split_off(surplus);
    }

    /// An own message that is on its way.
    pub(super) fn waiting(&mut self, reference: [u8; 16]) -> Option<&mut Entry> {
        let waiting = Voice::Own(Fate::Waiting(reference));
        self.entries.iter_mut().find(|entry| entry.voice == waiting)
    }

    /// What became of an own message, and by which the file knows it from now on. False when it is not one of these.
    pub(super) fn settle(&mut self, reference: [u8; 16], fate: Fate, id: Option<i64>) -> bool {
        let Some(entry) = self.waiting(reference) else {
            return false;
        };
        entry.voice = Voice::Own(fate);
        entry.id = id.or(entry.id);
        true
    }

    /// An own message came so far. It does not go back.
    pub(super) fn came(&mut self, id: i64, fate: Fate) {
        let found = self.entries.iter_mut().find(|entry| entry.id == Some(id));
        if let Some(entry) = found.filter(|entry| entry.voice != Voice::Own(Fate::Read)) {
            entry.voice = Voice::Own(fate);
        }
    }

    /// A message says something else now. One of our own that is on its way has no id yet: it is the last one.
    pub(super) fn edit(&mut self, id: i64, is_own: bool, text: String) {
        let is_known = self.entries.iter().any(|entry| entry.id == Some(id));
        let is_it = |entry: &Entry| match is_known {
            true => entry.id == Some(id),
            false => is_own && matches!(entry.voice, Voice::Own(_)) && entry.id.is_none(),
        };
        if let Some(entry) = self.entries.iter_mut().rfind(|entry| is_it(entry)) {
            (entry.text, entry.is_edited) = (text, true);
        }
    }

    /// Takes away what is written.
    pub(super) fn take_draft(&mut self) -> String {
        let draft = std::mem::replace(&mut self.draft, blank());
        draft.into_lines().join("\n")
    }
}

fn blank() -> TextArea<'static> {
    let mut area = TextArea::default();
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(ratatui::style::Style::default());
    area
}

fn recalled(said: &Said) -> Entry {
    let fate = match (said.waits, said.progress) {
        (Some(reference), _) => Fate::Waiting(reference),
        (None, None) => Fate::Sent,
        (None, Some(Progress::Delivered)) => Fate::Delivered,
        (None, Some(Progress::Read)) => Fate::Read,
    };
    Entry {
        voice: if said.is_own {
            Voice::Own(fate)
        } else {
            Voice::Theirs
        },
        text: card::shown(said.id, &said.text, said.content.as_ref()),
        at_ms: Some(said.written_ms),
        id: Some(said.id),
        is_edited: said.is_edited,
    }
}
