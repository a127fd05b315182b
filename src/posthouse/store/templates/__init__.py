"""Templates at rest: versions, layouts and partials."""
