-- A database of version 1, as its own program dumped it: one task in each state. Never edited.
pragma application_id = 0x4b696e6f;
pragma user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE clients (
    turn integer primary key,
    client text not null unique,
    last_start integer not null
) strict;
INSERT INTO "clients" VALUES(1,'192.0.2.2',30);
CREATE TABLE sums (
    state text primary key,
    tasks integer not null default 0 check (tasks >= 0),
    reserved integer not null default 0 check (reserved >= 0)
) strict, without rowid;
INSERT INTO "sums" VALUES('cancelled',1,0);
INSERT INTO "sums" VALUES('completed',1,40);
INSERT INTO "sums" VALUES('expired',1,0);
INSERT INTO "sums" VALUES('failed',1,0);
INSERT INTO "sums" VALUES('processing',1,300);
INSERT INTO "sums" VALUES('queued',1,200);
INSERT INTO "sums" VALUES('uploading',1,100);
CREATE TABLE tasks (
    seq integer primary key,
    id text not null unique check (length(id) = 32),
    client text not null,
    state text not null check (state in
        ('uploading', 'queued', 'processing', 'completed', 'failed', 'cancelled', 'expired')),
    idempotency_key text,
    job_order text not null,
    input_size integer not null check (input_size >= 0),
    durable integer not null default 0 check (durable between 0 and input_size),
    input_digest text,
    reserved integer not null check (reserved >= 0),
    attempt integer not null default 0 check (attempt >= 0),
    cancel_requested integer not null default 0 check (cancel_requested in (0, 1)),
    not_before integer,
    worker text,
    lease_token text,
    lease_until integer,
    fraction real not null default 0.0 check (fraction between 0.0 and 1.0),
    stage text not null default 'waiting',
    speed real,
    remaining_s real,
    result_size integer check (result_size >= 0),
    result_digest text,
    result_extension text,
    result_kept_original integer check (result_kept_original in (0, 1)),
    result_notes text,
    problem_code text,
    problem_description text,
    problem_solution text,
    began_at integer not null,
    queued_at integer,
    started_at integer,
    finished_at integer,
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
INSERT INTO "tasks" VALUES(1,'00000000000000000000000000000000','192.0.2.0','uploading','key-0','{"operation":"compress"}',100,60,NULL,100,0,0,NULL,NULL,NULL,NULL,0.0,'waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,10,NULL,NULL,NULL,90);
INSERT INTO "tasks" VALUES(2,'11111111111111111111111111111111','192.0.2.1','queued','key-1','{"operation":"compress"}',200,200,'abababababababababababababababababababababababababababababababab',200,0,0,20,NULL,NULL,NULL,0.0,'waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,10,20,NULL,NULL,NULL);
INSERT INTO "tasks" VALUES(3,'22222222222222222222222222222222','192.0.2.2','processing',NULL,'{"operation":"compress"}',300,300,'abababababababababababababababababababababababababababababababab',300,1,0,20,'worker-0','ffffffffffffffffffffffffffffffff',500,0.25,'encoding',1.5,12.5,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,10,20,30,NULL,NULL);
INSERT INTO "tasks" VALUES(4,'33333333333333333333333333333333','192.0.2.3','completed',NULL,'{"operation":"compress"}',400,400,'abababababababababababababababababababababababababababababababab',40,1,0,20,NULL,NULL,NULL,1.0,'done',NULL,NULL,40,'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd','mp4',0,'["a note"]',NULL,NULL,NULL,10,20,30,40,900);
INSERT INTO "tasks" VALUES(5,'44444444444444444444444444444444','192.0.2.4','failed',NULL,'{"operation":"compress"}',500,500,'abababababababababababababababababababababababababababababababab',0,3,0,20,NULL,NULL,NULL,0.0,'waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'gave_up','it broke off','try again',10,20,30,40,900);
INSERT INTO "tasks" VALUES(6,'55555555555555555555555555555555','192.0.2.5','cancelled',NULL,'{"operation":"compress"}',600,600,'abababababababababababababababababababababababababababababababab',0,0,0,20,NULL,NULL,NULL,0.0,'waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,10,20,NULL,40,900);
INSERT INTO "tasks" VALUES(7,'66666666666666666666666666666666','192.0.2.6','expired',NULL,'{"operation":"compress"}',700,700,'abababababababababababababababababababababababababababababababab',0,1,0,20,NULL,NULL,NULL,0.0,'waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,10,20,30,40,900);
CREATE UNIQUE INDEX tasks_key on tasks (idempotency_key) where idempotency_key is not null;
CREATE UNIQUE INDEX tasks_running on tasks (client) where state = 'processing';
CREATE INDEX tasks_queue on tasks (client, not_before) where state = 'queued';
CREATE INDEX tasks_lease on tasks (lease_until) where state = 'processing';
CREATE INDEX tasks_expiry on tasks (expires_at) where expires_at is not null;
CREATE INDEX tasks_listing on tasks (queued_at) where queued_at is not null;
CREATE INDEX tasks_of_client on tasks (client, queued_at) where queued_at is not null;
CREATE INDEX clients_age on clients (last_start);
CREATE TRIGGER tasks_added after insert on tasks begin
    update sums set tasks = tasks + 1, reserved = reserved + new.reserved where state = new.state;
end;
CREATE TRIGGER tasks_removed after delete on tasks begin
    update sums set tasks = tasks - 1, reserved = reserved - old.reserved where state = old.state;
end;
CREATE TRIGGER tasks_moved after update of state, reserved on tasks begin
    update sums set tasks = tasks - 1, reserved = reserved - old.reserved where state = old.state;
    update sums set tasks = tasks + 1, reserved = reserved + new.reserved where state = new.state;
end;
COMMIT;
