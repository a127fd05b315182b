"""Content against its stream: the primary-purpose test on what readers will see, and what commercial mail must carry (P1, P2, P4).

A template is judged once per version and language, by the first mail that it makes; a mail whose variables bring sentences of their own is
judged by itself. So is what is submitted or sent inline, unless it says what a mail just before it said, but for names, numbers and links
(``policy/content/likeness``).
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from posthouse.model.message_type import MessageClass
from posthouse.model.send_request import Rejection, SendRequest, Warning
from posthouse.model.stream import Stream
from posthouse.pipeline.accept.content import RenderedParts
from posthouse.policy.accept import commercial
from posthouse.policy.accept.admit import Admission
from posthouse.policy.content import ContentKind, ContentVerdict, judge
from posthouse.policy.content.decide import ContentSetting, decide, is_checked
from posthouse.policy.content.near_duplicates import ContentFingerprint, fingerprint, is_near_duplicate, load_rules
from posthouse.telemetry import metrics
from posthouse.templates.html.text import text_of

MOST: Final = 2000
MOST_READ: Final = 200  # each holds a mail's words
SENTENCE: Final = 40
_DEPTH: Final = 4


class ContentPolicy:
    """One per process; remembers what templates say, and the last mails that were not made from one of ours."""

    def __init__(self) -> None:
        """Nothing was judged yet; the rules are read."""
        load_rules()
        self._known: OrderedDict[tuple[int, str, int, str | None], ContentVerdict] = OrderedDict()
        self._read: OrderedDict[tuple[int, str, str | None, int], tuple[ContentFingerprint, ContentVerdict]] = OrderedDict()

    def verdict(self, tenant: int, request: SendRequest, worded: RenderedParts, type: str) -> ContentVerdict:
        """What a mail is, as far as its words tell."""
        template = worded.template
        if template is None:
            return self._of_inline(tenant, request, worded, type)
        if brings_sentences(worded.variables):
            return judge(worded.subject, _visible(request, worded), worded.locale or request.locale)
        key = (tenant, template.name, template.version, worded.locale)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = judge(worded.subject, _visible(request, worded), worded.locale)
            _forget(self._known)
        return found

    def _of_inline(self, tenant: int, request: SendRequest, worded: RenderedParts, type: str) -> ContentVerdict:
        text, html = request.words if worded.content is not None else (worded.text, worded.html)
        seen = fingerprint(worded.subject, html or text or "", is_html=bool(html))
        key = (tenant, type, request.locale, len(seen.pieces))
        known = self._read.get(key)
        if known is not None and is_near_duplicate(known[0], seen):
            return known[1]
        found = judge(worded.subject, _visible(request, worded), request.locale)
        if found.kind is not ContentKind.COMMERCIAL and not found.findings:
            self._read[key] = seen, found
            self._read.move_to_end(key)
            _forget(self._read, MOST_READ)
        return found


class PolicyResult(msgspec.Struct, frozen=True):
    """What was found: the verdict, None where nobody asked for one, and what the caller is told."""

    verdict: ContentVerdict | None
    warnings: tuple[Warning, ...]


def check_content(
    judge_: ContentPolicy, tenant: int, request: SendRequest, admission: Admission, worded: RenderedParts, stream: Stream
) -> PolicyResult | Rejection:
    """The content of a mail against the stream it goes out on."""
    message_class, setting = admission.type.message_class, stream.content_policy
    if not is_checked(message_class, setting):
        return PolicyResult(None, ())
    verdict = judge_.verdict(tenant, request, worded, admission.type.name)
    metrics.CONTENT.labels(verdict.kind.value, setting).inc()
    said = decide(verdict, message_class, setting, stream.name)
    return said if isinstance(said, Rejection) else PolicyResult(verdict, () if said is None else (said,))


def commercial_lacks(
    request: SendRequest, admission: Admission, worded: RenderedParts, stream: Stream, brand_address: str, told: Sequence[Warning]
) -> tuple[Warning, ...] | Rejection:
    """What a commercial mail lacks besides what it was told of already; a refusal where its stream refuses."""
    if admission.type.message_class is not MessageClass.COMMERCIAL or stream.content_policy == ContentSetting.OFF:
        return ()
    known = (stream.postal_address, brand_address)
    parts = request.words if worded.content is not None else (worded.html, worded.text)
    lacking = commercial.address_lacking(parts, known)
    warnings = () if lacking is None else (lacking,)
    refused = commercial.refusal((*told, *warnings), stream.name) if stream.content_policy == ContentSetting.REFUSE else None
    return refused or warnings


def _forget(known: OrderedDict[Any, Any], most: int = MOST) -> None:
    if len(known) > most:
        known.popitem(last=False)


def brings_sentences(variables: Mapping[str, Any] | None, depth: int = 0) -> bool:
    """True where a value is long enough to advertise by itself."""
    return bool(variables) and any(_is_sentence(value, depth) for value in (variables or {}).values())


def _is_sentence(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return len(value) >= SENTENCE and " " in value
    if depth >= _DEPTH:
        return bool(value) and isinstance(value, list | dict)
    if isinstance(value, dict):
        return brings_sentences(value, depth + 1)
    return isinstance(value, list) and any(_is_sentence(inner, depth + 1) for inner in value)


def _visible(request: SendRequest, worded: RenderedParts) -> str:
    """What readers see: the HTML's text, which is made already where the caller gave no other."""
    text, html = request.words if worded.content is not None else (worded.text, worded.html)
    if html is None or not html or (worded.template is None and worded.content is None and request.text is None):
        return text or ""
    return text_of(html) or text or ""
