//! Names, and the devices that are certified for them.

use crate::Fault;
use crate::post::{Device, DeviceRemoval, NewDevice, Person, Registered, Removed, Seat};
use crate::sqlite::row::{all, change, one};
use rusqlite::{Connection, Row, params};

/// Who a name belongs to.
struct Owner {
    person: i64,
    identity: [u8; 32],
}

pub(super) fn register(
    connection: &Connection,
    new: &NewDevice,
    devices_max: usize,
    ever_max: usize,
) -> Result<Registered, Fault> {
    let owner = owner(connection, &new.name)?;
    if owner
        .as_ref()
        .is_some_and(|owner| owner.identity != new.identity)
    {
        return Ok(Registered::NameTaken);
    }
    if let Some(known) = device(connection, &new.id)? {
        let is_same = known.name == new.name && known.certificate == new.certificate;
        return Ok(match is_same {
            true => Registered::Known(known),
            false => Registered::DeviceTaken,
        });
    }
    if is_removed(connection, &new.id)? {
        return Ok(Registered::DeviceRemoved);
    }
    let person = match owner {
        Some(owner) => owner.person,
        None if is_lookalike(connection, &new.skeleton)? => return Ok(Registered::NameTaken),
        None => {
            change(
                connection,
                "insert into people (name, skeleton, identity) values (?1, ?2, ?3)",
                params![new.name, new.skeleton, new.identity],
            )?;
            connection.last_insert_rowid()
        }
    };
    let (now, gone) = (seats(connection, person)?, removals(connection, person)?);
    if now.len() >= devices_max || now.len() + gone.len() >= ever_max {
        return Ok(Registered::TooManyDevices);
    }
    // SQLite would give the number of a row that is gone once more.
    const ADD: &str = "insert into devices (seat, id, person, certificate) values (
        1 + max(coalesce((select max(seat) from devices), 0), coalesce((select max(seat) from removals), 0)), ?1, ?2, ?3)";
    change(connection, ADD, params![new.id, person, new.certificate])?;
    let sql = "insert into counters (seat) select seat from devices where id = ?1";
    change(connection, sql, [new.id])?;
    let made = device(connection, &new.id)?;
    made.map(Registered::New)
        .ok_or_else(|| Fault::Corrupt("a device that was just written is not there".into()))
}

pub(super) fn remove(connection: &Connection, removal: &DeviceRemoval) -> Result<Removed, Fault> {
    if is_removed(connection, &removal.id)? {
        return Ok(Removed::Before);
    }
    let person = number(connection, &removal.name)?;
    let sql = "select seat from devices where id = ?1 and person = ?2";
    let seat = one(connection, sql, params![removal.id, person], |row| {
        Ok(row.get::<_, i64>(0)?)
    })?;
    let Some(seat) = seat else {
        return Ok(Removed::Unknown);
    };
    for sql in [
        "delete from packages where seat = ?1",
        "delete from envelopes where seat = ?1",
        "delete from repeats where seat = ?1",
        "delete from parted where seat = ?1",
        "delete from counters where seat = ?1",
        "delete from devices where seat = ?1",
    ] {
        change(connection, sql, [seat])?;
    }
    change(
        connection,
        "insert into removals (id, seat, person, bytes) values (?1, ?2, ?3, ?4)",
        params![removal.id, seat, person, removal.bytes],
    )?;
    Ok(Removed::Now(Seat(seat)))
}

pub(super) fn is_removed(connection: &Connection, id: &[u8; 16]) -> Result<bool, Fault> {
    let sql = "select 1 from removals where id = ?1";
    Ok(one(connection, sql, [id], |_| Ok(()))?.is_some())
}

pub(super) fn device(connection: &Connection, id: &[u8; 16]) -> Result<Option<Device>, Fault> {
    const SQL: &str = "
        select seat, name, certificate, step, last,
            coalesce((select min(number) from envelopes where envelopes.seat = devices.seat), last + 1) as first,
            (select count(*) from packages where packages.seat = devices.seat and is_last_resort = 0) as packages,
            exists (select 1 from packages where packages.seat = devices.seat and is_last_resort = 1) as has_last
        from devices join people using (person) join counters using (seat) where id = ?1";
    one(connection, SQL, [id], |row| {
        Ok(Device {
            seat: Seat(row.get("seat")?),
            name: row.get("name")?,
            certificate: row.get("certificate")?,
            packages: row.get("packages")?,
            has_last_resort: row.get("has_last")?,
            first: row.get("first")?,
            last: row.get("last")?,
            step: row.get("step")?,
        })
    })
}

pub(super) fn list(
    connection: &Connection,
    after: &str,
    limit: usize,
) -> Result<Vec<Person>, Fault> {
    let sql = "select person, name, identity from people where name > ?1 order by name limit ?2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = all(connection, sql, params![after, limit], named)?;
    let each = found.into_iter().map(|found| whole(connection, found));
    each.collect()
}

pub(super) fn person(connection: &Connection, name: &str) -> Result<Option<Person>, Fault> {
    let sql = "select person, name, identity from people where name = ?1";
    let found = one(connection, sql, [name], named)?;
    found.map(|found| whole(connection, found)).transpose()
}

/// The number of who has this name.
pub(super) fn number(connection: &Connection, name: &str) -> Result<Option<i64>, Fault> {
    Ok(owner(connection, name)?.map(|owner| owner.person))
}

/// The devices of a person, with their own ids.
pub(super) fn seats(connection: &Connection, person: i64) -> Result<Vec<(Seat, [u8; 16])>, Fault> {
    let sql = "select seat, id from devices where person = ?1 order by seat";
    all(connection, sql, [person], |row| {
        Ok((Seat(row.get(0)?), row.get(1)?))
    })
}

fn named(row: &Row<'_>) -> Result<(i64, String, [u8; 32]), Fault> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn whole(
    connection: &Connection,
    (person, name, identity): (i64, String, [u8; 32]),
) -> Result<Person, Fault> {
    let sql = "select certificate from devices where person = ?1 order by seat";
    let certificates = all(connection, sql, [person], |row| Ok(row.get(0)?))?;
    Ok(Person {
        name,
        identity,
        certificates,
        removals: removals(connection, person)?,
    })
}

fn removals(connection: &Connection, person: i64) -> Result<Vec<Vec<u8>>, Fault> {
    let sql = "select bytes from removals where person = ?1 order by seat";
    all(connection, sql, [person], |row| Ok(row.get(0)?))
}

fn owner(connection: &Connection, name: &str) -> Result<Option<Owner>, Fault> {
    let sql = "select person, identity from people where name = ?1";
    one(connection, sql, [name], |row| {
        Ok(Owner {
            person: row.get(0)?,
            identity: row.get(1)?,
        })
    })
}

fn is_lookalike(connection: &Connection, skeleton: &str) -> Result<bool, Fault> {
    let sql = "select 1 from people where skeleton = ?1";
    Ok(one(connection, sql, [skeleton], |_| Ok(()))?.is_some())
}
