-- The backbone: tenants and their credentials and domains, messages and deliveries, the queue, history.
-- Tenant and environment lead every key. History is insert-only and partitioned by time-ordered id;
-- partitions are made and dropped by store/partition.py. The queue is narrow and rows are deleted from it.

create table installation (
    one boolean primary key default true check (one),
    secret_check bytea,          -- proves that a secret key is the one this database was sealed with
    created_at timestamptz not null default now()
);

create table tenant (
    id int generated always as identity primary key,
    ref text not null unique,
    name text not null,
    default_from text,
    reply_to text,
    created_at timestamptz not null
);

create table credential (
    tenant int not null references tenant,
    environment smallint not null check (environment in (0, 1)),
    id uuid not null,
    kind text not null check (kind in ('api', 'smtp')),
    lookup text not null unique,         -- what finds the row: key prefix, SMTP user name
    digest bytea not null,               -- SHA-256 of a secret of at least 160 random bits
    name text not null default '',
    default_type text,
    default_stream text,
    created_at timestamptz not null,
    revoked_at timestamptz,
    primary key (tenant, environment, id)
);

create table domain (
    tenant int not null references tenant,
    id int generated always as identity,
    name text not null,
    trusted_at timestamptz,              -- the operator vouched
    verified_at timestamptz,             -- DNS said so
    keyset int not null default 1,       -- the DKIM keys new mail is signed with
    created_at timestamptz not null,
    primary key (tenant, id),
    unique (tenant, name)
);

create table dkim_key (
    tenant int not null,
    domain int not null,
    keyset int not null,
    algorithm text not null check (algorithm in ('rsa-sha256', 'ed25519-sha256')),
    selector text not null,
    public text not null,                -- base64 for the p= tag
    key_id smallint not null,
    sealed bytea not null,               -- the private key
    created_at timestamptz not null,
    retired_at timestamptz,
    primary key (tenant, domain, keyset, algorithm),
    foreign key (tenant, domain) references domain (tenant, id)
);

-- A flow is what shares are fair between: a tenant's stream in an environment.
create table flow (
    id int generated always as identity primary key,
    tenant int not null references tenant,
    environment smallint not null,
    stream text not null,
    unique (tenant, environment, stream)
);

create table message (
    tenant int not null,
    environment smallint not null,
    id uuid not null,
    type text not null,
    stream text not null,
    keep smallint not null,
    header_from text not null,
    created_at timestamptz not null,
    occurred_at timestamptz,
    send_at timestamptz,
    deliver_by timestamptz,
    expires_at timestamptz not null,
    dedupe_key text,
    supersedes text,
    template text,
    template_version int,
    locale text,
    tags text[] not null default '{}',
    metadata jsonb,
    tracking smallint not null default 0,  -- bit 0 opens, bit 1 clicks
    credential text not null,
    door text not null,
    reply jsonb not null,                  -- what the caller was answered, for a duplicate
    primary key (tenant, environment, id)
) partition by range (id);

create index message_dedupe_key on message (tenant, environment, dedupe_key, id) where dedupe_key is not null;
create index message_supersedes on message (tenant, environment, supersedes) where supersedes is not null;

create table delivery (
    tenant int not null,
    environment smallint not null,
    message uuid not null,
    position smallint not null,
    recipient text not null,
    role smallint not null,                -- 0 to, 1 cc, 2 bcc
    primary key (tenant, environment, message, position)
) partition by range (message);

create index delivery_recipient on delivery (tenant, environment, recipient, message);

-- Sealed with AES-GCM under key_id; compressed before. What stands here is what is sent.
create table content (
    tenant int not null,
    environment smallint not null,
    keep smallint not null,
    message uuid not null,
    key_id smallint not null,
    subject bytea not null,
    sealed bytea not null,
    variables bytea,
    primary key (tenant, environment, keep, message)
) partition by list (keep);

