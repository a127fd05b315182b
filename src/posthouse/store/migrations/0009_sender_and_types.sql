-- Who a template's mail is from where a message does not say; '': the stream's, else the tenant's.
alter table template_version add column sender text not null default '';

-- Message types that a tenant made: each behaves as the built-in one it names. Removed ones stay, so that history can be sent again.
create table message_type (
    tenant int not null references tenant,
    name text not null,
    id uuid not null,
    parent text not null,
    description text not null default '',
    created_at timestamptz not null,
    removed_at timestamptz,
    primary key (tenant, name),
    unique (tenant, id)
);

-- The built-in type behind an own one, as it was at acceptance: workers go by it and look nothing up.
alter table queue add column parent text;
