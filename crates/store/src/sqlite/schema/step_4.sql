-- Step 4: what each client reserves.

-- Summed up whenever one of its uploads begins; tasks without a reservation, which are most, are not in it.
create index tasks_reserved on tasks (client, reserved) where reserved > 0;
