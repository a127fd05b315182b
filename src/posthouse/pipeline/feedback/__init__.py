"""What comes back: bounces, complaints, replies of people, calls of providers."""
