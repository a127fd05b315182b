"""Amazon SES: what its hooks say."""
