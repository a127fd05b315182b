"""What the HTTP doors share: bodies, queries, validation, problems, endpoints and the OpenAPI made from them."""
