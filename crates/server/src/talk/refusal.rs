//! Refusals in the words of all doors, as frames; and with which code a connection is closed after some of them.

use crate::fault::Fault;
use kinora_store::post::Refusal;
use kinora_talk::field::{Reference, Text};
use kinora_talk::frame::Refused;

/// Codes after which a connection is closed, and with what (RFC 6455 §7.4.2 leaves 4000 to 4999 to applications).
const CLOSING: &[(u16, &[&str])] = &[
    (4400, &["bad_frame"]),
    (
        4401,
        &[
            "login_required",
            "unknown_device",
            "device_removed",
            "wrong_proof",
            "certificate_damaged",
            "certificate_forged",
        ],
    ),
    (
        4409,
        &[
            "name_taken",
            "name_invalid",
            "name_reserved",
            "device_taken",
            "too_many_devices",
        ],
    ),
    (4429, &["too_many_names"]),
];

/// What a device hears that was removed.
const DEVICE_REMOVED: (&str, &str, &str) = (
    "device_removed",
    "this device was removed by its owner, and is let in no more",
    "if that was a mistake, make it a new device of the same name, with a code",
);

/// The device was removed.
pub(super) fn device_removed() -> Refused {
    let (code, description, solution) = DEVICE_REMOVED;
    refused(code, description, solution)
}

/// With which code a connection is closed after this refusal; none when it goes on.
pub(super) fn closing(code: &str) -> Option<u16> {
    let found = CLOSING.iter().find(|(_, codes)| codes.contains(&code));
    found.map(|(close, _)| *close)
}

/// A refusal.
pub(super) fn refused(code: &str, description: &str, solution: &str) -> Refused {
    Refused {
        code: Text::cut(code),
        description: Text::cut(description),
        solution: Text::cut(solution),
        reference: None,
        retry_after_s: None,
        epoch: None,
    }
}

/// What is wrong with a name, a certificate or a frame.
pub(super) fn of_talk(fault: &kinora_talk::Fault) -> Refused {
    refused(fault.code(), &fault.to_string(), fault.solution())
}

/// A service of ours failed.
pub(super) fn of_fault(fault: &Fault, reference: Option<Reference>) -> Refused {
    let problem = &fault.problem;
    Refused {
        reference,
        ..refused(&problem.code, &problem.description, &problem.solution)
    }
}

/// Not so fast.
pub(super) fn slower(
    code: &str,
    description: &str,
    seconds: f64,
    reference: Option<Reference>,
) -> Refused {
    Refused {
        reference,
        retry_after_s: Some(seconds.ceil() as u32),
        ..refused(
            code,
            description,
            "wait as long as the answer says, then send it again",
        )
    }
}

/// A change that the store refused.
pub(super) fn of_store(refusal: Refusal, reference: Reference) -> Refused {
    let (code, description, solution) = match refusal {
        Refusal::DeviceRemoved => DEVICE_REMOVED,
        Refusal::UnknownPeer => (
            "unknown_user",
            "nobody here has this name",
            "look at the list of people",
        ),
        Refusal::Yourself => (
            "not_yourself",
            "a conversation is between two people",
            "name somebody else",
        ),
        Refusal::Superseded => (
            "superseded",
            "this conversation was opened by somebody else first",
            "nothing; the other invitation is on its way, and messages go through it",
        ),
        Refusal::NoConversation => (
            "no_conversation",
            "this conversation does not exist, or was opened anew",
            "open it again; what was received stays",
        ),
        Refusal::StaleEpoch { .. } => (
            "stale_epoch",
            "the conversation's keys were renewed meanwhile",
            "nothing; it is encrypted with the new ones and sent again",
        ),
        Refusal::QueueFull => (
            "queue_full",
            "too much waits for a device of the other one that has been away for long",
            "try again when they have been here, or ask them to come online",
        ),
        Refusal::OutOfTurn => (
            "out_of_turn",
            "the message in front of it was not taken",
            "send that one again first, and this one behind it",
        ),
    };
    let epoch = match refusal {
        Refusal::StaleEpoch { current } => Some(current),
        _ => None,
    };
    Refused {
        reference: Some(reference),
        epoch,
        ..refused(code, description, solution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_refusals_end_a_connection() {
        assert_eq!(closing("name_taken"), Some(4409));
        assert_eq!(closing("wrong_proof"), Some(4401));
        assert_eq!(closing("queue_full"), None);
        let reference = kinora_talk::field::Fixed([1; 16]);
        let stale = of_store(Refusal::StaleEpoch { current: 7 }, reference);
        assert_eq!((&*stale.code, stale.epoch), ("stale_epoch", Some(7)));
        assert_eq!(slower("too_fast", "x", 0.2, None).retry_after_s, Some(1));
    }
}
