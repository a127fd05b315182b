"""``python -m bench.intake``: what a message costs the API process before Postgres, beside Jinja2's sandbox and
``email.message``.

The same letter (``bench.letter``) by template, by inline content and with a dedupe key: resolved, rendered, judged (the content
policy, remembered), made into MIME, compressed and sealed. Nothing is stored and nobody is asked; what intake knows of a tenant
comes from a stand-in for its memory. Jinja2 comes from the environment that the peer Celery runs in (``python -m bench --only
celery`` makes it); without it, it is named and left out. CPU time of this process, best of three.
"""

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from bench import keys, letter
from bench.peers.celery import PYTHON
from posthouse.model.brand import Brand
from posthouse.model.domain import DomainFact
from posthouse.model.mailbox import Mailbox
from posthouse.model.route import RouteFact
from posthouse.model.send_request import Caller, Environment, SendRequest
from posthouse.model.stream import default
from posthouse.model.template import TemplateDraft, TemplateVersion, Variable, VariableType
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.draft import MessageBuilder
from posthouse.pipeline.accept.row import Draft
from posthouse.pipeline.accept.suppression import SuppressionFacts
from posthouse.pipeline.accept.tenant_facts import StreamFacts, TenantFacts, TenantSender
from posthouse.pipeline.render.build_version import BuiltVersion, build_version
from posthouse.store.seal import Sealer
from posthouse.templates.draft import source_of, version_of
from posthouse.templates.render import render

ROUNDS, TIMES = 3, 1500
CALLER = Caller(tenant=1, tenant_ref="t1", environment=Environment.LIVE, credential="key_1", door="http")
SENDER = Mailbox("noreply", "shop.example", "Shop")
PEER = r"""
import json, sys, time
from email.message import EmailMessage
from jinja2.sandbox import ImmutableSandboxedEnvironment
parts, times = json.load(sys.stdin), int(sys.argv[1])
env = ImmutableSandboxedEnvironment(autoescape=True)
html, text = env.from_string(parts["html"]), env.from_string(parts["text"])
def one(n):
    values = {"name": f"User {n}", "link": f"https://shop.example/reset?token={n:032x}"}
    made = html.render(values), text.render(values)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Shop <noreply@shop.example>", f"u{n}@sink.example", f"Reset your password {n}"
    mail.set_content(made[1]); mail.add_alternative(made[0], subtype="html")
    return mail.as_bytes()
best = []
for _ in range(3):
    begun = time.process_time()
    for n in range(times): one(n)
    best.append((time.process_time() - begun) / times * 1e6)
print(min(best))
"""


class Book(TenantFacts):
    """What intake knows of a tenant, without a database."""

    def __init__(self, template: TemplateVersion) -> None:
        self._template = template
        self.templates = self  # type: ignore[assignment]

    async def find(self, *_: Any) -> TemplateVersion:
        """The one template."""
        return self._template

    async def tenant(self, _tenant: int) -> TenantSender:
        """A tenant with a sender."""
        return TenantSender(SENDER, ())

    async def domain(self, _tenant: int, _name: str) -> DomainFact:
        """Trusted."""
        return DomainFact(1, 1, trusted=True, verified=False)

    async def brand(self, _tenant: int) -> Brand:
        """None set."""
        return Brand()

    async def stream(self, _tenant: int, name: str) -> StreamFacts:
        """The defaults: content is judged and flagged."""
        return StreamFacts(default(name), SENDER, ())

    async def flow(self, _tenant: int, _environment: int, _stream: str) -> int:
        """Any."""
        return 1


def template() -> TemplateVersion:
    """The letter as a tenant's stored template of three parts."""
    words = tuple(Variable(name=name, type=VariableType.STRING, required=True) for name in ("name", "link", "number"))
    source = source_of(subject="Reset your password {{ number }}", html=letter.HTML, text=letter.TEXT)
    draft = TemplateDraft(name="reset", type="password_reset", variables=words, sources={"en": source}, fallback="en")
    made = build_version(draft, {})
    assert isinstance(made, BuiltVersion), made
    return version_of(draft, 1, made.wordings)


def asked(number: int, **changed: Any) -> SendRequest:
    """A message with its own reader."""
    return SendRequest(to=(Mailbox(f"u{number}", "sink.example"),), type="password_reset", **changed)


def by_template(number: int) -> SendRequest:
    """Rendered from the stored template, under a dedupe key."""
    values = {"name": f"User {number}", "link": f"https://shop.example/reset?token={number:032x}", "number": str(number)}
    return asked(number, template="reset", variables=values, dedupe_key=f"password-reset:{number}")


def inline(number: int) -> SendRequest:
    """Finished text and HTML, under a dedupe key."""
    one = letter.letter(number, "b")
    return asked(number, subject=one.subject, html=one.html, text=one.text, dedupe_key=f"password-reset:{number}")


async def best(work: Callable[[int], Awaitable[object]]) -> float:
    """Microseconds of CPU, best of the rounds."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for number in range(TIMES):
            await work(number)
        found.append((time.process_time() - begun) / TIMES * 1e6)
    return min(found)


def peer() -> float | None:
    """Jinja2's sandbox and EmailMessage for the same letter; None where they are not here."""
    if not PYTHON.exists():
        return None
    told = json.dumps({"html": letter.HTML, "text": letter.TEXT})
    return float(
        subprocess.run([str(PYTHON), "-c", PEER, str(TIMES // 5)], input=told, capture_output=True, text=True, check=True).stdout
    )


async def main() -> None:
    """Print the table."""
    version, now = template(), datetime.now(UTC)
    builder = MessageBuilder(
        facts=Book(version),
        sealer=Sealer(("bench",), os.urandom),
        entropy=Entropy(),
        routes=(RouteFact(name="mx", kind="mx"),),
    )

    async def rendered(number: int) -> object:
        return render(version, by_template(number).variables or {}, "en")

    async def drafted(request: SendRequest) -> object:
        made = await builder.draft(CALLER, request, now, SuppressionFacts())
        assert isinstance(made, Draft), made
        return made

    signing = keys.signing(0.5)["rsa"]
    rows = [
        ("rendering a stored template of three parts", await best(rendered), 40.0),
        ("intake by template, with dedupe key", await best(lambda number: drafted(by_template(number))), 350.0),
        ("intake of inline content, with dedupe key", await best(lambda number: drafted(inline(number))), 350.0),
    ]
    print(f"one RSA-2048 signature in the same run: {signing:.0f} us")
    for name, value, goal in rows:
        print(f"{name:46} {value:7.0f} us   (goal {goal:.0f})")
    other = peer()
    print(
        f"{'Jinja2 sandbox + EmailMessage':46} "
        + (f"{other:7.0f} us   ({other / rows[1][1]:.1f} times ours)" if other else "not here")
    )


if __name__ == "__main__":
    asyncio.run(main())
