"""The queue: claims, leases, settlement, and the workers that hold them."""
