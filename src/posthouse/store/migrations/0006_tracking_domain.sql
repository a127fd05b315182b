-- Links on a tenant's own host; alerts found by themselves; erasure in small steps.

-- The host that links in a stream's mail stand on; '': that of POSTHOUSE_PUBLIC_URL.
alter table stream add column tracking_domain text not null default '';

-- Every host that a tenant's links ever stood on. Mails do not expire, so rows are only ever added.
create table link_host (
    tenant int not null references tenant,
    name text not null,
    since timestamptz not null,
    primary key (tenant, name)
);
create index link_host_name on link_host (name);

-- Alerts are few among very many events.
create index event_alert on event (tenant, environment, id) where type like 'alert.%';

-- Erasure goes over one table at a time, a batch a transaction, so that no long transaction holds up those who read events in order
-- (their place is the oldest transaction still open). The catalog says which texts there are: a table that is added later is covered.
drop function erase_text(int, text);

create view erasable as
select c.oid as place, c.relname::text as name, a.attname::text as "column", format_type(a.atttypid, null) as kind,
    exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisunique and a.attnum = any(i.indkey)) as keyed
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = current_schema() and c.relkind = 'r'
  and format_type(a.atttypid, null) in ('text', 'text[]', 'json', 'jsonb', 'character varying', 'character varying[]')
  and exists (select 1 from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant' and not t.attisdropped);

-- Blots out what the pattern finds in at most so many rows of one table (not of its partitions); how many rows it were.
-- core: finds what the pattern finds and a little more, much faster. In a unique key the blot differs every time, so that
-- two rows that named the same address stay two.
create function erase_batch(wanted_tenant int, core text, pattern text, wanted_place oid, most int) returns bigint language plpgsql as $$
declare
    found text;
    changes text;
    changed bigint;
begin
    select string_agg(format('(%1$I::text ~ $1 and %1$I::text ~ $2)', "column"), ' or '),
        string_agg(format(
            '%1$I = case when %1$I::text ~ $1 then regexp_replace(%1$I::text, $2, %2$s, ''g'')::%3$s else %1$I end', "column",
            case when keyed then '''[erased ''||left(gen_random_uuid()::text, 13)||'']''' else '''[erased]''' end, kind), ', ')
    into found, changes
    from erasable where place = wanted_place;
    if found is null then
        return 0;  -- dropped meanwhile
    end if;
    -- The search ends before the first row is changed, so the transaction has a number for as long as the change takes.
    execute format(
        'update only %1$s set %2$s where ctid = any(array(select ctid from only %1$s where tenant = $3 and (%3$s) limit $4))
            and tenant = $3 and (%3$s)', wanted_place::regclass, changes, found
    ) using core, pattern, wanted_tenant, most;
    get diagnostics changed = row_count;
    return changed;
end
$$;
