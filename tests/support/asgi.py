"""One request to an ASGI application in this process, with every freedom that a hostile client has."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message, Scope

Chunk = bytes | None  # None: the client hangs up


@dataclass(frozen=True)
class Answer:
    """The response. Header names are lower case; ``repeated`` has those that came more than once."""

    status: int
    headers: dict[str, str]
    body: bytes
    repeated: tuple[str, ...]

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    def code(self) -> str:
        """The problem's code."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        return str(self.json()["code"])

    def faults(self) -> dict[str, str]:
        """What the problem says, by path."""
        return {error["path"]: error["message"] for error in self.json()["errors"]}


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    body: Any = None,
    *,
    key: str | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, Any] | None = None,
    chunks: Iterable[Chunk] | None = None,
    peer: tuple[str, int] | None = ("127.0.0.1", 50000),
    again: Iterable[tuple[str, str]] = (),
) -> Answer:
    """Send ``body`` (JSON, or bytes as they are) or ``chunks``; the whole answer. ``again``: fields that stand once more."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = {"host": "127.0.0.1:8025"} | ({"content-type": "application/json"} if body is not None or chunks is not None else {})
    sent |= {"authorization": f"Bearer {key}"} if key else {}
    sent |= {name.lower(): value for name, value in (headers or {}).items()}
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": urlencode(query or {}).encode(),
        "client": peer,
        "server": ("127.0.0.1", 8025),
        "headers": [(n.encode(), v.encode("latin-1")) for n, v in (*sent.items(), *again) if v is not None],
    }
    return await _exchange(app, scope, list(chunks) if chunks is not None else [data])


async def _exchange(app: ASGIApp, scope: Scope, chunks: list[Chunk]) -> Answer:
    waiting = iter([_part(chunk, last=index == len(chunks) - 1) for index, chunk in enumerate(chunks)])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(waiting, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    nothing: Message = {"status": 0, "headers": []}
    start = next((message for message in sent if message["type"] == "http.response.start"), nothing)
    pairs = [(name.decode().lower(), value.decode("latin-1")) for name, value in start["headers"]]
    names = [name for name, _ in pairs]
    return Answer(
        status=start["status"],
        headers=dict(pairs),
        body=b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body"),
        repeated=tuple(sorted({name for name in names if names.count(name) > 1})),
    )


def _part(chunk: Chunk, *, last: bool) -> Message:
    if chunk is None:
        return {"type": "http.disconnect"}
    return {"type": "http.request", "body": chunk, "more_body": not last}
