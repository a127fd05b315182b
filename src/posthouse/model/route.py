"""A route: an ordered choice of where mail goes out."""

import msgspec


class RouteFact(msgspec.Struct, frozen=True, kw_only=True):
    """A configured route: ``kind`` as in POSTHOUSE_ROUTES, ``dkim``: we sign, ``return_path_from``: bounces go to the author."""

    name: str
    kind: str
    dkim: bool = True
    return_path_from: bool = False
