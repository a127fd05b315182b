"""Why was it refused? Rows, in order of precedence, from a reply's words and codes to a reason and whom it is about.

The first row that matches wins. A row may require the enhanced code's subject and detail (RFC 3463; the class is
ignored, the reply code binds), words, and the stages at which it holds. Order, as the mission has it
(R7): policy and full mailboxes first, because neither may ever be taken for a dead address; then the enhanced
code; then words; then the bare reply code.

Known sharp edges: words are English and a few receivers' own; a sentence that no row knows is ``UNKNOWN``, which
suppresses nobody. Each new row needs the sentence that taught us, in the tests.
"""

import re
from typing import Final, NamedTuple

from posthouse.model.outcome import AttemptStage, Reason, Scope

_AT_MAIL: Final = frozenset({AttemptStage.MAIL})
_LATER: Final = frozenset({4})
_NEVER: Final = frozenset({5})


class ReplyRule(NamedTuple):
    """A row; what is None is not required. ``detail``: all of the enhanced code but its class. ``kinds``: first digits."""

    reason: Reason
    scope: Scope
    detail: re.Pattern[str] | None = None
    words: re.Pattern[str] | None = None
    stages: frozenset[AttemptStage] | None = None
    kinds: frozenset[int] | None = None
    codes: frozenset[int] | None = None


def _detail(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})$")


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_FULL: Final = _words(
    r"box(?: is| has)?(?: currently)? (?:full|over)",
    r"\b(?:over|exceed\w*|out of)\b.{0,30}(?:quota|storage|allocation)",
    r"quota.{0,20}exceeded|insufficient (?:disk|mailbox)|not enough (?:storage|disk)",
)
_GREY: Final = _words(r"gr[ea]y-?\s?list", r"temporarily (?:rejected|deferred).{0,40}later")
_RATE: Final = _words(
    r"too many (?:connections|messages|e?mails|concurrent|sessions|recipients|errors)",
    r"rate.?limit|frequency limit|throttl|unusual rate|at a rate|slow down|(?:connection|sending|receiv\w+) (?:rate|limit)",
)
_OUR_QUOTA: Final = _words(r"(?:sending|sender|outbound|daily).{0,20}(?:quota|limit)")
_POLICY: Final = _words(
    r"spamhaus|barracuda|sorbs|spamcop|proofpoint|\bdnsbl\b|\brbl\b|(?:black|block|deny) ?-?list",
    r"\bspam\b|\breputation\b|\bdmarc\b|\bdkim\b|\bspf\b|reverse dns|\bptr\b|\brdns\b",
    r"\b(?:ip|host|client)\b[\w. \[\]()-]{0,40} (?:blocked|banned|rejected)",
    r"access denied|relay(?:ing)?(?: is| access)? (?:denied|not permitted)|unable to relay",
    r"(?:local|security|site) polic(?:y|ies)|policy (?:reasons?|violation|rejection)|recipient preferences|unauthenticated",
)
_DISABLED: Final = _words(
    r"(?:account|mailbox|user|address|recipient)\b.{0,40}\b(?:disabled|inactive|suspended|deactivated|locked|not active|"
    r"expired)\b",
    r"\b(?:disabled|inactive|suspended) (?:account|mailbox|user|recipient)",
)
NOBODY: Final = _words(
    r"(?:user|recipient|mailbox|account|address|alias|person|addressee|member)\b.{0,60}"
    r"(?:unknown|not (?:be )?found|not exist|n[o\u2019']t exist|dosn[\u2019']t exist|not known|not listed|invalid|no longer|"
    r"undeliverable)",
    r"(?:unknown|invalid|no such|non-?existent|bad) (?:or illegal )?(?:local |virtual |destination |e-?mail )?(?:user|"
    r"recipient|mailbox|account|address|alias)",
    r"unknown local[ -]part|no (?:local )?(?:mailbox|such person)|(?:user|mailbox|account|one)(?: here)? by that name|"
    r"not a (?:valid|known) (?:user|mailbox|recipient)",
    r"not (?:our|my) (?:customer|user)|(?:mailbox|account|address|user) (?:has been|was|is) (?:deleted|removed|closed|"
    r"terminated)",
    r"does ?n[o\u2019']t have (?:an? )?[\w. ]{0,30}account",
    r"recipient address rejected: access denied",  # Exchange Online's way of saying that nobody is there (5.4.1)
    r"(?:utilisateur|destinataire|adresse|compte|bo[i\u00ee]te)\b.{0,40}(?:inconnu|n[\u2019']existe pas|introuvable)",
    r"(?:empf(?:ae|\u00e4)nger|benutzer|adresse|postfach|konto)\b.{0,40}(?:unbekannt|existiert nicht|nicht (?:gefunden|"
    r"vorhanden|bekannt))|unbekannte[rns]? (?:benutzer|empf|adress|nutzer)",
    r"(?:usuario|destinatario|buz[o\u00f3]n|cuenta|direcci[o\u00f3]n|usu[a\u00e1]rio|"
    r"destinat[a\u00e1]rio)\b.{0,40}(?:descon(?:oc|hec)ido|no existe|n[a\u00e3]o existe|inexistente|no encontrad)|"
    r"no existe (?:el|la|ese) (?:usuario|cuenta|buz)",
    r"(?:utente|destinatario|casella)\b.{0,40}(?:sconosciut|inesistente|non esiste)|(?:gebruiker|ontvanger|"
    r"adres)\b.{0,40}(?:onbekend|bestaat niet)",
)
_UNAVAILABLE: Final = _words(r"(?:user|mailbox|recipient|address) (?:is )?(?:unavailable|not available)")
_NO_DOMAIN: Final = _words(
    r"(?:domain|host) (?:\S+ )?(?:does ?n[o']t exist|not found|unknown)", r"(?:no such|unknown|invalid) (?:domain|host)"
)
_LARGE: Final = _words(r"message.{0,30}(?:exceed|too (?:large|big|long))|exceeds?.{0,30}(?:message|maximum) size")
OUR_SENDER: Final = _words(
    r"(?:domain of (?:the )?sender|sender(?:[\u2019']s)? (?:address|domain)|from address|return[- ]path|envelope[- ](?:from|"
    r"sender))\b[^.;]{0,40}"
    r"(?:not exist|n[o\u2019']t exist|must exist|not (?:be )?found|not resolve|unknown|invalid|could not be|badmail)",
    r"badmailfrom|sender verif\w+ fail|(?:cannot|could not|unable to) verify (?:the )?sender",
)
_SENDER: Final = _words(r"sender\b.{0,40}(?:rejected|denied|invalid|not (?:exist|found|allowed)|unknown|verif)|invalid sender")
_CONTENT: Final = _words(
    r"\bvirus\b|malware|phish|message (?:content )?(?:rejected|refused)",
    r"(?:content|attachment|header|url|link)\b.{0,40}(?:rejected|refused|blocked|not allow)",
)

