"""The reason behind a report's codes and words: rows for what only a reporter says, before the rows for replies of a host
(``reasons``).

A reporter states what no reply states: that it gave up waiting, that no host could be found or reached, that a program of its
own failed. The rows are in order of precedence; the tests have the sentences each was written for.

Known sharp edges: English, with the few German, French, Japanese-roman and Russian forms that reporters use; a text that no row
knows is *unknown*, which suppresses nobody.
"""

import re
from typing import Final

from posthouse.model.outcome import AttemptStage, Reason
from posthouse.policy.deliver.reasons import NOBODY, OUR_SENDER, reason_for

DEAD: Final = frozenset({Reason.UNKNOWN_RECIPIENT, Reason.UNKNOWN_DOMAIN, Reason.NO_MAIL_DOMAIN})


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_NO_HOST: Final = _words(
    r"host(?:name)?(?: or domain name)?(?: [\w.-]{1,200})?(?: is)? (?:unknown|not found|lookup did not complete)|(?:unknown|"
    r"no such|invalid) (?:host|domain)|name or service not known",
    r"domain(?: name)? (?:\S{1,200} )?(?:is not|not|does ?n[o'\u2019]t|could not be) (?:found|exist|resolved)|nxdomain|"
    r"name not resolved",
    r"unroute?able (?:mail )?(?:domain|address)|all relevant mx records point to non-existent hosts|no (?:valid )?(?:mx|"
    r"mail exchanger)|illegal host",
    r"couldn'?t find any host|cannot find your hostname|(?:dns|host|mx) ?(?:lookup|query)? ?(?:error|failed|"
    r"failure).{0,40}(?:not found|nxdomain|no such)|bad destination host|404 domain",
    r"server: .{1,80} not found|no (?:mail )?(?:servers?|hosts?) (?:could be )?found|no a(?:aaa)?(?: or mx)? record",
)
_NOT_ACCEPTING: Final = _words(
    r"does ?n[o'\u2019]t accept (?:any )?(?:mail|email)",
    r"indicated no smtp service",
    r"null ?mx",
    r"host (?:\S+ )?does not receive mail|smtp protocol returned a permanent error",
)
_EXPIRED: Final = _words(
    r"delivery (?:time )?(?:expired|attempts? (?:exceeded|timed out))|retry time(?:out)? (?:not reached|exceeded)|"
    r"message expired|expired (?:after|before)|timeout(?:ed)? (?:and|after).{0,20}tr(?:y|ied)",
    r"(?:been|was|stayed) in the queue (?:too )?long|has been (?:in the (?:mail )?queue|undeliverable) (?:for )?|(?:not|"
    r"unable to) (?:be )?deliver(?:ed)? (?:\S+ ){0,6}(?:within|for|in|after) (?:the last )?\d+ (?:hour|day|minute|second)",
    r"(?:queue|message) lifetime|too long in queue|maximum time|envelope expired|failing for a long time|"
    r"after multiple retries|delayed (?:for )?\d+ hours|delivery to .{1,200} has been (?:delayed|suspended)",
)
_UNREACHABLE: Final = _words(
    r"connection (?:was )?(?:timed? ?-?out|refused|reset|dropped|closed|failed)|"
    r"connect(?:ing)? (?:to )?\S{0,200} ?(?:timed out|failed)|(?:lost|no) connection|network (?:is )?unreachable|"
    r"no route to host",
    r"(?:mail|too many) ?(?:loop|hops)|hop count exceeded|routing loop|loops? back to myself|host .{0,80}(?:is )?(?:down|"
    r"unreachable|not respond)|timed out (?:while|waiting)|operation timed out",
    r"couldn'?t (?:make|establish) (?:an )?(?:smtp )?connection|wasn't able to establish an smtp|unable to connect|"
    r"could not connect|mail for \S+ loops|couldn't find any host by that name|server timed ?out|timeout.{0,30}connect|"
    r"did not accept our requests to connect|socket error|host (?:is )?not reachable",
)
_AFTER_BODY: Final = _words(
    r"after (?:end of data|data)|in reply to (?:end of )?data|>>> data|smtp command data|end of data command|when (?:talking|"
    r"replying) to .{0,40}data|text command|data command"
)
_AT_SENDER: Final = _words(
    r"from: domain is invalid|valid from:|(?:after|in reply to) (?:the )?(?:initial connection|ehlo|helo|mail from|"
    r"mail command)|>>> (?:mail|ehlo|helo)|refused to talk to me|after connect"
)
_AT_RECIPIENT: Final = _words(
    r"(?:after|in reply to|to) (?:the )?rcpt|>>> rcpt|does not like recipient|rcpt command|sent: rcpt|command: rcpt|rcpt to:? ?<"
)
_NAMES_ADDRESS: Final = _words(
    r"\b55\d(?:[ -]5\.\d\.\d+)? <[^<>\s@]{1,64}@[^<>\s]{1,255}>: |recipient address rejected: (?:user unknown|unknown)|"
    r"requested action not taken: mailbox unavailable"
)
_QUOTES_CODE: Final = _words(r"\b55\d\b")
_UNMISTAKABLE: Final = _words(r"user doesn'?t have an? \S+ account|no longer an active employee|no such person at this address")
_NO_SUCH: Final = _words(r"recipient address rejected: access denied")
_REFUSED: Final = _words(
    r"\b(?:reject(?:ed|s)?|refus(?:ed|e|es|al)?|denied|not (?:be )?(?:accept|allow|permit)\w*|block(?:ed|ing)?|violat\w+|"
    r"mismatch\w*|not authori[sz]ed|misconfigured|authenticat\w+|turn on smtp auth|service refuse)|google groups|"
    r"groups\.google\.com",
)
_SIZE: Final = _words(
    r"(?:mail|message) size (?:limit )?(?:exceed|limit)|size limit exceeded|message (?:is )?too (?:large|big|long)|"
    r"exceeds (?:the )?(?:maximum|size)"
)
_OUR_DNS: Final = _words(r"malformed or unexpected name server|try again|servfail|temporar|query refused|timed? ?out")
_USER_FULL: Final = _words(
    r"mailbox (?:is )?full|mailbox exceeds|(?:over|exceed\w*).{0,20}(?:quota|allowed size)|folder is full|quota exceeded|"
    r"disk quota|not enough space|storage limit|mailbox has exceeded"
)
_LOCAL_FAILURE: Final = _words(
    r"local (?:configuration|delivery|mailer) (?:error|failed)|internal (?:server )?error|system (?:config|error|failure)|"
    r"(?:mailer|procmail|command) (?:error|died|failed|exited)|x-unix; ?\d|exit(?:ed)? (?:status|with|code) ?\d",
    r"duplicated message-id|lock failure|error while writing|pipe to \||child status|can'?t (?:create|open|write)|"
    r"cannot (?:allocate|append|create|open)|out of memory|insufficient system|not enough disk|no space left|"
    r"config(?:uration)? error|unexpected error|resources? temporarily unavailable|failed to load",
)
_TRY_LATER: Final = _words(r"gr[ea]y-?\s?list|(?:try|retry)(?: again)? later|come back")
_TOO_FAST: Final = _words(
    r"too many (?:simultaneous |concurrent )?(?:connection|session|smtp)|rate.?limit|throttl|speed|too (?:fast|frequent|"
    r"much mail)|temporarily limited|unusual rate|4\.7\.28"
)
_MOVED: Final = _words(
    r"(?:has|have) moved|new (?:e-?mail )?address|no longer (?:with|at|works|employed)|address (?:has )?(?:changed|"
    r"been replaced)|has been replaced by"
)
_FILTERED: Final = _words(
    r"recipient (?:refuses|rejected by|filter|has (?:set|been)|not allowed)|not accepting (?:e?mail|messages)|does(?:n't|"
    r" not) (?:accept|receive|want).{0,30}(?:from|mail|messages|unsolicited)",
    r"(?:rejected|refused|blocked) by (?:the )?(?:recipient|user|receiver)|user (?:reject|refus)|recipient's (?:mailbox|"
    r"filter|settings?)|your message has been filtered|message filtered|domain filter|permission to (?:post|view)|(?:only|"
    r"not) (?:accept|allow)\w* (?:mail|messages?) from",
    r"restricted to|moderat(?:ed|ion)|not (?:a )?(?:authori[sz]ed|allowed|permitted) to (?:send|post)(?: messages?| mail)? to|"
    r"you (?:may|might|do) not (?:be allowed|have permission)|requires? that (?:all )?senders|doesn't exist, or you",
)
_DISABLED: Final = _words(
    r"(?:account|mailbox|user|recipient|address)\b.{0,60}\b(?:disabled|inactive|suspended|deactivated|locked|discontinued|"
    r"not active|frozen|blocked|on hold|expired)\b",
    r"\b(?:disabled|inactive|suspended|discontinued) (?:account|mailbox|user|recipient)|over its quota and disabled|"
    r"is over the size limit|mailbox (?:temporarily )?unavailable.{0,30}(?:policy|disabled)",
)
_DETAILS: Final = {
    "4.1": Reason.CONNECT_FAILED, "4.2": Reason.CONNECTION_LOST, "4.3": Reason.DNS_FAILED, "4.6": Reason.DNS_FAILED, "4.7": Reason.EXPIRED,
    "4.5": Reason.BUSY, "4.316": Reason.CONNECT_FAILED, "4.312": Reason.DNS_FAILED, "4.317": Reason.CONNECT_FAILED, "4.14": Reason.DNS_FAILED,
    "4.300": Reason.EXPIRED, "3.1": Reason.BUSY, "3.0": Reason.BUSY, "3.5": Reason.BUSY, "4.318": Reason.CONNECTION_LOST,
}  # fmt: skip
_NO_RECIPIENT: Final = _words(
    NOBODY.pattern,
    r"no valid recipients|no such user|recipient notfound|resolver\.adr\.(?:recip|ex)notfound|does not (?:exist|"
    r"have an account)|no account|bad address|delivery not authorized.{0,40}unknown",
    r"could not be found|wasn't found|couldn't be found|not in directory|destin\w* inconnu",
)


