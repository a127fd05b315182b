"""What submission and reception by SMTP share: listeners and sessions."""
