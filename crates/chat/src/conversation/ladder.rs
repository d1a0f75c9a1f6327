//! What is done when a message cannot be opened: in steps, the mildest first.

use crate::fault::Fault;

/// One step of recovery. The last one is told in the conversation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// Nothing: it is over and done with.
    Drop,
    /// Fetch all that was missed, and try again.
    Fetch,
    /// Open a new group for the pair, with the identities that are pinned.
    Restart,
}

impl Step {
    /// What the conversation says of it; `None` for what nobody needs to know.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::Drop | Self::Fetch => None,
            Self::Restart => {
                Some("Encryption was started anew. Messages sent shortly before may be missing.")
            }
        }
    }
}

/// What to do about a refusal, when `tried` has been done about it before.
pub fn next_step(refusal: &Fault, tried: Option<Step>) -> Step {
    let first = match refusal {
        // Old and repeated ones lose nothing; damaged and forged ones must never be a lever to restart anything.
        Fault::MessageReplayed
        | Fault::EpochPast { .. }
        | Fault::MessageDamaged
        | Fault::NotAllowed(_) => {
            return Step::Drop;
        }
        Fault::GroupOver | Fault::MessageTooFar | Fault::WelcomeUnusable | Fault::StateDamaged => {
            Step::Restart
        }
        _ => Step::Fetch,
    };
    let beyond = match tried {
        None | Some(Step::Drop) => Step::Drop,
        Some(Step::Fetch | Step::Restart) => Step::Restart,
    };
    first.max(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_up_and_never_down() {
        let ahead = Fault::EpochAhead { have: 1, got: 3 };
        assert_eq!(next_step(&ahead, None), Step::Fetch);
        assert_eq!(next_step(&ahead, Some(Step::Fetch)), Step::Restart);
        assert_eq!(next_step(&ahead, Some(Step::Restart)), Step::Restart);
        assert_eq!(next_step(&Fault::MessageTooFar, None), Step::Restart);
        assert_eq!(next_step(&Fault::StateDamaged, None), Step::Restart);
    }

    #[test]
    fn a_stranger_restarts_nothing() {
        for tried in [None, Some(Step::Fetch), Some(Step::Restart)] {
            assert_eq!(next_step(&Fault::MessageDamaged, tried), Step::Drop);
            assert_eq!(next_step(&Fault::MessageReplayed, tried), Step::Drop);
        }
    }

    #[test]
    fn what_touches_the_conversation_is_told_in_it() {
        let told = [Step::Drop, Step::Fetch, Step::Restart].map(|step| step.words().is_some());
        assert_eq!(told, [false, false, true]);
    }
}
