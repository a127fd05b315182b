"""What every resource of the API needs, and the fields that many of them share."""
