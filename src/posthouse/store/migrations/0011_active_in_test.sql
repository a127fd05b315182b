-- The version that mail in test is made from, where a test key chose another than live mail is made from. Without a row: the
-- active one, as for live, so what was active stays active in both.
create table template_test_version (
    tenant int not null,
    name text not null,
    version int not null,
    chosen_at timestamptz not null,
    primary key (tenant, name),
    foreign key (tenant, name, version) references template_version
);
