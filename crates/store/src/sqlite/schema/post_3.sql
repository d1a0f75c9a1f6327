-- Step 3 of the post: devices that were removed. A removal stays for good, so that neither the id nor the seat comes back.

create table removals (
    id blob primary key check (length(id) = 16),
    -- The number that the device had here: what still speaks of it must mean nobody else.
    seat integer not null unique,
    person integer not null references people (person),
    -- Signed by the identity.
    bytes blob not null
) strict, without rowid;

create index removals_of_person on removals (person, seat);
