-- Who a template's mail is from where a message does not say; '': the stream's, else the tenant's.
alter table template_version add column sender text not null default '';
