-- Step 2: the report of a compression.

-- How the result was made and what it measures, as its writer wrote it (JSON); null for all other jobs, and from
-- `expired` on, because it is a hundred times as large as the rest of a tombstone.
alter table tasks add column result_report text;
