"""What is kept of addresses: suppressions, soft bounces, bounce brakes, feedback, erasure."""
