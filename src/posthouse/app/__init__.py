"""The composition root: what the processes of `posthouse serve` are made of, and the supervisor that watches them."""
