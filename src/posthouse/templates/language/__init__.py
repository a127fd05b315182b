"""The template language: its grammar, what a page includes, and where in HTML a tag may stand."""
