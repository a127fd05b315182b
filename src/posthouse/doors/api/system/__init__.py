"""What operations and machines ask over HTTP: health, metrics, alerts."""
