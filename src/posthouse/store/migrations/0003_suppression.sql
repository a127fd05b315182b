-- Suppression: addresses that are not written to, with their cause and evidence; what counts towards it; the brakes.

-- The random key that addresses are hashed under, sealed under the secret key: it outlives the secret's rotation,
-- so that what was erased is still known by its hash.
create table suppression_key (
    one boolean primary key default true check (one),
    key_id smallint not null,
    sealed bytea not null
);

create table suppression (
    tenant int not null references tenant,
    environment smallint not null check (environment in (0, 1)),
    id uuid not null,
    lookup bytea not null,               -- keyed hash of the folded address; all that an erasure leaves
    address text,                        -- as written; null: erased
    provider text not null default '',   -- who receives for it: the registrable domain of the MX host
    cause text not null check (cause in ('hard_bounce', 'complaint', 'legal', 'manual', 'imported', 'unsubscribe', 'engagement', 'frequency')),
    stream text,                         -- null: all
    reason text not null default '',
    source text not null,
    evidence jsonb,
    actor text not null default '',
    security boolean not null default false,  -- entered for security mail too
    since timestamptz not null,
    until timestamptz,                   -- null: for good
    held_until timestamptz,              -- provisional (brakes): defers until then, and awaits a second look after
    primary key (tenant, environment, id)
);

create unique index suppression_entry on suppression (tenant, environment, lookup, cause, stream) nulls not distinct;
create index suppression_provider on suppression (tenant, environment, provider, since) where provider <> '';
create index suppression_held on suppression (held_until) where held_until is not null;

-- A mailbox's soft bounces in a row; a delivery deletes the row.
create table soft_bounce (
    tenant int not null,
    environment smallint not null,
    lookup bytea not null,
    count int not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    primary key (tenant, environment, lookup)
);

-- What a tenant may set. No row: five soft bounces, and the legal block binds security mail too.
create table suppression_rule (
    tenant int not null references tenant,
    environment smallint not null check (environment in (0, 1)),
    soft_limit smallint not null default 5 check (soft_limit between 3 and 5),
    legal_passes_security boolean not null default false,
    primary key (tenant, environment)
);

-- Answers of mailbox providers, counted by the minute (span 0, kept for an hour) and by the day (span 1, kept for eight days).
create table provider_count (
    tenant int not null,
    environment smallint not null,
    provider text not null,
    span smallint not null check (span in (0, 1)),
    bucket timestamptz not null,
    attempts int not null,
    hard int not null,
    primary key (tenant, environment, provider, span, bucket)
);

create index provider_count_age on provider_count (span, bucket);

-- While a brake is on, hard bounces of its provider are provisional.
create table brake (
    tenant int not null,
    environment smallint not null,
    provider text not null,
    since timestamptz not null,
    until timestamptz not null,
    attempts int not null,               -- what put it on
    hard int not null,
    base real not null,
    primary key (tenant, environment, provider)
);

-- Erasure: every text of a tenant's rows, in whatever table, loses what the pattern finds. The names come from the catalog,
-- so a table that is added later is covered; sealed bytes are not text and are deleted by their own rules.
create function erase_text(wanted_tenant int, pattern text) returns bigint language plpgsql as $$
declare
    found record;
    changed bigint;
    total bigint := 0;
begin
    for found in
        select c.oid::regclass as place, a.attname as name, format_type(a.atttypid, null) as kind
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where n.nspname = current_schema() and c.relkind in ('r', 'p') and not c.relispartition
          and format_type(a.atttypid, null) in ('text', 'text[]', 'json', 'jsonb', 'character varying')
          and exists (select 1 from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant' and not t.attisdropped)
        order by c.relname, a.attnum
    loop
        execute format(
            'update %1$s set %2$I = regexp_replace(%2$I::text, $1, ''[erased]'', ''g'')::%3$s where tenant = $2 and %2$I::text ~ $1',
            found.place, found.name, found.kind
        ) using pattern, wanted_tenant;
        get diagnostics changed = row_count;
        total := total + changed;
    end loop;
    return total;
end
$$;
