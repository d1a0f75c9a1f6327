-- Step 2 of the post: parcels, which are sealed files. What one is called, what is in it and what opens it stand in
-- messages, which nobody here can open.

create table parcels (
    parcel blob not null primary key check (length(parcel) = 16),
    -- Who sends it, and whose devices may fetch it.
    owner integer not null references people (person),
    reader integer not null references people (person),
    -- All of its bytes, and those that are here.
    size integer not null check (size > 0),
    received integer not null default 0 check (received between 0 and size),
    expires_s integer not null,
    check (owner <> reader)
) strict, without rowid;

create index parcels_of_owner on parcels (owner, size);
create index parcels_expiry on parcels (expires_s);

-- Devices of the reader that have it on their own disk, or do not want it.
create table parted (
    parcel blob not null references parcels (parcel) on delete cascade,
    seat integer not null references devices (seat),
    primary key (parcel, seat)
) strict, without rowid;
