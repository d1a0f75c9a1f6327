-- What version 5 has beyond version 4: devices that were removed. Their removals stay, so that no server can bring one back
-- by saying nothing of it.

create table removals (
    person text not null,
    -- Signed by that person's identity.
    bytes blob not null,
    primary key (person, bytes)
) strict, without rowid;
