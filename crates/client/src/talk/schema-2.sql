-- What version 2 has beyond version 1: how far messages came, what was changed of them, and what is more than a text.

-- How far its writer has been told that it came: 0 nowhere, 1 to a disk, 2 onto a screen.
alter table messages add column progress integer not null default 0;
-- It was before this user's eyes.
alter table messages add column is_read integer not null default 0;
alter table messages add column is_edited integer not null default 0;
-- What it says as CBOR, where that is more than the text.
alter table messages add column content blob;
-- Nobody is told of what came before there were receipts.
update messages set progress = 2, is_read = 1 where is_own = 0;

-- is_shown is 2 when a message was shown and has changed since.
drop index messages_new;
create index messages_new on messages (id) where is_shown <> 1;
create index messages_untold on messages (peer) where is_own = 0 and progress < 2;

-- A receipt or a change is no message of its own.
create table outbox_2 (
    id integer primary key,
    peer text not null,
    reference blob not null,
    payload blob not null,
    frame blob,
    message integer references messages (id)
) strict;
insert into outbox_2 select id, peer, reference, payload, frame, message from outbox;
drop table outbox;
alter table outbox_2 rename to outbox;
