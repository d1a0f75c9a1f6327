-- Step 1: tasks, whose turn it is, and sums.
--
-- Times are milliseconds since the Unix epoch, sizes are bytes, digests are BLAKE3 in lower-case hex.
-- A step is never edited once it has been released; the next one stands beside it as step_2.sql.

-- One row per task, from the first byte of its upload until its tombstone is forgotten. An upload is the first state
-- of a job and not a table of its own: becoming a job is then one update, and no crash can leave both or neither.
create table tasks (
    -- The order of arrival; breaks ties between equal times.
    seq integer primary key,
    id text not null unique check (length(id) = 32),
    -- What counts as one client.
    client text not null,
    state text not null check (state in
        ('uploading', 'queued', 'processing', 'completed', 'failed', 'cancelled', 'expired')),
    -- The client's own name for the upload; null when it sent none.
    idempotency_key text,
    -- The order as its writer wrote it (JSON); the store never looks inside.
    job_order text not null,

    -- Size of the whole input, and how much of it would survive a crash by now.
    input_size integer not null check (input_size >= 0),
    durable integer not null default 0 check (durable between 0 and input_size),
    -- Null until the upload is whole.
    input_digest text,
    -- Bytes of disk set aside: the input's until the job has ended, then the result's, zero without a result.
    reserved integer not null check (reserved >= 0),

    -- How many times a worker has taken it; counted when it is taken, so a job that kills its worker counts too.
    attempt integer not null default 0 check (attempt >= 0),
    -- The client wants a running job to stop.
    cancel_requested integer not null default 0 check (cancel_requested in (0, 1)),
    -- A queued job may start from here on; null for an upload. Also its age in the queue.
    not_before integer,

    -- The lease: all three or none, and only while processing. The token fences: whoever shows another one has lost.
    worker text,
    lease_token text,
    lease_until integer,

    -- Progress of the present attempt. Not durable by itself: a power cut may take back the last few seconds of it.
    fraction real not null default 0.0 check (fraction between 0.0 and 1.0),
    stage text not null default 'waiting',
    -- Times real time, and seconds; null when not known.
    speed real,
    remaining_s real,

    -- What came out; null unless completed, and from `expired` on the word of what it was. Notes: JSON array of text.
    result_size integer check (result_size >= 0),
    result_digest text,
    result_extension text,
    result_kept_original integer check (result_kept_original in (0, 1)),
    result_notes text,

    -- Why it failed, was cancelled or has to be tried again; all three or none.
    problem_code text,
    problem_description text,
    problem_solution text,

    began_at integer not null,
    -- Null for an upload.
    queued_at integer,
    -- When a worker took it last; null before the first.
    started_at integer,
    -- Null until it has ended.
    finished_at integer,
    -- When the next thing is taken away: an upload given up, a result deleted, a tombstone forgotten. Null while the
    -- job is queued or running: those never expire.
    expires_at integer,

    check ((state = 'uploading') = (queued_at is null)),
    check ((state = 'uploading') = (not_before is null)),
    check (state = 'uploading' or input_digest is not null),
    check ((state = 'processing') = (lease_token is not null)),
    check ((lease_token is null) = (lease_until is null) and (lease_token is null) = (worker is null)),
    check ((state in ('queued', 'processing')) = (expires_at is null)),
    check ((state in ('completed', 'failed', 'cancelled', 'expired')) = (finished_at is not null)),
    check (state <> 'completed' or result_size is not null),
    check (state not in ('failed', 'cancelled', 'expired') or reserved = 0),
    check ((result_size is null) = (result_digest is null)
        and (result_size is null) = (result_extension is null)
        and (result_size is null) = (result_kept_original is null)
        and (result_size is null) = (result_notes is null)),
    check ((problem_code is null) = (problem_description is null)
        and (problem_code is null) = (problem_solution is null))
) strict;

-- A key names one task.
create unique index tasks_key on tasks (idempotency_key) where idempotency_key is not null;

-- One running job per client: whatever the code believes, the database does not take a second one.
create unique index tasks_running on tasks (client) where state = 'processing';

-- The queue: each client's jobs by age (and by seq, which every index ends with).
create index tasks_queue on tasks (client, not_before) where state = 'queued';

-- Leases by their end, and everything that expires by its time.
create index tasks_lease on tasks (lease_until) where state = 'processing';
create index tasks_expiry on tasks (expires_at) where expires_at is not null;

-- Listings, newest first.
create index tasks_listing on tasks (queued_at) where queued_at is not null;
create index tasks_of_client on tasks (client, queued_at) where queued_at is not null;

-- When each client started a job last. A row is written by a start only, never by a request, so that forged addresses
-- cannot fill it, and removed when it cannot change any turn any more.
create table clients (
    -- Ascending with each start: the order of starts within one millisecond.
    turn integer primary key,
    client text not null unique,
    last_start integer not null
) strict;

create index clients_age on clients (last_start);

-- How many tasks are in each state and how many bytes they reserve. Kept by the triggers below within the same
-- transaction as the change itself, so it is right after any crash, and `begin` need not add up all rows.
create table sums (
    state text primary key,
    tasks integer not null default 0 check (tasks >= 0),
    reserved integer not null default 0 check (reserved >= 0)
) strict, without rowid;

insert into sums (state) values
    ('uploading'), ('queued'), ('processing'), ('completed'), ('failed'), ('cancelled'), ('expired');

create trigger tasks_added after insert on tasks begin
    update sums set tasks = tasks + 1, reserved = reserved + new.reserved where state = new.state;
end;

create trigger tasks_removed after delete on tasks begin
    update sums set tasks = tasks - 1, reserved = reserved - old.reserved where state = old.state;
end;

create trigger tasks_moved after update of state, reserved on tasks begin
    update sums set tasks = tasks - 1, reserved = reserved - old.reserved where state = old.state;
    update sums set tasks = tasks + 1, reserved = reserved + new.reserved where state = new.state;
end;
