"""A template version and variables give content, nothing more: no lookup, no clock, no I/O.

``template`` is the noun, ``dialect`` what a template may say, ``engine`` how it is rendered and bounded, ``variables`` what is
given to it, ``render`` the one function of this room; ``ready_made`` the templates that come with the product,
``plain`` the text of an HTML.
"""
