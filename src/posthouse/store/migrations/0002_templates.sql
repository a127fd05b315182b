-- Stored templates: versions that never change once written, the one switch between them, layouts and partials;
-- what a tenant's mail looks like and its streams are set to; and who changed what.
-- Templates belong to a tenant and are shared by live and test.

alter table tenant add column approval_required boolean not null default false;

create table brand (
    tenant int primary key references tenant,
    company text not null default '',
    logo_url text not null default '',
    color text not null default '',
    support_email text not null default '',
    support_url text not null default '',
    postal_address text not null default '',
    changed_at timestamptz not null
);

create table stream (
    tenant int not null references tenant,
    name text not null,
    content_policy text not null default 'flag' check (content_policy in ('off', 'flag', 'refuse')),
    unsubscribe boolean not null default false,
    reply_to text not null default '',
    postal_address text not null default '',
    track_opens boolean not null default false,
    track_clicks boolean not null default false,
    changed_at timestamptz not null,
    primary key (tenant, name)
);

-- The row is locked by whoever adds or switches a version, so numbers have no gap and a switch is one at a time.
create table template (
    tenant int not null references tenant,
    name text not null,
    id uuid not null,
    latest int not null default 0,       -- the number given last
    created_at timestamptz not null,
    primary key (tenant, name),
    unique (tenant, id)
);

create table template_version (
    tenant int not null,
    name text not null,
    version int not null,
    type text,                           -- the message type; null: whatever the message says
    state text not null check (state in ('draft', 'in_review', 'approved', 'active', 'retired')),
    fallback text not null,              -- the locale whose wording serves readers of any other
    variables jsonb not null,
    waivers jsonb not null,
    digest bytea not null,               -- of all that was written and what was built from it
    author text not null,
    created_at timestamptz not null,
    approved_by text,
    approved_at timestamptz,
    activated_at timestamptz,            -- the last time it became active
    primary key (tenant, name, version),
    foreign key (tenant, name) references template
);

create unique index template_version_active on template_version (tenant, name) where state = 'active';

-- What the author wrote, and what was built from it once; a mail is rendered from what was built.
create table template_wording (
    tenant int not null,
    name text not null,
    version int not null,
    locale text not null,
    subject text not null,
    html text not null,
    mjml text not null,
    text text not null,
    built_subject text not null,
    built_html text not null,
    built_text text not null,
    primary key (tenant, name, version, locale),
    foreign key (tenant, name, version) references template_version
);

-- Layouts and partials: the last version counts for what is built from now on. Null: taken away.
create table template_part (
    tenant int not null references tenant,
    kind text not null check (kind in ('layout', 'partial')),
    name text not null,
    version int not null,
    source text,
    author text not null,
    created_at timestamptz not null,
    primary key (tenant, kind, name, version)
);

-- Who changed what, and how it was before. Rows are only ever added.
create table audit (
    tenant int not null,
    id uuid not null,
    at timestamptz not null,
    actor text not null,
    action text not null,
    subject text not null,
    data jsonb,
    primary key (tenant, id)
);

create index audit_subject on audit (tenant, subject, id);
