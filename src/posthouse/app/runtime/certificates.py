"""Certificates of providers, fetched once from addresses that were checked (Amazon SNS signs with one that it names by URL)."""

from datetime import timedelta
from typing import Final

from posthouse.model.bounded_cache import BoundedCache
from posthouse.model.http import HttpRequest, HttpResponse
from posthouse.net.http.client import HttpClient

WITHIN: Final = timedelta(seconds=10)
MOST_CERTIFICATES: Final = 32


class Certificates:
    """Certificates by their address; the caller checks addresses before."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._fetched: BoundedCache[str, bytes] = BoundedCache(MOST_CERTIFICATES)

    async def __call__(self, url: str) -> bytes | None:
        """The PEM at that address, or None."""
        certificate = self._fetched.get(url)
        if certificate is None:
            answer = await self._http.send(HttpRequest(method="GET", url=url, repeatable=True), within=WITHIN)
            if not isinstance(answer, HttpResponse) or answer.status != 200:
                return None
            certificate = answer.body
            self._fetched.set(url, certificate)
        return certificate
