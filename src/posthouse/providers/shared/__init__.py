"""What every provider's codec shares."""
