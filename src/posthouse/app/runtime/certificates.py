"""Certificates of providers, fetched once from addresses that were checked."""

from datetime import timedelta
from typing import Final

from posthouse.model.http import HttpRequest, HttpResponse
from posthouse.net.http.client import HttpClient

WITHIN: Final = timedelta(seconds=10)


MOST_CERTIFICATES: Final = 32


class Certificates:
    """Certificates by their address, fetched once; addresses are checked by whoever asks."""

    def __init__(self, http: HttpClient) -> None:
        """None is known yet."""
        self._http = http
        self._known: dict[str, bytes] = {}

    async def __call__(self, url: str) -> bytes | None:
        """The PEM that stands there, or None."""
        if url not in self._known:
            answer = await self._http.send(HttpRequest(method="GET", url=url, repeatable=True), within=WITHIN)
            if not isinstance(answer, HttpResponse) or answer.status != 200:
                return None
            if len(self._known) >= MOST_CERTIFICATES:
                self._known.clear()
            self._known[url] = answer.body
        return self._known[url]