RULES: Final[tuple[ReplyRule, ...]] = (
    # x.2.2 is a full mailbox under any code (mission B2), and 452 and 552 that speak of storage mean one.
    ReplyRule(Reason.MAILBOX_FULL, Scope.RECIPIENT, detail=_detail(r"2\.2")),
    ReplyRule(Reason.TOO_LARGE, Scope.MESSAGE, detail=_detail(r"3\.4|2\.3"), kinds=_NEVER),
    ReplyRule(Reason.MAILBOX_FULL, Scope.RECIPIENT, codes=frozenset({452, 552}), words=_FULL),
    ReplyRule(Reason.TOO_LARGE, Scope.MESSAGE, codes=frozenset({552}), words=_LARGE),
    ReplyRule(Reason.TOO_LARGE, Scope.MESSAGE, codes=frozenset({552}), stages=_AT_MAIL),  # RFC 1870 section 6.1
    # RFC 4954 section 6: what the session lacks, not what the message is.
    ReplyRule(Reason.AUTH_FAILED, Scope.US, codes=frozenset({530, 534, 535, 538})),
    # Later: greylisting by its words, or as most implementations code it; 421 is never greylisting.
    ReplyRule(Reason.GREYLISTED, Scope.SITE, words=_GREY, codes=frozenset({450, 451})),
    ReplyRule(Reason.RATE_LIMITED, Scope.SITE, words=_RATE, kinds=_LATER),
    ReplyRule(Reason.GREYLISTED, Scope.SITE, detail=_detail(r"7\.1"), codes=frozenset({450, 451})),
    # Codes about our sender, and at MAIL FROM only we can be meant (mission B2).
    ReplyRule(Reason.SENDER_REJECTED, Scope.US, detail=_detail(r"1\.[78]"), kinds=_NEVER),
    ReplyRule(Reason.BUSY, Scope.SITE, stages=_AT_MAIL, kinds=_LATER),
    ReplyRule(Reason.SENDER_REJECTED, Scope.US, stages=_AT_MAIL, kinds=_NEVER),
    ReplyRule(Reason.SENDER_REJECTED, Scope.US, words=OUR_SENDER, kinds=_NEVER),
    # x.7.x is policy, whatever the words say: never the address's fault (mission B2, F-22).
    ReplyRule(Reason.POLICY_BLOCKED, Scope.SITE, detail=_detail(r"7\.\d+")),
    ReplyRule(Reason.UNKNOWN_RECIPIENT, Scope.RECIPIENT, detail=_detail(r"4\.1"), words=NOBODY, kinds=_NEVER),
    ReplyRule(Reason.RATE_LIMITED, Scope.US, words=_OUR_QUOTA),
    ReplyRule(Reason.RATE_LIMITED, Scope.SITE, words=_RATE),
    ReplyRule(Reason.MAILBOX_FULL, Scope.RECIPIENT, words=_FULL),
    ReplyRule(Reason.POLICY_BLOCKED, Scope.SITE, words=_POLICY),
    # The enhanced code: RFC 3463 section 3, RFC 7505 (x.1.10), RFC 6531 (x.6.7).
    ReplyRule(Reason.MAILBOX_DISABLED, Scope.RECIPIENT, detail=_detail(r"2\.1")),
    ReplyRule(Reason.MAILBOX_DISABLED, Scope.RECIPIENT, words=_DISABLED),
    ReplyRule(Reason.UNKNOWN_RECIPIENT, Scope.RECIPIENT, detail=_detail(r"1\.[136]")),
    ReplyRule(Reason.UNKNOWN_DOMAIN, Scope.RECIPIENT, detail=_detail(r"1\.2")),
    ReplyRule(Reason.UNKNOWN_RECIPIENT, Scope.RECIPIENT, detail=_detail(r"1\.10"), words=NOBODY),  # Exchange: RecipientNotFound
    ReplyRule(Reason.NO_MAIL_DOMAIN, Scope.RECIPIENT, detail=_detail(r"1\.10")),
    ReplyRule(Reason.ADDRESS_NOT_SUPPORTED, Scope.RECIPIENT, detail=_detail(r"6\.7")),
    ReplyRule(Reason.CONTENT_REJECTED, Scope.MESSAGE, detail=_detail(r"6\.[0-3]")),
    # RFC 5321 section 4.5.3.1.10: too many recipients is about this transaction, not about an address.
    ReplyRule(Reason.RATE_LIMITED, Scope.SITE, detail=_detail(r"5\.3")),
    ReplyRule(Reason.BUSY, Scope.SITE, detail=_detail(r"3\.[0-2]|4\.[0-5]"), kinds=_LATER),
    # Words.
    ReplyRule(Reason.UNKNOWN_RECIPIENT, Scope.RECIPIENT, words=NOBODY, kinds=_NEVER),
    ReplyRule(Reason.UNKNOWN_RECIPIENT, Scope.RECIPIENT, words=_UNAVAILABLE, kinds=_NEVER),
    ReplyRule(Reason.UNKNOWN_DOMAIN, Scope.RECIPIENT, words=_NO_DOMAIN, kinds=_NEVER),
    ReplyRule(Reason.SENDER_REJECTED, Scope.US, words=_SENDER),
    ReplyRule(Reason.CONTENT_REJECTED, Scope.MESSAGE, words=_CONTENT),
    # Bare codes: both say storage (RFC 5321 section 4.2.2), and 552 at RCPT reads as 452 (4.5.3.1.10).
    ReplyRule(Reason.MAILBOX_FULL, Scope.RECIPIENT, codes=frozenset({452, 552})),
    ReplyRule(Reason.BUSY, Scope.SITE, kinds=_LATER),
    ReplyRule(Reason.UNKNOWN, Scope.MESSAGE),
)


def reason_for(stage: AttemptStage, code: int, enhanced: str | None, text: str) -> tuple[Reason, Scope]:
    """The first row that fits an answer of 4xx or 5xx; the last row fits everything."""
    detail = enhanced.partition(".")[2] if enhanced else ""
    return next((rule.reason, rule.scope) for rule in RULES if _fits(rule, stage, code, detail, text))


def _fits(rule: ReplyRule, stage: AttemptStage, code: int, detail: str, text: str) -> bool:
    return (
        (rule.kinds is None or code // 100 in rule.kinds)
        and (rule.codes is None or code in rule.codes)
        and (rule.stages is None or stage in rule.stages)
        and (rule.detail is None or rule.detail.match(detail) is not None)
        and (rule.words is None or rule.words.search(text) is not None)
    )
