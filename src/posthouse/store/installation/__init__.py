"""What is true of the database as a whole: under which secret key it is sealed, and sealing anew when that rotates."""
