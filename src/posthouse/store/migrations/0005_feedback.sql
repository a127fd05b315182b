-- What comes back after a message left: hooks that providers call, what they and returned mail said until it is worked on,
-- and what was taken already, so that nothing is taken twice.

create table hook (
    tenant int not null references tenant,
    environment smallint not null check (environment in (0, 1)),
    id uuid not null,
    provider text not null,
    lookup bytea not null unique,        -- SHA-256 of the token in the hook's address
    topic text,                          -- what a subscription was confirmed for
    created_at timestamptz not null,
    revoked_at timestamptz,
    primary key (tenant, environment, id)
);

-- Raw, sealed, until read; rows are deleted then. Narrow like the queue and worked on the same way.
create table feedback_queue (
    id uuid primary key,
    tenant int not null,
    environment smallint not null,
    source text not null,                -- hook:<provider>, report
    message uuid,                        -- whose return path it came to (report)
    position smallint,
    key_id smallint not null,
    sealed bytea not null,
    received_at timestamptz not null,
    due timestamptz not null,
    tries smallint not null default 0
);

create index feedback_due on feedback_queue (due, id);

-- What was taken: per provider the event's own id, per delivery its kind. Kept longer than any report may come.
create table feedback_taken (
    tenant int not null,
    environment smallint not null,
    source text not null,
    name text not null,
    at timestamptz not null,
    primary key (tenant, environment, source, name)
);

create index feedback_taken_age on feedback_taken (at);

-- A vendor's id leads to the delivery; our own routes have none of these and pay nothing for the index.
create index attempt_remote on attempt (tenant, environment, adapter, remote_id)
    where adapter in ('resend', 'postmark', 'sendgrid', 'mailgun', 'ses');
