"""What is built of a template once, when a version is saved."""
