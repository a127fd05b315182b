-- A stream exists once it has a row; until now any name was taken. The names that are in use become streams, however many a
-- tenant has: those of mail of the last 90 days, and those that keys, webhooks and suppressions name.
insert into stream (tenant, name, changed_at)
select used.tenant, used.name, now()
from (
    select tenant, stream as name from message where created_at > now() - interval '90 days'
    union select tenant, default_stream from credential where revoked_at is null
    union select tenant, unnest(streams) from webhook_endpoint where removed_at is null
    union select tenant, stream from suppression
) used
join tenant t on t.id = used.tenant
where used.name is not null and used.name not in ('transactional', 'marketing')
on conflict do nothing;
