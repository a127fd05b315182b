"""Whether an address is suppressed for a message: the suppression's cause against the message's class (B3), a reason per cell.

A suppression is an address, a cause, and a stream or all of them. Only hard bounces, soft ones that became hard, and
legal blocks apply to all streams; the rest applies to the stream it was made on. Where several suppressions apply the
strongest answer wins: block, then defer, then pass.

Known sharp edges: the legal block binds security mail too, by default (mission, "Where the documents disagree"); a setting may
let it pass, and then it is logged, but never what an erasure left, which covers security too. A complaint that blocks
authentication locks a user out, so it raises an alarm; so does passing an address that the frequency rule covers, which may be a
runaway loop.

Must never know: how suppressions come about, nor how they are stored.
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


_NO_MAILBOX: Final = _block("the mailbox does not exist; writing again only costs reputation")
_LEGAL_BLOCK: Final = _block("erasure or a court's order")
_DECIDED: Final = _block("somebody decided that this address is not written to")
_NOT_FOR_SECURITY: Final = _pass("entered, but not for security mail")
_DEFERRED: Final = Ruling(SuppressionAnswer.DEFER, "held until a person or a second look decides")
_NOT_MARKETING: Final = _pass("unsubscribing from marketing does not end what a user asks for")
_RULE_APPLIES: Final = _block("the rule is made for mail of this kind")
_PASS_WITH_ALARM: Final = _pass("a direct send is never withheld; many of them may be a loop", alarm=True)
_SECURITY_PASSES: Final = _pass("frequency never silences a warning")
_SIMULATED: Final = _block("the simulator's suppressed recipient")

_MATRIX: Final[dict[Cause, dict[MessageClass, Ruling]]] = {
    Cause.HARD_BOUNCE: {
        _AUTHENTICATION: _NO_MAILBOX,
        _SECURITY: _NO_MAILBOX,
        _TRANSACTIONAL: _NO_MAILBOX,
        _COMMERCIAL: _NO_MAILBOX,
    },
    Cause.COMPLAINT: {
        _AUTHENTICATION: _block("called spam by its reader, who cannot sign in now", alarm=True),
        _SECURITY: _pass("an account in danger is worth one more complaint"),
        _TRANSACTIONAL: _block("called spam by its reader"),
        _COMMERCIAL: _block("called spam by its reader"),
    },
    Cause.LEGAL: {
        _AUTHENTICATION: _LEGAL_BLOCK,
        _SECURITY: _LEGAL_BLOCK,
        _TRANSACTIONAL: _LEGAL_BLOCK,
        _COMMERCIAL: _LEGAL_BLOCK,
    },
    Cause.MANUAL: {_AUTHENTICATION: _DECIDED, _SECURITY: _NOT_FOR_SECURITY, _TRANSACTIONAL: _DECIDED, _COMMERCIAL: _DECIDED},
    Cause.IMPORTED: {_AUTHENTICATION: _DECIDED, _SECURITY: _NOT_FOR_SECURITY, _TRANSACTIONAL: _DECIDED, _COMMERCIAL: _DECIDED},
    Cause.UNSUBSCRIBE: {
        _AUTHENTICATION: _NOT_MARKETING,
        _SECURITY: _NOT_MARKETING,
        _TRANSACTIONAL: _NOT_MARKETING,
        _COMMERCIAL: _RULE_APPLIES,
    },
    Cause.ENGAGEMENT: {
        _AUTHENTICATION: _PASS_WITH_ALARM,
        _SECURITY: _SECURITY_PASSES,
        _TRANSACTIONAL: _PASS_WITH_ALARM,
        _COMMERCIAL: _RULE_APPLIES,
    },
    Cause.FREQUENCY: {
        _AUTHENTICATION: _PASS_WITH_ALARM,
        _SECURITY: _SECURITY_PASSES,
        _TRANSACTIONAL: _PASS_WITH_ALARM,
        _COMMERCIAL: _RULE_APPLIES,
    },
    Cause.PROVISIONAL: {_AUTHENTICATION: _DEFERRED, _SECURITY: _DEFERRED, _TRANSACTIONAL: _DEFERRED, _COMMERCIAL: _DEFERRED},
    Cause.SIMULATED: {_AUTHENTICATION: _SIMULATED, _SECURITY: _SIMULATED, _TRANSACTIONAL: _SIMULATED, _COMMERCIAL: _SIMULATED},
}

# Who may remove a suppression before its time: the law is not the tenant's to waive.
_REMOVED_BY: Final[dict[Cause, str]] = dict.fromkeys(Cause, "tenant") | {Cause.LEGAL: "operator", Cause.SIMULATED: "nobody"}
_EVERYWHERE: Final = frozenset({Cause.HARD_BOUNCE, Cause.LEGAL, Cause.PROVISIONAL, Cause.SIMULATED})
_STRENGTH: Final = list(SuppressionAnswer)
_PRECEDENCE: Final = list(Cause)


def lifted_by(cause: Cause) -> str:
    """Who may remove a suppression of that cause: ``tenant``, ``operator`` or ``nobody``."""
    return _REMOVED_BY[cause]


def rule(entry: SuppressionFact, message_class: MessageClass, *, legal_passes_security: bool = False) -> Ruling:
    """The ruling of one suppression on mail of that class on its stream."""
    if message_class is _SECURITY:
        if entry.cause is Cause.LEGAL and legal_passes_security and not entry.security:
            return _pass("the operator lets security mail pass a legal block", alarm=True)
        if entry.security and entry.cause in {Cause.MANUAL, Cause.IMPORTED}:
            return _DECIDED
    return _MATRIX[entry.cause][message_class]


def judge(
    entries: Iterable[SuppressionFact], message_class: MessageClass, stream: str, *, legal_passes_security: bool = False
) -> tuple[SuppressionFact, Ruling] | None:
    """The strongest ruling of one address's suppressions on this stream, with its suppression; None where none applies."""
    rulings = [
        (entry, rule(entry, message_class, legal_passes_security=legal_passes_security))
        for entry in entries
        if _applies(entry, stream)
    ]
    return min(
        rulings,
        key=lambda ruling_of: (
            _STRENGTH.index(ruling_of[1].answer),
            not ruling_of[1].alarm,
            _PRECEDENCE.index(ruling_of[0].cause),
        ),
        default=None,
    )


def _applies(entry: SuppressionFact, stream: str) -> bool:
    return entry.stream is None or entry.stream == stream or entry.cause in _EVERYWHERE
