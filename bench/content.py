"""``python -m bench.content``: how well the content policy tells advertising from messages, with every stream on *refuse*; and
how fast.

Three labelled sets: those the rules were made with, those that strangers wrote and that mended them, and those that strangers
wrote and that were measured once before what one of them quoted mended a rule. Refused is what is judged commercial.
"""

import time
from collections import Counter
from collections.abc import Sequence

from posthouse.model.template import RenderedTemplate
from posthouse.policy.content import ContentKind, ContentVerdict, judge
from posthouse.templates.html.text import text_of
from posthouse.templates.ready_made import READY_MADE
from posthouse.templates.render import render
from tests.policy.content.labelled import Labelled, development, earlier, held_out

TIMES = 400


def judged(mail: Labelled) -> ContentVerdict:
    """The verdict, without being told the language."""
    return judge(mail.subject, mail.text, None)


def report(name: str, mails: Sequence[Labelled], *, wrong: bool) -> None:
    """The confusion of a set; ``wrong``: and the mails that were judged wrongly."""
    table = Counter((mail.label, judged(mail).kind.value) for mail in mails)
    print(f"\n{name}: {len(mails)} mails")
    for label in ("transactional", "mixed_allowed", "commercial"):
        row = {kind.value: table[label, kind.value] for kind in ContentKind}
        print(f"  {label:14}" + "".join(f" {kind} {count:3}" for kind, count in row.items()))
    genuine = sum(count for (label, _), count in table.items() if label != "commercial")
    refused = sum(count for (label, kind), count in table.items() if label != "commercial" and kind == ContentKind.COMMERCIAL)
    caught = table["commercial", ContentKind.COMMERCIAL.value]
    adverts = sum(count for (label, _), count in table.items() if label == "commercial")
    if genuine and adverts and caught:
        print(
            f"  wrongly refused {refused / genuine:.1%}; precision {caught / (caught + refused):.1%}; recall "
            f"{caught / adverts:.1%}"
        )
    for mail in mails if wrong else ():
        found = judged(mail)
        if (found.kind is ContentKind.COMMERCIAL) != (mail.label == "commercial"):
            print(
                f"  {mail.id} {mail.label}: {mail.subject!r} -> {found.kind.value} {found.reason} "
                f"{[each.rule for each in found.findings]}"
            )


def speed() -> None:
    """Microseconds for an order confirmation of ours, with and without the way from HTML to text."""
    made = render(READY_MADE["order-confirmation"], {"orderId": "1", "total": "$4", "items": [{"name": "Shirt"}] * 12}, "en")
    assert isinstance(made, RenderedTemplate)
    html = made.html or ""
    for name, work in (
        ("judged", lambda: judge(made.subject, made.text, "en")),
        ("from HTML", lambda: judge(made.subject, text_of(html), "en")),
    ):
        begun = time.process_time()
        for _ in range(TIMES):
            work()
        print(
            f"{name}: {(time.process_time() - begun) / TIMES * 1e6:.0f} us for {len(html):,} characters of HTML, "
            f"{len(made.text):,} of text"
        )


if __name__ == "__main__":
    report("development", development(), wrong=True)
    report("earlier held out", earlier(), wrong=False)
    report("held out", held_out(), wrong=False)
    speed()
