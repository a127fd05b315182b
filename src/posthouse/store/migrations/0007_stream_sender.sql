-- Who a stream's mail is from where a message does not say; '': the tenant's own.
alter table stream add column sender text not null default '';
