"""What carries a parcel: to the MX of a domain, or through a relay."""
