"""The pages of the dashboard: a file each, with its template beside it; ``registry`` lists them."""
