"""What every resource of the API is given, and the fields that many of them share."""
