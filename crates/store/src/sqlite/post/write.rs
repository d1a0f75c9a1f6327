//! What devices send: the order of a conversation, and an envelope for each of its devices.
//!
//! A change looks at everything first and writes after, so that one that is refused has changed nothing of the
//! transaction that it shares with others.
//!
//! Ten statements for each message are most of what it costs the server. `returning` and `in (…)` have SQLite make a table
//! for the while, which costs as much as a statement; so what is needed is read first, and pairs are halves of a union.

use super::people;
use crate::Fault;
use crate::post::{Act, Bounds, Change, Kind, Mail, Outcome, Reached, Refusal, Seat};
use crate::sqlite::row::{all, change, one};
use rusqlite::{Connection, params};

/// The largest number that a column holds.
const LARGEST: u64 = i64::MAX as u64;

/// The sender, as far as a change needs it.
struct Sender {
    seat: Seat,
    person: i64,
    last: u64,
}

/// The two people of a conversation, and its group if it has one.
struct Pair {
    peer: i64,
    low: i64,
    high: i64,
    current: Option<([u8; 32], u64)>,
}

/// A device that gets something, and what waits for it already.
#[derive(Clone, Copy)]
struct Recipient {
    seat: Seat,
    id: [u8; 16],
    person: i64,
    last: u64,
    waiting: u64,
    waiting_bytes: u64,
}

/// An envelope, and whom it is for.
struct Letter<'a> {
    kind: Kind,
    epoch: u64,
    bytes: &'a [u8],
    to: Vec<Recipient>,
}

pub(super) fn apply(
    connection: &Connection,
    each: &Change,
    now_ms: u64,
    bounds: &Bounds,
) -> Result<Outcome, Fault> {
    // Beyond what a column holds nobody counts; whoever says so harms nobody else's part of the transaction.
    let step = each.step.min(LARGEST);
    match &each.act {
        Act::Ack(number) => acknowledge(connection, each.seat, step, (*number).min(LARGEST)),
        Act::Mail {
            reference,
            peer,
            group,
            mail,
        } => {
            let Some(sender) = sender(connection, each.seat, step)? else {
                return Ok(Outcome::Refused(Refusal::DeviceRemoved));
            };
            match turn(connection, each.seat, reference, mail)? {
                Turn::Over(before) => return Ok(before),
                Turn::Early => return Ok(Outcome::Refused(Refusal::OutOfTurn)),
                Turn::Now => {}
            }
            let plan = plan(connection, &sender, peer, group, mail, bounds)?;
            let (pair, letters) = match plan {
                Ok(plan) => plan,
                Err(refusal) => return Ok(Outcome::Refused(refusal)),
            };
            let moved = epoch_after(mail);
            if let Some(epoch) = moved {
                settle(connection, &pair, group, epoch)?;
            }
            let mut reached = Vec::new();
            for letter in &letters {
                reached.extend(post(
                    connection, &sender, &pair, group, letter, now_ms, bounds,
                )?);
            }
            remember(connection, &sender, reference, now_ms, bounds)?;
            Ok(Outcome::Taken {
                behind: sender.last,
                at_ms: now_ms,
                reached,
            })
        }
    }
}

/// The epoch in which a conversation is after it; none for what does not move it.
fn epoch_after(mail: &Mail) -> Option<u64> {
    match mail {
        Mail::Open { .. } => Some(1),
        Mail::Commit { epoch, .. } => Some(epoch + 1),
        Mail::Message { .. } => None,
    }
}

/// Whether it is time for what is sent.
enum Turn {
    Now,
    /// It was taken before: what was answered then.
    Over(Outcome),
    /// What it follows was not taken yet: whoever has several on their way has none of them overtaken.
    Early,
}

fn turn(
    connection: &Connection,
    Seat(seat): Seat,
    reference: &[u8; 16],
    mail: &Mail,
) -> Result<Turn, Fault> {
    let follows = match mail {
        Mail::Message { follows, .. } => follows.as_ref(),
        _ => None,
    };
    const SQL: &str = "
        select true, behind, at_ms from repeats where seat = ?1 and reference = ?2
        union all
        select false, behind, at_ms from repeats where seat = ?1 and reference = ?3";
    let known = all(connection, SQL, params![seat, reference, follows], |row| {
        let taken = Outcome::Taken {
            behind: row.get(1)?,
            at_ms: row.get(2)?,
            reached: Vec::new(),
        };
        Ok((row.get::<_, bool>(0)?, taken))
    })?;
    let is_next = follows.is_none() || known.iter().any(|(is_itself, _)| !is_itself);
    let before = known.into_iter().find(|(is_itself, _)| *is_itself);
    Ok(match before {
        Some((_, before)) => Turn::Over(before),
        None if is_next => Turn::Now,
        None => Turn::Early,
    })
}

