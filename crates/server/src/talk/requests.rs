//! What a device asks to be changed, from frames to the store's words.

use kinora_store::post::{Act, Change, Mail, Seat};
use kinora_talk::field::{GroupId, Reference};
use kinora_talk::frame::{Commit, Open, Send};
use kinora_talk::name::Name;

/// A new group.
pub(super) fn open(seat: Seat, open: Open) -> Change {
    let mail = Mail::Open {
        replaces: open.replaces.map(|group| group.0),
        welcome: open.welcome.into_inner(),
    };
    change(
        seat,
        open.step,
        open.reference,
        &open.peer,
        open.group,
        mail,
    )
}

/// A group's next epoch.
pub(super) fn commit(seat: Seat, commit: Commit) -> Change {
    let welcomed = commit.welcomed.iter().map(|device| device.0).collect();
    let mail = Mail::Commit {
        epoch: commit.epoch,
        commit: commit.commit.into_inner(),
        welcome: commit
            .welcome
            .map(|welcome| (welcome.into_inner(), welcomed)),
    };
    let (reference, group) = (commit.reference, commit.group);
    change(seat, commit.step, reference, &commit.peer, group, mail)
}

/// A message.
pub(super) fn send(seat: Seat, send: Send) -> Change {
    let mail = Mail::Message {
        epoch: send.epoch,
        message: send.message.into_inner(),
        follows: send.follows.map(|first| first.0),
    };
    change(
        seat,
        send.step,
        send.reference,
        &send.peer,
        send.group,
        mail,
    )
}

fn change(
    seat: Seat,
    step: u64,
    reference: Reference,
    peer: &Name,
    group: GroupId,
    mail: Mail,
) -> Change {
    let act = Act::Mail {
        reference: reference.0,
        peer: peer.as_str().to_owned(),
        group: group.0,
        mail,
    };
    Change { seat, step, act }
}
