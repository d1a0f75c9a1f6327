//! What waits for devices, and what has waited too long.

use crate::Fault;
use crate::post::{Kind, Seat, Waiting};
use crate::sqlite::row::{change, one};
use rusqlite::{Connection, Row, params};

pub(super) fn waiting(
    connection: &Connection,
    Seat(seat): Seat,
    after: u64,
    most: usize,
    most_bytes: usize,
) -> Result<Vec<Waiting>, Fault> {
    const SQL: &str = "
        select number, kind, people.name as sender, partners.name as partner, group_id, epoch, bytes, at_ms
        from envelopes
        join people on people.person = envelopes.sender
        join people as partners on partners.person = envelopes.partner
        where seat = ?1 and number > ?2 order by number limit ?3";
    let mut statement = connection.prepare_cached(SQL)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![seat, after, most])?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let next = letter(row)?;
        bytes += next.bytes.len();
        if bytes > most_bytes && !found.is_empty() {
            break;
        }
        found.push(next);
    }
    Ok(found)
}

fn letter(row: &Row<'_>) -> Result<Waiting, Fault> {
    let kind = match row.get("kind")? {
        0 => Kind::Message,
        1 => Kind::Commit,
        2 => Kind::Welcome,
        other => return Err(Fault::Corrupt(format!("{other} is no kind of envelope"))),
    };
    Ok(Waiting {
        number: row.get("number")?,
        kind,
        from: row.get("sender")?,
        with: row.get("partner")?,
        group: row.get("group_id")?,
        epoch: row.get("epoch")?,
        bytes: row.get("bytes")?,
        at_ms: row.get("at_ms")?,
    })
}

pub(super) fn sweep(connection: &Connection, now_s: u64) -> Result<u64, Fault> {
    // Of envelopes, all that came before the first that may stay: in the order in which they came, so what is left of one
    // device has no gap.
    let stays = "select envelope from envelopes where expires_s > ?1 order by envelope limit 1";
    let first = one(connection, stays, [now_s], |row| Ok(row.get::<_, i64>(0)?))?;
    let first = first.unwrap_or(i64::MAX);
    const LESS: &str = "update counters set
        waiting = waiting - (select count(*) from envelopes
            where envelopes.seat = counters.seat and envelope < ?1),
        waiting_bytes = waiting_bytes - (select coalesce(sum(length(bytes)), 0) from envelopes
            where envelopes.seat = counters.seat and envelope < ?1)
        where seat in (select seat from envelopes where envelope < ?1)";
    change(connection, LESS, [first])?;
    let mut gone = change(
        connection,
        "delete from envelopes where envelope < ?1",
        [first],
    )?;
    for sql in [
        "delete from packages where expires_s <= ?1",
        "delete from repeats where expires_s <= ?1",
    ] {
        gone += change(connection, sql, [now_s])?;
    }
    Ok(gone as u64)
}
