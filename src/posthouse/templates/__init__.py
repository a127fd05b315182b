"""A template version and variables give content, nothing more: no lookup, no clock, no I/O.

``template`` is the noun; ``dialect`` what a template may say; ``variables`` and ``kinds`` what is given to it; ``engine``, ``filters`` and
``locale_filters`` how it is rendered and bounded; ``where``, ``places`` and ``guard`` what may stand where in HTML. Two functions do the
work: ``build`` when a template is saved (with ``link``, ``markup``, ``aside``, ``outline``), ``render`` when a message is made of it.
``ready_made`` are the templates that come with the product, ``plain`` is the text of an HTML.
"""
