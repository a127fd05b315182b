"""What operations are notified of, and how often."""
