"""Content against its stream: the primary-purpose test on what readers see, and what commercial mail must carry (P1, P2, P4).

A template is judged once per version and language, by the first mail that is rendered from it; a mail whose variables are long
enough to advertise is judged by itself. So is what is submitted or sent inline, unless it reads like a mail just before it, but
for names, numbers and links (``policy/content/near_duplicates``).
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from posthouse.model.message_type import MessageClass
from posthouse.model.send_request import Rejection, Warning
from posthouse.pipeline.accept.message import AdmittedMessage
from posthouse.policy.accept import commercial
from posthouse.policy.content import ContentKind, ContentVerdict, judge
from posthouse.policy.content.decide import ContentSetting, decide, is_checked
from posthouse.policy.content.near_duplicates import ContentFingerprint, fingerprint, is_near_duplicate, load_rules
from posthouse.telemetry import metrics
from posthouse.templates.html.text import text_of

MAX_TEMPLATES: Final = 2000
MAX_INLINE: Final = 200  # each entry has a mail's words
SENTENCE: Final = 40  # characters
_MAX_DEPTH: Final = 4


class PolicyResult(msgspec.Struct, frozen=True):
    """The verdict, None where content is not judged, and the warnings for the caller."""

    verdict: ContentVerdict | None
    warnings: tuple[Warning, ...]


class ContentPolicy:
    """One per process; caches verdicts on templates, and on the last mails that were not rendered from one."""

    def __init__(self) -> None:
        load_rules()
        self._by_template: OrderedDict[tuple[int, str, int, str | None], ContentVerdict] = OrderedDict()
        self._by_fingerprint: OrderedDict[tuple[int, str, str | None, int], tuple[ContentFingerprint, ContentVerdict]] = (
            OrderedDict()
        )

    def check(self, message: AdmittedMessage) -> PolicyResult | Rejection:
        """The content of a mail against the stream it goes out on."""
        message_class, stream = message.admission.type.message_class, message.facts.stream.settings
        if not is_checked(message_class, stream.content_policy):
            return PolicyResult(None, ())
        verdict = self.verdict(message)
        metrics.CONTENT.labels(verdict.kind.value, stream.content_policy).inc()
        decision = decide(verdict, message_class, stream.content_policy, stream.name)
        if isinstance(decision, Rejection):
            return decision
        return PolicyResult(verdict, () if decision is None else (decision,))

    def verdict(self, message: AdmittedMessage) -> ContentVerdict:
        """What a mail is, as far as its words show."""
        parts = message.parts
        if parts.template is None:
            return self._inline_verdict(message)
        if has_sentences(parts.variables):
            return judge(parts.subject, _visible_text(message), parts.locale or message.request.locale)
        key = (message.caller.tenant, parts.template.name, parts.template.version, parts.locale)
        verdict = self._by_template.get(key)
        if verdict is None:
            verdict = self._by_template[key] = judge(parts.subject, _visible_text(message), parts.locale)
            _trim(self._by_template, MAX_TEMPLATES)
        return verdict

    def _inline_verdict(self, message: AdmittedMessage) -> ContentVerdict:
        text, html = _words(message)
        locale = message.request.locale
        seen = fingerprint(message.parts.subject, html or text or "", is_html=bool(html))
        key = (message.caller.tenant, message.admission.type.name, locale, len(seen.pieces))
        last = self._by_fingerprint.get(key)
        if last is not None and is_near_duplicate(last[0], seen):
            return last[1]
        verdict = judge(message.parts.subject, _visible_text(message), locale)
        # The findings of commercial content quote its own words, so such a verdict is never reused.
        if verdict.kind is not ContentKind.COMMERCIAL and not verdict.findings:
            self._by_fingerprint[key] = seen, verdict
            self._by_fingerprint.move_to_end(key)
            _trim(self._by_fingerprint, MAX_INLINE)
        return verdict


def check_commercial(message: AdmittedMessage, warnings: Sequence[Warning]) -> tuple[Warning, ...] | Rejection:
    """The warnings for what a commercial mail lacks beside those there are already; a refusal where its stream refuses."""
    stream = message.facts.stream.settings
    if message.admission.type.message_class is not MessageClass.COMMERCIAL or stream.content_policy == ContentSetting.OFF:
        return ()
    addresses = (stream.postal_address, message.facts.brand.postal_address)
    address_warning = commercial.check_postal_address(_words(message), addresses)
    more = () if address_warning is None else (address_warning,)
    if stream.content_policy != ContentSetting.REFUSE:
        return more
    return commercial.refuse_incomplete((*warnings, *more), stream.name) or more


def has_sentences(variables: Mapping[str, Any] | None, depth: int = 0) -> bool:
    """True where a value is long enough to advertise by itself."""
    return bool(variables) and any(_is_sentence(value, depth) for value in (variables or {}).values())


def _is_sentence(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return len(value) >= SENTENCE and " " in value
    if depth >= _MAX_DEPTH:
        return bool(value) and isinstance(value, list | dict)
    if isinstance(value, dict):
        return has_sentences(value, depth + 1)
    return isinstance(value, list) and any(_is_sentence(inner, depth + 1) for inner in value)


def _words(message: AdmittedMessage) -> tuple[str | None, str | None]:
    """Text and HTML, before links were added."""
    parts = message.parts
    return message.request.words if parts.content is not None else (parts.text, parts.html)


def _visible_text(message: AdmittedMessage) -> str:
    """What readers see: the HTML's text, which exists already where the caller gave no other."""
    parts = message.parts
    text, html = _words(message)
    if not html or (parts.template is None and parts.content is None and message.request.text is None):
        return text or ""
    return text_of(html) or text or ""


def _trim(cache: OrderedDict[Any, Any], most: int) -> None:
    if len(cache) > most:
        cache.popitem(last=False)