def reason_of(code: int, enhanced: str, text: str, other_text: str = "") -> Reason:
    """The reason; ``code`` 0 and ``enhanced`` '' where there was none. ``around``: the rest of the report's words."""
    detail = enhanced.partition(".")[2]
    reason = _by_detail(code, detail, text) or _by_words(detail, text)
    if reason is None:
        reason = reason_for(
            AttemptStage.RCPT, code or (int(enhanced[0]) * 100 + 50 if enhanced else 550), enhanced or None, text
        )[0]
    if reason in DEAD and _is_temporary(code, enhanced):
        return Reason.DNS_FAILED if reason is not Reason.UNKNOWN_RECIPIENT else Reason.MAILBOX_DISABLED
    if reason is Reason.UNKNOWN_RECIPIENT and not _is_certain(detail, text, f"{text} {other_text}"):
        return Reason.MAILBOX_DISABLED
    if reason is Reason.UNKNOWN and _REFUSED.search(text):
        return Reason.POLICY_BLOCKED
    return reason


def _is_temporary(code: int, enhanced: str) -> bool:
    """Whether the failure is temporary: then the address is not dead."""
    return enhanced.startswith("4.") or (code // 100 == 4 and not enhanced.startswith("5."))


def _is_certain(detail: str, text: str, whole_text: str) -> bool:
    """Whether *unknown recipient* is certain.

    By its code; by words, where they are the reporter's own, where they reply to RCPT, or where they name the address. Words
    without any of these often come from a filter that has seen the body, and the mailbox exists.
    """
    if detail.startswith("1.") or _UNMISTAKABLE.search(text):
        return True
    if _AFTER_BODY.search(whole_text):
        return False
    return (
        _AT_RECIPIENT.search(whole_text) is not None
        or _NAMES_ADDRESS.search(text) is not None
        or _QUOTES_CODE.search(text) is None
    )


def _by_detail(code: int, detail: str, text: str) -> Reason | None:
    """Codes that mean the same whoever uses them."""
    if detail == "2.2" or _USER_FULL.search(text):
        return Reason.MAILBOX_FULL
    if OUR_SENDER.search(text) and not detail.startswith("1.1"):
        return Reason.SENDER_REJECTED
    if detail in ("1.7", "1.8") or (_AT_SENDER.search(text) and detail not in ("1.1", "1.2", "4.4", "4.1")):
        return Reason.SENDER_REJECTED if code // 100 == 5 or detail.startswith("1.") else None
    if code // 100 == 5 and ((detail == "4.1" and _NO_SUCH.search(text)) or (detail == "2.1" and _NO_RECIPIENT.search(text))):
        return Reason.UNKNOWN_RECIPIENT
    if detail in ("1.10", "4.4") and _NO_RECIPIENT.search(text) is None:
        if _OUR_DNS.search(text):
            return Reason.DNS_FAILED
        return Reason.UNKNOWN_DOMAIN if detail == "4.4" else Reason.NO_MAIL_DOMAIN
    return _by_policy(code, detail, text) if detail.startswith("7.") else None


def _by_policy(code: int, detail: str, text: str) -> Reason | None:
    """x.7.x: a policy about us as the sender, or about who may write to whom."""
    if detail == "7.13":
        return Reason.MAILBOX_DISABLED
    if code // 100 == 4 and _TRY_LATER.search(text):
        return Reason.GREYLISTED
    if detail == "7.0":
        return None
    return Reason.RATE_LIMITED if _TOO_FAST.search(text) and code // 100 == 4 else Reason.POLICY_BLOCKED


def _by_words(detail: str, text: str) -> Reason | None:
    if _NOT_ACCEPTING.search(text):
        return Reason.NO_MAIL_DOMAIN
    if _SIZE.search(text):
        return Reason.TOO_LARGE
    if _NO_HOST.search(text) and detail not in ("7.0", "1.8", "7.1"):
        return Reason.DNS_FAILED if _OUR_DNS.search(text) else Reason.UNKNOWN_DOMAIN
    if detail == "4.1" and _REFUSED.search(text) and not _UNREACHABLE.search(text):
        return Reason.POLICY_BLOCKED
    if detail in _DETAILS and _NO_RECIPIENT.search(text) is None:
        return _DETAILS[detail]
    for words, reason in (
        (_EXPIRED, Reason.EXPIRED),
        (_DISABLED, Reason.MAILBOX_DISABLED),
        (_FILTERED, Reason.MAILBOX_DISABLED),
        (_MOVED, Reason.UNKNOWN_RECIPIENT),
        (_UNREACHABLE, Reason.CONNECT_FAILED),
        (_LOCAL_FAILURE, Reason.BUSY),
    ):
        if words.search(text):
            return (
                reason
                if not (reason in (Reason.EXPIRED, Reason.BUSY) and _NO_RECIPIENT.search(text))
                else Reason.UNKNOWN_RECIPIENT
            )
    return None
