"""The roles of `posthouse serve`, each put together from the rooms below."""
