-- Step 1 of the post: names and keys, packages, conversations, queues.
--
-- Times end in their unit. Nothing here opens anything: certificates and identities are public, packages are halves
-- whose others lie on devices, envelopes are sealed.

-- A name, and the key that it is bound to for ever.
create table people (
    person integer primary key,
    name text not null unique,
    -- What the name looks like: two names that people confuse cannot both be given away.
    skeleton text not null unique,
    identity blob not null check (length(identity) = 32)
) strict;

create table devices (
    seat integer primary key,
    id blob not null unique check (length(id) = 16),
    person integer not null references people (person),
    certificate blob not null,
    -- The highest step counter that the device told: by it a state that was put back is noticed.
    step integer not null default 0 check (step >= 0),
    -- The number of the last envelope that came for it.
    last integer not null default 0 check (last >= 0),
    -- What waits for it now, kept with the rows themselves.
    waiting integer not null default 0 check (waiting >= 0),
    waiting_bytes integer not null default 0 check (waiting_bytes >= 0)
) strict;

create index devices_of_person on devices (person);

create table packages (
    package integer primary key,
    seat integer not null references devices (seat),
    is_last_resort integer not null check (is_last_resort in (0, 1)),
    bytes blob not null,
    expires_s integer not null
) strict;

create index packages_of_device on packages (seat, is_last_resort, package);
create unique index packages_last on packages (seat) where is_last_resort = 1;
create index packages_expiry on packages (expires_s);

-- One group for each pair at a time; the lower number stands first.
create table conversations (
    low integer not null references people (person),
    high integer not null references people (person),
    group_id blob not null check (length(group_id) = 32),
    epoch integer not null check (epoch >= 1),
    primary key (low, high),
    check (low < high)
) strict, without rowid;

create table envelopes (
    seat integer not null references devices (seat),
    number integer not null check (number >= 1),
    -- 0 message, 1 commit, 2 Welcome.
    kind integer not null check (kind in (0, 1, 2)),
    sender integer not null references people (person),
    partner integer not null references people (person),
    group_id blob not null check (length(group_id) = 32),
    epoch integer not null,
    bytes blob not null,
    at_ms integer not null,
    expires_s integer not null,
    primary key (seat, number)
) strict, without rowid;

create index envelopes_expiry on envelopes (expires_s);

-- What was answered to a request, for when it is repeated.
create table repeats (
    seat integer not null references devices (seat),
    reference blob not null check (length(reference) = 16),
    behind integer not null,
    at_ms integer not null,
    expires_s integer not null,
    primary key (seat, reference)
) strict, without rowid;

create index repeats_expiry on repeats (expires_s);
