"""SendGrid: what its hooks say."""
