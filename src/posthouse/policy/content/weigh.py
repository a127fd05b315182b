"""From the phrases that were found, and their places, to a verdict. All numbers of the test are here.

Advertising in a small section below the transactional content passes. A mail whose subject reads as an advertisement, that begins
with advertising, or that is mostly advertising, does not. The law requires an opt-out of advertising (15 USC 7704(a)(3)), and
hardly any other mail has one: with it, less advertising is enough, and so are prices where little is transactional.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from posthouse.model.content_verdict import ContentFinding, ContentKind, ContentPurpose, ContentVerdict
from posthouse.policy.content.rules import ContentRule

SUBJECT_ADVERTISES: Final = 2.5
SOME: Final = 2.0
MUCH: Final = 4.0
ALONE: Final = 3.0
LARGE: Final = 0.5
LEADING: Final = 0.3
REPEATED: Final = 0.5
OUTWEIGHS: Final = 2.0
OPT_OUT: Final = "opt-out"  # the rule that finds a link to unsubscribe
_MOST_REPEATS: Final = 3
_MOST_FINDINGS: Final = 30


class TextBlock(msgspec.Struct, frozen=True):
    """A block of the text: which, how many words, and the rules that fired in it, each with the place of its word."""

    number: int
    words: int
    hits: tuple[tuple[int, ContentRule], ...]

    def weight(self, kind: str) -> float:
        """The sum of the weights of a kind's rules in it."""
        return sum(rule.weight for _, rule in self.hits if rule.kind == kind)


class _Measurement(msgspec.Struct, frozen=True):
    """``leads``: promotion stands before anything transactional. ``opt_out``: it offers to unsubscribe. ``has_prices``: it names
    prices.
    """

    promotion: float
    transaction: float
    share: float
    leads: bool
    opt_out: bool
    has_prices: bool


def weigh(
    language: str,
    subject: TextBlock,
    blocks: Sequence[TextBlock],
    has_prices: bool,
    locate: Callable[[str, int, int], tuple[int, str]],
) -> ContentVerdict:
    """The verdict. ``has_prices``: the text names prices; ``locate``: from part, line and word to the position in the part and
    the words there.
    """
    measurement = _measure(subject, blocks, has_prices)
    reason = _commercial_reason(subject, measurement)
    has_promotion = measurement.promotion >= SOME or subject.weight("promotion") >= SOME
    kind = ContentKind.COMMERCIAL if reason else ContentKind.MIXED_ALLOWED if has_promotion else ContentKind.TRANSACTIONAL
    hits = [("subject", 0, *hit) for hit in subject.hits] + [
        ("text", block.number, *hit) for block in blocks for hit in block.hits
    ]
    reported = [hit for hit in hits if hit[3].kind == "promotion" or (hit[3].kind == "footer" and hit[3].weight)]
    findings = tuple(_finding(locate, *hit) for hit in reported[:_MOST_FINDINGS])
    return ContentVerdict(kind, language, round(measurement.share, 3), _purpose(subject, blocks), findings, reason)


def _finding(
    locate: Callable[[str, int, int], tuple[int, str]], part: str, block: int, word: int, rule: ContentRule
) -> ContentFinding:
    position, excerpt = locate(part, block, word)
    return ContentFinding(rule.id, part, position, excerpt, rule.weight, rule.says)


def _commercial_reason(subject: TextBlock, body: _Measurement) -> str:
    """Why it is commercial, '' where it is not."""
    promotion = body.promotion + subject.weight("promotion")
    transaction = body.transaction + subject.weight("transaction")
    advertises = subject.weight("promotion") >= SUBJECT_ADVERTISES and subject.weight("promotion") > subject.weight("transaction")
    is_answer = body.share == 0 and body.transaction >= body.promotion
    if advertises and (body.promotion >= SOME or body.transaction == 0) and not is_answer:
        return "the subject reads as an advertisement"
    if transaction == 0 and body.promotion >= ALONE:
        return "nothing in it is transactional, and it advertises"
    return _reason_by_frame(body, promotion, transaction) or _reason_by_weight(body)


def _reason_by_frame(body: _Measurement, promotion: float, transaction: float) -> str:
    """The reason where an opt-out or prices decide what the words alone do not."""
    if body.opt_out and promotion >= SOME and promotion * OUTWEIGHS >= transaction:
        return "it advertises, and offers an unsubscribe link"
    if body.opt_out and body.has_prices and transaction < ALONE:
        return "it names prices and offers an unsubscribe link, and little in it is transactional"
    if body.has_prices and promotion >= ALONE and transaction < ALONE:
        return "it advertises and names prices, and little in it is transactional"
    return ""


def _reason_by_weight(body: _Measurement) -> str:
    if body.promotion >= MUCH and body.leads and body.share >= LEADING:
        return "advertising stands before what is transactional"
    if body.promotion >= MUCH and body.share >= LARGE:
        return "most of it is advertising"
    if body.promotion >= 2 * MUCH and body.promotion > 2 * body.transaction:
        return "advertising outweighs what is transactional"
    return ""


def _measure(subject: TextBlock, blocks: Sequence[TextBlock], has_prices: bool) -> _Measurement:
    promotion: dict[str, float] = {}
    transaction: dict[str, float] = {}
    words = promotional_words = 0
    leads: bool | None = None
    open_section = False
    for block in blocks:
        transaction_weight, promotion_weight = block.weight("transaction"), block.weight("promotion")
        _count(promotion, block, "promotion")
        _count(transaction, block, "transaction")
        if any(rule.kind == "footer" for _, rule in block.hits) and not promotion_weight >= SOME:
            open_section = False
            continue
        if promotion_weight > transaction_weight:
            open_section = open_section or any(rule.opens for _, rule in block.hits)
        elif transaction_weight:
            open_section = False
        is_promotional = promotion_weight > transaction_weight or (open_section and not transaction_weight)
        words += block.words
        promotional_words += block.words if is_promotional else 0
        if leads is None and (transaction_weight >= SOME or promotion_weight >= SOME):
            leads = promotion_weight > transaction_weight
    return _Measurement(
        promotion=sum(promotion.values()),
        transaction=sum(transaction.values()),
        share=promotional_words / words if words else 0.0,
        leads=bool(leads) and subject.weight("transaction") < SOME,
        has_prices=has_prices,
        opt_out=any(rule.id == OPT_OUT for block in blocks for _, rule in block.hits),
    )


def _count(sums: dict[str, float], block: TextBlock, kind: str) -> None:
    """A rule counts whole once, and some more when it fires again."""
    for _, rule in block.hits:
        if rule.kind == kind:
            total = sums.get(rule.id)
            most = rule.weight * (1 + REPEATED * _MOST_REPEATS)
            sums[rule.id] = rule.weight if total is None else min(total + rule.weight * REPEATED, most)


def _purpose(subject: TextBlock, blocks: Sequence[TextBlock]) -> ContentPurpose | None:
    """The purpose that weighs most; of equal ones the first."""
    weights: dict[ContentPurpose, float] = {}
    for _, rule in (hit for block in (subject, *blocks) for hit in block.hits):
        if rule.purpose is not None:
            weights[rule.purpose] = weights.get(rule.purpose, 0.0) + rule.weight
    return max(weights, key=lambda purpose: weights[purpose]) if weights else None
