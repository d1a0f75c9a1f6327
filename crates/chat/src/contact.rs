//! How well a person is known: new, pinned, verified, changed; and what each state allows.
//!
//! A changed key is a note for somebody whose number was never compared, and a wall for somebody who was: people reset
//! their devices far more often than they are attacked, and a warning that always cries is read by nobody.

use crate::certificate::IdentityKey;

/// What this client remembers of one person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Contact {
    /// Never talked to.
    #[default]
    New,
    /// Known since the first message, not compared.
    Pinned(IdentityKey),
    /// Safety numbers were compared.
    Verified(IdentityKey),
    /// The directory shows another key than the one that was known.
    Changed {
        /// The key that was known.
        known: IdentityKey,
        /// The key that is shown now.
        shown: IdentityKey,
        /// Whether the known one had been compared.
        was_verified: bool,
    },
}

/// Whether a message may go out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sending {
    /// Nothing is to be said.
    Free,
    /// It goes, and a line says that the key changed.
    Advised,
    /// It does not go until the numbers are compared or the new key is accepted in words.
    Blocked,
}

impl Contact {
    /// The state's one word, the same in every client.
    pub fn word(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Pinned(_) => "pinned",
            Self::Verified(_) => "verified",
            Self::Changed { .. } => "changed",
        }
    }

    /// The key that members are checked against: never one that only the server vouches for once another was known
    /// and compared.
    pub fn identity(&self) -> Option<IdentityKey> {
        match self {
            Self::New => None,
            Self::Pinned(key) | Self::Verified(key) => Some(*key),
            Self::Changed {
                known,
                was_verified: true,
                ..
            } => Some(*known),
            Self::Changed {
                shown,
                was_verified: false,
                ..
            } => Some(*shown),
        }
    }

    /// The key that was known before anything changed.
    pub fn known(&self) -> Option<IdentityKey> {
        match self {
            Self::New => None,
            Self::Pinned(key) | Self::Verified(key) | Self::Changed { known: key, .. } => {
                Some(*key)
            }
        }
    }

    /// Whether a message may go to this person.
    pub fn sending(&self) -> Sending {
        match self {
            Self::New | Self::Pinned(_) | Self::Verified(_) => Sending::Free,
            Self::Changed {
                was_verified: false,
                ..
            } => Sending::Advised,
            Self::Changed {
                was_verified: true, ..
            } => Sending::Blocked,
        }
    }

    /// The directory shows this key.
    #[must_use]
    pub fn seen(self, shown: IdentityKey) -> Self {
        match self {
            Self::New => Self::Pinned(shown),
            Self::Pinned(known) if known != shown => Self::Changed {
                known,
                shown,
                was_verified: false,
            },
            Self::Verified(known) if known != shown => Self::Changed {
                known,
                shown,
                was_verified: true,
            },
            // The old key is back: what was known of it still holds.
            Self::Changed {
                known,
                was_verified,
                ..
            } if known == shown => match was_verified {
                true => Self::Verified(known),
                false => Self::Pinned(known),
            },
            Self::Changed {
                known,
                was_verified,
                ..
            } => Self::Changed {
                known,
                shown,
                was_verified,
            },
            same => same,
        }
    }

    /// The safety number made with this key was compared, and is right.
    #[must_use]
    pub fn compared(self, key: IdentityKey) -> Self {
        match self {
            Self::Pinned(known) | Self::Verified(known) if known == key => Self::Verified(key),
            Self::Changed { shown, .. } if shown == key => Self::Verified(key),
            other => other,
        }
    }

    /// The user says in words that this new key is to be taken, without comparing. What was verified is verified no more.
    #[must_use]
    pub fn accepted(self, key: IdentityKey) -> Self {
        match self {
            Self::Changed { shown, .. } if shown == key => Self::Pinned(key),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: IdentityKey = IdentityKey([1; 32]);
    const NEW: IdentityKey = IdentityKey([2; 32]);

    fn check(contact: Contact, word: &str, sending: Sending, identity: Option<IdentityKey>) {
        assert_eq!(contact.word(), word);
        assert_eq!(contact.sending(), sending);
        assert_eq!(contact.identity(), identity);
    }

    #[test]
    fn a_change_advises_when_nothing_was_compared() {
        check(Contact::New, "new", Sending::Free, None);
        let pinned = Contact::New.seen(OLD);
        check(pinned, "pinned", Sending::Free, Some(OLD));
        check(pinned.seen(NEW), "changed", Sending::Advised, Some(NEW));
        check(
            pinned.seen(NEW).accepted(NEW),
            "pinned",
            Sending::Free,
            Some(NEW),
        );
    }

    #[test]
    fn a_change_blocks_when_numbers_were_compared() {
        let verified = Contact::New.seen(OLD).compared(OLD);
        check(verified, "verified", Sending::Free, Some(OLD));
        let changed = verified.seen(NEW);
        check(changed, "changed", Sending::Blocked, Some(OLD));
        check(changed.seen(OLD), "verified", Sending::Free, Some(OLD));
        check(changed.compared(NEW), "verified", Sending::Free, Some(NEW));
        check(changed.accepted(NEW), "pinned", Sending::Free, Some(NEW));
        // What was looked at while the key changed again does not count.
        let third = IdentityKey([3; 32]);
        check(
            changed.seen(third).accepted(NEW),
            "changed",
            Sending::Blocked,
            Some(OLD),
        );
        check(
            changed.seen(third).compared(NEW),
            "changed",
            Sending::Blocked,
            Some(OLD),
        );
    }

    #[test]
    fn nothing_is_verified_by_a_key_that_is_not_shown() {
        assert_eq!(Contact::New.compared(OLD), Contact::New);
        assert_eq!(Contact::New.seen(OLD).compared(NEW), Contact::Pinned(OLD));
        assert_eq!(Contact::New.seen(OLD).accepted(NEW), Contact::Pinned(OLD));
    }
}
