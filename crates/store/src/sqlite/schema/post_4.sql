-- Step 4 of the post: what changes with every message lies close together, so that a transaction of many messages
-- touches few pages, and each page that is touched is written twice.

-- The counters of devices, apart from their certificates, which are as long as fifty of them.
create table counters (
    seat integer primary key references devices (seat),
    -- The highest step counter that the device told: by it a state that was put back is noticed.
    step integer not null default 0 check (step >= 0),
    -- The number of the last envelope that came for it.
    last integer not null default 0 check (last >= 0),
    -- What waits for it now, kept with the rows themselves.
    waiting integer not null default 0 check (waiting >= 0),
    waiting_bytes integer not null default 0 check (waiting_bytes >= 0)
) strict;

insert into counters (seat, step, last, waiting, waiting_bytes)
    select seat, step, last, waiting, waiting_bytes from devices;

alter table devices drop column step;
alter table devices drop column last;
alter table devices drop column waiting;
alter table devices drop column waiting_bytes;

-- In the order in which they came: new ones lie at the end, and those that are fetched soon leave whole pages behind.
-- Whom they name was looked up in the transaction that adds them; what is removed takes them along.
create table letters (
    envelope integer primary key,
    seat integer not null,
    number integer not null check (number >= 1),
    -- 0 message, 1 commit, 2 Welcome.
    kind integer not null check (kind in (0, 1, 2)),
    sender integer not null,
    partner integer not null,
    group_id blob not null check (length(group_id) = 32),
    epoch integer not null,
    bytes blob not null,
    at_ms integer not null,
    expires_s integer not null
) strict;

insert into letters (seat, number, kind, sender, partner, group_id, epoch, bytes, at_ms, expires_s)
    select seat, number, kind, sender, partner, group_id, epoch, bytes, at_ms, expires_s from envelopes
    order by expires_s, seat, number;

drop table envelopes;
alter table letters rename to envelopes;
create unique index envelopes_of_device on envelopes (seat, number);
