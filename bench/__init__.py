"""Performance claims, as ratios against peers measured in the same run; nothing here is part of the product."""