/// Looks whether it can be done, and says what there is to be posted.
fn plan<'a>(
    connection: &Connection,
    sender: &Sender,
    peer: &str,
    group: &[u8; 32],
    mail: &'a Mail,
    bounds: &Bounds,
) -> Result<Result<(Pair, Vec<Letter<'a>>), Refusal>, Fault> {
    let Some(peer) = people::number(connection, peer)? else {
        return Ok(Err(Refusal::UnknownPeer));
    };
    if peer == sender.person {
        return Ok(Err(Refusal::Yourself));
    }
    let pair = pair(connection, sender.person, peer)?;
    if let Err(refusal) = allowed(&pair, group, mail, bounds) {
        return Ok(Err(refusal));
    }
    let others = recipients(connection, sender, peer)?;
    let letters = letters(mail, &others);
    let is_full = |recipient: &Recipient| {
        let is_for = |letter: &&Letter<'_>| letter.to.iter().any(|to| to.seat == recipient.seat);
        let more = letters.iter().filter(is_for);
        let sizes: Vec<u64> = more.map(|letter| letter.bytes.len() as u64).collect();
        recipient.waiting + sizes.len() as u64 > bounds.queue
            || recipient.waiting_bytes + sizes.iter().sum::<u64>() > bounds.queue_bytes
    };
    if others.iter().any(is_full) {
        return Ok(Err(Refusal::QueueFull));
    }
    Ok(Ok((pair, letters)))
}

/// All devices of both people but the one that sends.
fn recipients(
    connection: &Connection,
    sender: &Sender,
    peer: i64,
) -> Result<Vec<Recipient>, Fault> {
    const SQL: &str = "
        select seat, id, person, last, waiting, waiting_bytes from devices join counters using (seat)
            where person = ?1 and seat <> ?3
        union all
        select seat, id, person, last, waiting, waiting_bytes from devices join counters using (seat)
            where person = ?2";
    all(
        connection,
        SQL,
        [sender.person, peer, sender.seat.0],
        |row| {
            Ok(Recipient {
                seat: Seat(row.get(0)?),
                id: row.get(1)?,
                person: row.get(2)?,
                last: row.get(3)?,
                waiting: row.get(4)?,
                waiting_bytes: row.get(5)?,
            })
        },
    )
}

/// The rules of a conversation's order.
fn allowed(pair: &Pair, group: &[u8; 32], mail: &Mail, bounds: &Bounds) -> Result<(), Refusal> {
    let current = pair.current.as_ref();
    match mail {
        Mail::Open { replaces, .. } => {
            let is_free = current.map(|(group, _)| group) == replaces.as_ref();
            is_free.then_some(()).ok_or(Refusal::Superseded)
        }
        Mail::Commit { epoch, .. } => {
            let current = in_group(current, group)?;
            let is_current = *epoch == current;
            is_current
                .then_some(())
                .ok_or(Refusal::StaleEpoch { current })
        }
        Mail::Message { epoch, .. } => {
            let current = in_group(current, group)?;
            let is_near = *epoch <= current && epoch.saturating_add(bounds.grace) >= current;
            is_near.then_some(()).ok_or(Refusal::StaleEpoch { current })
        }
    }
}

fn in_group(current: Option<&([u8; 32], u64)>, group: &[u8; 32]) -> Result<u64, Refusal> {
    let same = current.filter(|(known, _)| known == group);
    same.map(|(_, epoch)| *epoch).ok_or(Refusal::NoConversation)
}

fn letters<'a>(mail: &'a Mail, others: &[Recipient]) -> Vec<Letter<'a>> {
    let chosen = |is_for: &dyn Fn(&[u8; 16]) -> bool| {
        let chosen = others.iter().filter(|other| is_for(&other.id));
        chosen.copied().collect::<Vec<_>>()
    };
    match mail {
        Mail::Open { welcome, .. } => vec![Letter {
            kind: Kind::Welcome,
            epoch: 1,
            bytes: welcome,
            to: chosen(&|_| true),
        }],
        Mail::Message { epoch, message, .. } => vec![Letter {
            kind: Kind::Message,
            epoch: *epoch,
            bytes: message,
            to: chosen(&|_| true),
        }],
        Mail::Commit {
            epoch,
            commit,
            welcome,
        } => {
            let welcomed = welcome.as_ref().map_or(&[][..], |(_, to)| to.as_slice());
            let mut letters = vec![Letter {
                kind: Kind::Commit,
                epoch: *epoch,
                bytes: commit,
                to: chosen(&|id| !welcomed.contains(id)),
            }];
            letters.extend(welcome.as_ref().map(|(bytes, to)| Letter {
                kind: Kind::Welcome,
                epoch: epoch + 1,
                bytes,
                to: chosen(&|id| to.contains(id)),
            }));
            letters
        }
    }
}

