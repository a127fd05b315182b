"""The weighing: from phrases that were found, and where, to a verdict. Every number of the test stands here.

Advertising that is a small section below what the reader waits for passes. What reads as an advertisement in its subject, begins with
advertising, or is mostly advertising, does not. A way out of a list is what the law asks of advertising (15 USC 7704(a)(3)) and what hardly
any other mail has: with it, less advertising is enough, and so are prices where little is transactional.
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
OUTWEIGHED: Final = 2.0
OPT_OUT: Final = "opt-out"  # the rule that finds a way out of a list
_MOST_REPEATS: Final = 3
_MOST_FINDINGS: Final = 30


class TextBlock(msgspec.Struct, frozen=True):
    """A block of the text: which, how many words, and the rules that fired in it, each with the place of its word."""

    number: int
    words: int
    hits: tuple[tuple[int, ContentRule], ...]

    def weight(self, kind: str) -> float:
        """What rules of a kind weigh in it together."""
        return sum(rule.weight for _, rule in self.hits if rule.kind == kind)


class _Measured(msgspec.Struct, frozen=True):
    """``leads``: promotion stands before anything transactional. ``opt_out``: there is a way out of a list. ``priced``: it names prices."""

    promotion: float
    transaction: float
    share: float
    leads: bool
    opt_out: bool
    priced: bool


def weigh(
    language: str, subject: TextBlock, lines: Sequence[TextBlock], priced: bool, where: Callable[[str, int, int], tuple[int, str]]
) -> ContentVerdict:
    """The verdict. ``priced``: the text names prices; ``where``: of part, line and word the place in the part, and the words there."""
    measured = _measure(subject, lines, priced)
    reason = _commercial(subject, measured)
    promoted = measured.promotion >= SOME or subject.weight("promotion") >= SOME
    kind = ContentKind.COMMERCIAL if reason else ContentKind.MIXED_ALLOWED if promoted else ContentKind.TRANSACTIONAL
    fired = [("subject", 0, *hit) for hit in subject.hits] + [("text", line.number, *hit) for line in lines for hit in line.hits]
    told = [hit for hit in fired if hit[3].kind == "promotion" or (hit[3].kind == "footer" and hit[3].weight)]
    findings = tuple(_finding(where, *hit) for hit in told[:_MOST_FINDINGS])
    return ContentVerdict(kind, language, round(measured.share, 3), _purpose(subject, lines), findings, reason)


def _finding(
    where: Callable[[str, int, int], tuple[int, str]], part: str, line: int, word: int, rule: ContentRule
) -> ContentFinding:
    at, said = where(part, line, word)
    return ContentFinding(rule.id, part, at, said, rule.weight, rule.says)


def _commercial(subject: TextBlock, body: _Measured) -> str:
    """Why it is commercial, '' where it is not."""
    promotion = body.promotion + subject.weight("promotion")
    transaction = body.transaction + subject.weight("transaction")
    advertises = subject.weight("promotion") >= SUBJECT_ADVERTISES and subject.weight("promotion") > subject.weight("transaction")
    answers = body.share == 0 and body.transaction >= body.promotion
    if advertises and (body.promotion >= SOME or body.transaction == 0) and not answers:
        return "the subject reads as an advertisement"
    if transaction == 0 and body.promotion >= ALONE:
        return "nothing in it is transactional, and it advertises"
    return _told_by_its_frame(body, promotion, transaction) or _outweighs(body)


def _told_by_its_frame(body: _Measured, promotion: float, transaction: float) -> str:
    """Where a way out of a list, or prices, say what the words alone do not."""
    if body.opt_out and promotion >= SOME and promotion * OUTWEIGHED >= transaction:
        return "it advertises, and offers a way out of a list"
    if body.opt_out and body.priced and transaction < ALONE:
        return "it names prices and offers a way out of a list, and little in it is transactional"
    if body.priced and promotion >= ALONE and transaction < ALONE:
        return "it advertises and names prices, and little in it is transactional"
    return ""


def _outweighs(body: _Measured) -> str:
    if body.promotion >= MUCH and body.leads and body.share >= LEADING:
        return "advertising stands before what is transactional"
    if body.promotion >= MUCH and body.share >= LARGE:
        return "most of it is advertising"
    if body.promotion >= 2 * MUCH and body.promotion > 2 * body.transaction:
        return "advertising outweighs what is transactional"
    return ""


def _measure(subject: TextBlock, lines: Sequence[TextBlock], priced: bool) -> _Measured:
    promotion: dict[str, float] = {}
    transaction: dict[str, float] = {}
    words = promoted = 0
    leads: bool | None = None
    open_section = False
    for line in lines:
        ours, theirs = line.weight("transaction"), line.weight("promotion")
        _count(promotion, line, "promotion")
        _count(transaction, line, "transaction")
        if any(rule.kind == "footer" for _, rule in line.hits) and not theirs >= SOME:
            open_section = False
            continue
        if theirs > ours:
            open_section = open_section or any(rule.opens for _, rule in line.hits)
        elif ours:
            open_section = False
        promotional = theirs > ours or (open_section and not ours)
        words += line.words
        promoted += line.words if promotional else 0
        if leads is None and (ours >= SOME or theirs >= SOME):
            leads = theirs > ours
    return _Measured(
        promotion=sum(promotion.values()), transaction=sum(transaction.values()), share=promoted / words if words else 0.0,
        leads=bool(leads) and subject.weight("transaction") < SOME, priced=priced,
        opt_out=any(rule.id == OPT_OUT for line in lines for _, rule in line.hits),
    )  # fmt: skip


def _count(sums: dict[str, float], line: TextBlock, kind: str) -> None:
    """A rule counts whole once, and some more when it fires again."""
    for _, rule in line.hits:
        if rule.kind == kind:
            known = sums.get(rule.id)
            most = rule.weight * (1 + REPEATED * _MOST_REPEATS)
            sums[rule.id] = rule.weight if known is None else min(known + rule.weight * REPEATED, most)


def _purpose(subject: TextBlock, lines: Sequence[TextBlock]) -> ContentPurpose | None:
    """What weighs most; of what weighs the same, what came first."""
    weights: dict[ContentPurpose, float] = {}
    for _, rule in (hit for line in (subject, *lines) for hit in line.hits):
        if rule.purpose is not None:
            weights[rule.purpose] = weights.get(rule.purpose, 0.0) + rule.weight
    return max(weights, key=lambda purpose: weights[purpose]) if weights else None
