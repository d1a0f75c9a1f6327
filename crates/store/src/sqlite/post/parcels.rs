//! Parcels: who keeps one, who may fetch it, and how much of it is here.

use super::people;
use crate::Fault;
use crate::parcel::{NewParcel, Parcel, ParcelId, Parted, Reserved, Room};
use crate::post::Seat;
use crate::sqlite::row::{all, change, one};
use rusqlite::{Connection, params};

pub(super) fn reserve(
    connection: &Connection,
    new: &NewParcel,
    room: &Room,
) -> Result<Reserved, Fault> {
    let Some(reader) = people::number(connection, &new.to)? else {
        return Ok(Reserved::UnknownPeer);
    };
    let owner = person(connection, new.seat)?;
    if reader == owner {
        return Ok(Reserved::Yourself);
    }
    let own = "select coalesce(sum(size), 0) from parcels where owner = ?1";
    let own = one(connection, own, [owner], |row| Ok(row.get(0)?))?;
    let left = room.person.saturating_sub(own.unwrap_or(0));
    if new.size > left {
        return Ok(Reserved::PersonFull(left));
    }
    let left = room.all.saturating_sub(held(connection)?);
    if new.size > left {
        return Ok(Reserved::Full(left));
    }
    let add =
        "insert into parcels (parcel, owner, reader, size, expires_s) values (?1, ?2, ?3, ?4, ?5)";
    let values = params![new.id.0, owner, reader, new.size, new.expires_s];
    change(connection, add, values)?;
    Ok(Reserved::New)
}

pub(super) fn look(
    connection: &Connection,
    id: &ParcelId,
    seat: Seat,
    now_s: u64,
) -> Result<Option<Parcel>, Fault> {
    const SQL: &str = "select size, received, expires_s, owner = ?2 as is_own from parcels
        where parcel = ?1 and (owner = ?2 or reader = ?2) and expires_s > ?3";
    let person = person(connection, seat)?;
    one(connection, SQL, params![id.0, person, now_s], |row| {
        Ok(Parcel {
            size: row.get("size")?,
            received: row.get("received")?,
            is_own: row.get("is_own")?,
            expires_s: row.get("expires_s")?,
        })
    })
}

pub(super) fn grown(
    connection: &Connection,
    id: &ParcelId,
    from: u64,
    to: u64,
    expires_s: u64,
) -> Result<bool, Fault> {
    let sql = "update parcels set received = ?3, expires_s = ?4 where parcel = ?1 and received = ?2 and size >= ?3";
    let rows = change(connection, sql, params![id.0, from, to, expires_s])?;
    Ok(rows == 1)
}

pub(super) fn part(connection: &Connection, id: &ParcelId, seat: Seat) -> Result<Parted, Fault> {
    const OTHERS: &str = "select seat from devices where person = ?2
        and seat not in (select seat from parted where parcel = ?1) limit 1";
    let person = person(connection, seat)?;
    let ends = "select owner, reader from parcels where parcel = ?1";
    let ends = one(connection, ends, [id.0], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let is_reader = match ends {
        Some((owner, _)) if owner == person => false,
        Some((_, reader)) if reader == person => true,
        _ => return Ok(Parted::Unknown),
    };
    if is_reader {
        let add = "insert or ignore into parted (parcel, seat) values (?1, ?2)";
        change(connection, add, params![id.0, seat.0])?;
        let other = one(connection, OTHERS, params![id.0, person], |_| Ok(()))?;
        if other.is_some() {
            return Ok(Parted::Stays);
        }
    }
    change(connection, "delete from parcels where parcel = ?1", [id.0])?;
    Ok(Parted::Gone)
}

pub(super) fn expire(connection: &Connection, now_s: u64) -> Result<Vec<ParcelId>, Fault> {
    let sql = "delete from parcels where expires_s <= ?1 returning parcel";
    all(connection, sql, [now_s], |row| Ok(ParcelId(row.get(0)?)))
}

pub(super) fn list(connection: &Connection) -> Result<Vec<ParcelId>, Fault> {
    let sql = "select parcel from parcels";
    all(connection, sql, [], |row| Ok(ParcelId(row.get(0)?)))
}

pub(super) fn held(connection: &Connection) -> Result<u64, Fault> {
    let sql = "select coalesce(sum(size), 0) from parcels";
    Ok(one(connection, sql, [], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

fn person(connection: &Connection, Seat(seat): Seat) -> Result<i64, Fault> {
    let sql = "select person from devices where seat = ?1";
    let found = one(connection, sql, [seat], |row| Ok(row.get(0)?))?;
    found.ok_or(Fault::Missing { what: "device" })
}
