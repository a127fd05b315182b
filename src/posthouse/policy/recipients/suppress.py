"""May we write to them? A suppression's cause against a message's class (B3): a literal table, a reason per cell.

An entry is an address, a cause, and a stream or all of them. Only hard bounces, soft ones that became hard, and
legal blocks reach across streams; the rest binds the stream it was made on. Where several entries apply the
strongest answer wins: block, then defer, then pass.

Known sharp edges: the legal block binds security mail too, by default (mission, "Where the documents disagree"); a
setting may let it pass, and then it is logged, but never what an erasure left, which is entered for security too. A complaint that
blocks authentication locks somebody out, so it raises an alarm; so does passing an address that the frequency rule has
caught, which may be a runaway loop.

Must never know: how entries come about, nor how they are stored.
"""

from collections.abc import Iterable
from typing import Final

from posthouse.model.message_type import MessageClass
from posthouse.model.suppression import Cause, Ruling, SuppressionAnswer, SuppressionFact

_AUTHENTICATION: Final = MessageClass.AUTHENTICATION
_SECURITY: Final = MessageClass.SECURITY
_TRANSACTIONAL: Final = MessageClass.TRANSACTIONAL
_COMMERCIAL: Final = MessageClass.COMMERCIAL


def _block(why: str, *, alarm: bool = False) -> Ruling:
    return Ruling(SuppressionAnswer.BLOCK, why, alarm)


def _pass(why: str, *, alarm: bool = False) -> Ruling:
    return Ruling(SuppressionAnswer.PASS, why, alarm)


_GONE: Final = _block("the mailbox does not exist; writing again only costs reputation")
_LAW: Final = _block("erasure or a court's order")
_WISH: Final = _block("somebody decided that this address is not written to")
_NOT_ASKED: Final = _pass("entered, but not for security mail")
_HELD: Final = Ruling(SuppressionAnswer.DEFER, "held until a person or a second look decides")
_NEEDED: Final = _pass("unsubscribing from marketing does not end what a user asks for")
_RULE: Final = _block("the rule is made for mail of this kind")
_LOUD: Final = _pass("a direct send is never withheld; many of them may be a loop", alarm=True)
_WARNED: Final = _pass("frequency never silences a warning")
_SIMULATED: Final = _block("the simulator's suppressed recipient")

_MATRIX: Final[dict[Cause, dict[MessageClass, Ruling]]] = {
    Cause.HARD_BOUNCE: {_AUTHENTICATION: _GONE, _SECURITY: _GONE, _TRANSACTIONAL: _GONE, _COMMERCIAL: _GONE},
    Cause.COMPLAINT: {
        _AUTHENTICATION: _block("called spam by its reader, who cannot sign in now", alarm=True),
        _SECURITY: _pass("an account in danger is worth one more complaint"),
        _TRANSACTIONAL: _block("called spam by its reader"),
        _COMMERCIAL: _block("called spam by its reader"),
    },
    Cause.LEGAL: {_AUTHENTICATION: _LAW, _SECURITY: _LAW, _TRANSACTIONAL: _LAW, _COMMERCIAL: _LAW},
    Cause.MANUAL: {_AUTHENTICATION: _WISH, _SECURITY: _NOT_ASKED, _TRANSACTIONAL: _WISH, _COMMERCIAL: _WISH},
    Cause.IMPORTED: {_AUTHENTICATION: _WISH, _SECURITY: _NOT_ASKED, _TRANSACTIONAL: _WISH, _COMMERCIAL: _WISH},
    Cause.UNSUBSCRIBE: {_AUTHENTICATION: _NEEDED, _SECURITY: _NEEDED, _TRANSACTIONAL: _NEEDED, _COMMERCIAL: _RULE},
    Cause.ENGAGEMENT: {_AUTHENTICATION: _LOUD, _SECURITY: _WARNED, _TRANSACTIONAL: _LOUD, _COMMERCIAL: _RULE},
    Cause.FREQUENCY: {_AUTHENTICATION: _LOUD, _SECURITY: _WARNED, _TRANSACTIONAL: _LOUD, _COMMERCIAL: _RULE},
    Cause.PROVISIONAL: {_AUTHENTICATION: _HELD, _SECURITY: _HELD, _TRANSACTIONAL: _HELD, _COMMERCIAL: _HELD},
    Cause.SIMULATED: {_AUTHENTICATION: _SIMULATED, _SECURITY: _SIMULATED, _TRANSACTIONAL: _SIMULATED, _COMMERCIAL: _SIMULATED},
}

# Who may end an entry before its time, and why not everybody.
_LIFTS: Final[dict[Cause, str]] = dict.fromkeys(Cause, "tenant") | {Cause.LEGAL: "operator", Cause.SIMULATED: "nobody"}
_EVERYWHERE: Final = frozenset({Cause.HARD_BOUNCE, Cause.LEGAL, Cause.PROVISIONAL, Cause.SIMULATED})
_STRENGTH: Final = list(SuppressionAnswer)
_PRECEDENCE: Final = list(Cause)


def lifted_by(cause: Cause) -> str:
    """Who may lift an entry of that cause: ``tenant``, ``operator`` (the law is not the tenant's to waive) or ``nobody``."""
    return _LIFTS[cause]


def rule(entry: SuppressionFact, message_class: MessageClass, *, legal_passes_security: bool = False) -> Ruling:
    """What one entry says to mail of that class on its stream."""
    if message_class is _SECURITY:
        if entry.cause is Cause.LEGAL and legal_passes_security and not entry.security:
            return _pass("the operator lets security mail pass a legal block", alarm=True)
        if entry.security and entry.cause in {Cause.MANUAL, Cause.IMPORTED}:
            return _WISH
    return _MATRIX[entry.cause][message_class]


def judge(
    entries: Iterable[SuppressionFact], message_class: MessageClass, stream: str, *, legal_passes_security: bool = False
) -> tuple[SuppressionFact, Ruling] | None:
    """The strongest ruling of the entries of one address that bind this stream, with its entry; None where none does."""
    rulings = [
        (entry, rule(entry, message_class, legal_passes_security=legal_passes_security))
        for entry in entries
        if _binds(entry, stream)
    ]
    return min(
        rulings,
        key=lambda found: (_STRENGTH.index(found[1].answer), not found[1].alarm, _PRECEDENCE.index(found[0].cause)),
        default=None,
    )


def _binds(entry: SuppressionFact, stream: str) -> bool:
    return entry.stream is None or entry.stream == stream or entry.cause in _EVERYWHERE
