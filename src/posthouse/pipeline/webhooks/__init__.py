"""Events to the webhook endpoints of tenants."""