fn post(
    connection: &Connection,
    sender: &Sender,
    pair: &Pair,
    group: &[u8; 32],
    letter: &Letter<'_>,
    now_ms: u64,
    bounds: &Bounds,
) -> Result<Vec<Reached>, Fault> {
    const COUNT: &str =
        "update counters set last = ?2, waiting = waiting + 1, waiting_bytes = waiting_bytes + ?3
        where seat = ?1";
    const ADD: &str = "insert into envelopes
        (seat, number, kind, sender, partner, group_id, epoch, bytes, at_ms, expires_s)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let kind = match letter.kind {
        Kind::Message => 0,
        Kind::Commit => 1,
        Kind::Welcome => 2,
    };
    let expires_s = now_ms / 1000 + bounds.envelope_keep_s;
    let mut reached = Vec::with_capacity(letter.to.len());
    for to in &letter.to {
        let (Seat(seat), length) = (to.seat, letter.bytes.len() as u64);
        // Nobody gets two letters of one change.
        let number = to.last + 1;
        change(connection, COUNT, params![seat, number, length])?;
        // An own device talks with the peer, everybody else with the sender.
        let is_own = to.person == sender.person;
        let partner = if is_own { pair.peer } else { sender.person };
        change(
            connection,
            ADD,
            params![
                seat,
                number,
                kind,
                sender.person,
                partner,
                group,
                letter.epoch,
                letter.bytes,
                now_ms,
                expires_s
            ],
        )?;
        reached.push(Reached {
            seat: to.seat,
            number,
            is_own,
        });
    }
    Ok(reached)
}

fn acknowledge(
    connection: &Connection,
    Seat(seat): Seat,
    step: u64,
    number: u64,
) -> Result<Outcome, Fault> {
    const THERE: &str = "select count(*), coalesce(sum(length(bytes)), 0) from envelopes
        where seat = ?1 and number <= ?2";
    const GONE: &str = "delete from envelopes where seat = ?1 and number <= ?2";
    const LESS: &str = "update counters set step = max(step, ?2), waiting = waiting - ?3,
        waiting_bytes = waiting_bytes - ?4 where seat = ?1";
    let there = one(connection, THERE, params![seat, number], |row| {
        Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?))
    })?;
    let (count, bytes) = there.unwrap_or_default();
    if count > 0 {
        change(connection, GONE, params![seat, number])?;
    }
    change(connection, LESS, params![seat, step, count, bytes])?;
    Ok(Outcome::Acked)
}

fn remember(
    connection: &Connection,
    sender: &Sender,
    reference: &[u8; 16],
    now_ms: u64,
    bounds: &Bounds,
) -> Result<(), Fault> {
    let sql = "insert into repeats (seat, reference, behind, at_ms, expires_s) values (?1, ?2, ?3, ?4, ?5)";
    let expires_s = now_ms / 1000 + bounds.repeat_keep_s;
    let values = params![sender.seat.0, reference, sender.last, now_ms, expires_s];
    change(connection, sql, values)?;
    Ok(())
}

/// Who sends, with the highest step that was told remembered. Nobody, when the device was removed meanwhile.
fn sender(connection: &Connection, seat: Seat, step: u64) -> Result<Option<Sender>, Fault> {
    const SQL: &str =
        "select person, last, step from counters join devices using (seat) where seat = ?1";
    let known = one(connection, SQL, [seat.0], |row| {
        let sender = Sender {
            seat,
            person: row.get(0)?,
            last: row.get(1)?,
        };
        Ok((sender, row.get::<_, u64>(2)?))
    })?;
    let Some((sender, before)) = known else {
        return Ok(None);
    };
    if step > before {
        let sql = "update counters set step = ?2 where seat = ?1";
        change(connection, sql, params![seat.0, step])?;
    }
    Ok(Some(sender))
}

fn pair(connection: &Connection, one_of: i64, peer: i64) -> Result<Pair, Fault> {
    let (low, high) = (one_of.min(peer), one_of.max(peer));
    let sql = "select group_id, epoch from conversations where low = ?1 and high = ?2";
    let current = one(connection, sql, [low, high], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(Pair {
        peer,
        low,
        high,
        current,
    })
}

fn settle(connection: &Connection, pair: &Pair, group: &[u8; 32], epoch: u64) -> Result<(), Fault> {
    let sql = "insert into conversations (low, high, group_id, epoch) values (?1, ?2, ?3, ?4)
        on conflict (low, high) do update set group_id = excluded.group_id, epoch = excluded.epoch";
    change(connection, sql, params![pair.low, pair.high, group, epoch])?;
    Ok(())
}
