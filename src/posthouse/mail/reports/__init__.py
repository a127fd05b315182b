"""What comes back by mail: delivery reports, complaints, automatic replies and replies of people."""
