//! What a child prints, as lines, within limits.

use crate::policy;
use std::collections::VecDeque;

/// Bytes to whole lines; a line that never ends is cut.
#[derive(Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut whole = Vec::new();
        for &byte in bytes {
            if byte == b'\n' || byte == b'\r' {
                if !self.rest.is_empty() {
                    whole.push(String::from_utf8_lossy(&self.rest).into_owned());
                    self.rest.clear();
                }
            } else if self.rest.len() < policy::COMPLAINT_BYTES {
                self.rest.push(byte);
            }
        }
        whole
    }
}

/// The last lines that a child wrote to standard error.
#[derive(Default)]
pub(super) struct Complaints {
    lines: Lines,
    kept: VecDeque<String>,
}

impl Complaints {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for line in self.lines.push(bytes) {
            if self.kept.len() == policy::COMPLAINTS {
                self.kept.pop_front();
            }
            self.kept.push_back(line);
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let rest = &self.lines.rest;
        let open = (!rest.is_empty()).then(|| String::from_utf8_lossy(rest).into_owned());
        self.kept.iter().cloned().chain(open).collect()
    }
}
