"""What the SMTP doors share: listeners and sessions."""
