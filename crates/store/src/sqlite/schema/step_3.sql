-- Step 3: owners.

-- Who alone may ask for the task, in the words of the door that took it; null where the id is enough.
alter table tasks add column owner text;

-- Listings of one owner, newest first.
create index tasks_of_owner on tasks (owner, queued_at) where owner is not null and queued_at is not null;

-- Open uploads of one client.
create index tasks_uploading on tasks (client) where state = 'uploading';
