"""Tenants and what they set: brands, streams, domains, credentials, message types, and the audit trail."""
