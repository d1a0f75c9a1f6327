//! Key packages: each is given out once, the one of last resort when no other is left.

use super::people;
use crate::Fault;
use crate::post::{Package, Seat};
use crate::sqlite::row::{change, one};
use rusqlite::{Connection, params};

pub(super) fn publish(
    connection: &Connection,
    Seat(seat): Seat,
    packages: &[Vec<u8>],
    last_resort: Option<&[u8]>,
    expires_s: u64,
    most: usize,
) -> Result<u32, Fault> {
    const ADD: &str =
        "insert into packages (seat, is_last_resort, bytes, expires_s) values (?1, ?2, ?3, ?4)";
    for bytes in packages {
        change(connection, ADD, params![seat, false, bytes, expires_s])?;
    }
    if let Some(bytes) = last_resort {
        let old = "delete from packages where seat = ?1 and is_last_resort = 1";
        change(connection, old, [seat])?;
        change(connection, ADD, params![seat, true, bytes, expires_s])?;
    }
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let surplus = "delete from packages where package in (select package from packages
        where seat = ?1 and is_last_resort = 0 order by package desc limit -1 offset ?2)";
    change(connection, surplus, [seat, most])?;
    let count = "select count(*) from packages where seat = ?1 and is_last_resort = 0";
    let left = one(connection, count, [seat], |row| Ok(row.get(0)?))?;
    Ok(left.unwrap_or(0))
}

pub(super) fn claim(
    connection: &Connection,
    name: &str,
    asker: Seat,
    now_s: u64,
) -> Result<Option<Vec<Package>>, Fault> {
    let Some(person) = people::number(connection, name)? else {
        return Ok(None);
    };
    let mut found = Vec::new();
    for (seat, device) in people::seats(connection, person)? {
        if seat != asker
            && let Some(bytes) = take(connection, seat, now_s)?
        {
            found.push(Package { device, bytes });
        }
    }
    Ok(Some(found))
}

fn take(connection: &Connection, Seat(seat): Seat, now_s: u64) -> Result<Option<Vec<u8>>, Fault> {
    const SINGLE: &str = "delete from packages where package = (select package from packages
        where seat = ?1 and is_last_resort = 0 and expires_s > ?2 order by package limit 1) returning bytes";
    const LAST: &str =
        "select bytes from packages where seat = ?1 and is_last_resort = 1 and expires_s > ?2";
    let single = one(connection, SINGLE, params![seat, now_s], |row| {
        Ok(row.get(0)?)
    })?;
    match single {
        Some(bytes) => Ok(Some(bytes)),
        None => one(
            connection,
            LAST,
            params![seat, now_s],
            |row| Ok(row.get(0)?),
        ),
    }
}