create table content_brief partition of content for values in (0) partition by range (message);
create table content_standard partition of content for values in (1) partition by range (message);
create table content_record partition of content for values in (2) partition by range (message);

create table dedupe (
    tenant int not null,
    environment smallint not null,
    key text not null,
    message uuid not null,
    fingerprint bytea not null,
    expires_at timestamptz not null,
    primary key (tenant, environment, key)
);

create index dedupe_expiry on dedupe (expires_at);

create table worker (
    id int generated always as identity primary key,
    host text not null,                    -- this boot of this machine
    marks text not null,                   -- the file that says what may have left
    pid int not null,
    started_at timestamptz not null,
    lease_until timestamptz not null
);

create table queue (
    tenant int not null,
    environment smallint not null,
    message uuid not null,
    position smallint not null,
    lane smallint not null,
    flow int not null,
    deadline timestamptz not null,
    state smallint not null,               -- 0 ready, 1 leased, 2 waiting, 3 parked
    due timestamptz,                       -- waiting: when it becomes ready
    expires_at timestamptz not null,
    since timestamptz not null,            -- the triggering event or acceptance; latency counts from here
    site text not null,                    -- the recipient's domain
    recipient text not null,
    header_domain text not null,
    type text not null,
    keep smallint not null,
    flags smallint not null default 0,     -- 1 TLS required, 2 SMTPUTF8, 4 simulator, 8 in doubt before
    size int not null,
    route smallint not null default 0,
    tries smallint not null default 0,     -- attempts that counted on the schedule
    refusals smallint not null default 0,  -- of our own route, in a row
    number smallint not null default 0,    -- attempts begun; with worker the fencing token
    first_attempt_at timestamptz,          -- fixes Date, t= and so the bytes
    keyset int,                            -- fixes the selectors
    worker int,
    primary key (tenant, environment, message, position)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

create index queue_ready on queue (lane, flow, deadline, message, position) where state = 0;
create index queue_due on queue (due) where state = 2;
create index queue_parked on queue (site, lane, deadline, message, position) where state = 3;
create index queue_leased on queue (worker) where state = 1;

create table attempt (
    tenant int not null,
    environment smallint not null,
    message uuid not null,
    position smallint not null,
    number smallint not null,
    route text not null,
    adapter text not null,
    host text not null,
    remote_id text not null,
    outcome text not null,
    reason text not null,
    stage text not null,
    reply_code smallint,
    enhanced_code text,
    reply text not null,
    tls text not null,
    started_at timestamptz not null,
    duration_ms real not null,
    first_attempt_at timestamptz not null,
    keyset int,
    digest bytea,
    primary key (tenant, environment, message, position, number)
) partition by range (message);

-- The timeline and the outbox in one: insert-only, read by others in the order (xid, id),
-- only up to the oldest transaction still open, so that a reader never skips one.
create table event (
    tenant int not null,
    environment smallint not null,
    id uuid not null,
    xid xid8 not null default pg_current_xact_id(),
    message uuid,
    position smallint,
    type text not null,
    at timestamptz not null,
    data jsonb,
    primary key (tenant, environment, id)
) partition by range (id);

create index event_message on event (tenant, environment, message) where message is not null;
create index event_outbox on event (xid, id);

create table inbox (
    tenant int not null,
    environment smallint not null,
    id uuid not null,
    message uuid not null,
    position smallint not null,
    recipient text not null,
    type text not null,
    received_at timestamptz not null,
    key_id smallint not null,
    sealed bytea not null,                 -- the bytes that would have been on the wire
    primary key (tenant, environment, id)
) partition by range (id);

create index inbox_recipient on inbox (tenant, environment, recipient, id);

-- One row a window: operations are told once per type, route and window.
create table alert_window (
    tenant int not null,
    environment smallint not null,
    name text not null,
    window_start timestamptz not null,
    count int not null default 1,
    primary key (tenant, environment, name, window_start)
);
