"""The composition root: what a `posthouse serve` is made of, and who watches whom."""
