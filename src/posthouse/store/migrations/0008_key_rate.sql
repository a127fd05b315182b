-- How fast a key may send, where the operator or tenant set it: messages a minute.
alter table credential add column rate int check (rate between 1 and 100000);

-- When a limited key's bucket is full again: one for authentication mail, one for the rest. Unlogged, so that a limit costs
-- no write to the log and no sync; a crash of the database leaves it empty, and every bucket is full then.
create unlogged table bucket (
    tenant int not null,
    environment smallint not null,
    credential uuid not null,
    authentication boolean not null,
    full_at timestamptz not null,
    primary key (tenant, environment, credential, authentication)
) with (fillfactor = 50);
