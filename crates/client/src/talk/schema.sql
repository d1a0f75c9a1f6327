-- What one device of one user knows of the talk at one server. Times end in their unit.
create table facts (
    name text primary key,
    value blob not null
) strict, without rowid;

create table people (
    name text primary key,
    -- 0 new, 1 pinned, 2 verified, 3 changed, 4 changed after it was verified.
    standing integer not null,
    -- The key that was known, if any, and the one that the directory shows now.
    known blob,
    shown blob not null,
    -- Certificates of the devices, each behind its length (u16).
    devices blob not null
) strict, without rowid;

create table conversations (
    peer text primary key,
    group_id blob,
    -- The group's state: the ratchets. Null before there is one.
    state blob,
    ledger blob not null,
    -- When this device committed last, when anything happened, messages since, whether it is its turn.
    updated_s integer,
    active_s integer not null,
    since integer not null,
    has_received integer not null,
    -- Messages that this device wrote.
    written integer not null,
    -- A frame that opens or commits and has no answer, its reference, and the number behind which it lies once it has.
    pending blob,
    reference blob,
    behind integer
) strict, without rowid;

create table messages (
    id integer primary key,
    peer text not null,
    is_own integer not null,
    device blob not null,
    counter integer not null,
    written_ms integer not null,
    at_ms integer not null,
    text text not null,
    is_shown integer not null,
    unique (peer, device, counter)
) strict;

create index messages_new on messages (id) where is_shown = 0;

create table outbox (
    id integer primary key,
    peer text not null,
    -- The same in each repetition.
    reference blob not null,
    -- What is to be encrypted, and the frame with what was; the same bytes go out again until they are answered.
    payload blob not null,
    frame blob,
    message integer not null references messages (id)
) strict;
