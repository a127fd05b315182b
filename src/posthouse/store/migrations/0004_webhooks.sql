-- Webhooks out: where events go, what waits to be told, and the log of every try.
-- Events are read once, in the order (xid, id), behind one place; what matches an endpoint becomes a row of
-- webhook_delivery, which is deleted when it was told. An endpoint is driven by one process at a time, by lease.

create table webhook_endpoint (
    tenant int not null references tenant,
    environment smallint not null check (environment in (0, 1)),
    id uuid not null,
    kind text not null default 'standard',   -- a sink
    url text not null,
    events text[],                           -- types, or 'message.*'; null: all
    streams text[],                          -- null: all
    since xid8 not null default pg_current_xact_id(),  -- older events are not told of
    created_at timestamptz not null,
    disabled_at timestamptz,
    disabled_why text,
    removed_at timestamptz,                  -- disabled too; what waits for it is deleted bit by bit, then the row
    failures int not null default 0,         -- tries that failed in a row
    failing_since timestamptz,
    rest_until timestamptz,                  -- left in peace until then
    holder uuid,                             -- the process that drives it
    lease_until timestamptz,
    primary key (tenant, environment, id)
) with (fillfactor = 50);

create table webhook_secret (
    tenant int not null,
    environment smallint not null,
    endpoint uuid not null,
    number int not null,
    key_id smallint not null,
    sealed bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz,                  -- null: the newest
    primary key (tenant, environment, endpoint, number),
    foreign key (tenant, environment, endpoint) references webhook_endpoint (tenant, environment, id) on delete cascade
);

-- The place up to which events were read: one row.
create table webhook_place (
    one boolean primary key default true check (one),
    xid xid8 not null,
    id uuid not null
) with (fillfactor = 10);

insert into webhook_place (xid, id) values (pg_snapshot_xmin(pg_current_snapshot()), '00000000-0000-0000-0000-000000000000');

-- thread: the message, else the event itself; inside a thread the order is kept. due null: given up, kept for a replay.
create table webhook_delivery (
    tenant int not null,
    environment smallint not null,
    endpoint uuid not null,
    thread uuid not null,
    xid xid8 not null,
    event uuid not null,
    test boolean not null default false,
    tries smallint not null default 0,
    due timestamptz,
    primary key (tenant, environment, endpoint, thread, xid, event)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

create index webhook_delivery_due on webhook_delivery (tenant, environment, endpoint, due, xid, event) where due is not null;
create index webhook_delivery_given_up on webhook_delivery (tenant, environment, endpoint, event) where due is null;

create table webhook_attempt (
    tenant int not null,
    environment smallint not null,
    endpoint uuid not null,
    id uuid not null,
    event uuid not null,
    type text not null,
    number smallint not null,
    at timestamptz not null,
    duration_ms real not null,
    outcome text not null,                   -- delivered, later, failed, gone
    status smallint,
    trouble text,
    answer text not null,                    -- at most a kilobyte, printable
    next_at timestamptz,
    primary key (tenant, environment, endpoint, id)
) partition by range (id);
