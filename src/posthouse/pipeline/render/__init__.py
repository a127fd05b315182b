"""Rendering and building templates: ours in this process, those of tenants in confined children."""
