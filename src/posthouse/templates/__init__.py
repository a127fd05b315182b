"""A template version and variables give content, nothing more: no lookup, no clock, no I/O.

Two functions do the work: ``build.build`` when a template is saved, ``render`` when a message is made from it. ``language`` is
what a template may contain, how it is bounded and what may be printed where in HTML; ``html`` reads HTML; ``lint`` finds what
readers would dislike. ``variables`` checks what callers give; ``draft`` and ``folder`` are what authors hand in; ``ready_made``
loads the templates that come with the product, which are in ``shipped``.
"""
