"""Those we stand beside: systems that others built, set up as well as their manuals and people's habits have it."""
