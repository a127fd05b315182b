"""May this be taken, and on what terms: the defaults, the refusals and the order between them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from posthouse.model.content import Content
from posthouse.model.letter import Attachment
from posthouse.model.mailbox import Mailbox
from posthouse.model.message_type import Lane
from posthouse.model.route import RouteFact
from posthouse.model.send_request import Caller, Environment, Rejection, SendRequest
from posthouse.model.suppression import Cause, SuppressionFact
from posthouse.policy.accept.admit import Admission, AdmissionFacts, RecipientRole, resolve, resolve_type_and_stream

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SHOP, NOREPLY, HELP = (
    Mailbox("orders", "shop.example", "Shop"),
    Mailbox("no-reply", "shop.example"),
    Mailbox("help", "shop.example"),
)
JANE, JOE = Mailbox("jane", "example.com", "Jane"), Mailbox("joe", "example.com")
MX, INBOX = RouteFact(name="mx", kind="mx"), RouteFact(name="inbox", kind="inbox")
LIVE = Caller(tenant=1, tenant_ref="t1", environment=Environment.LIVE, credential="c", door="http")
TEST = msgspec.structs.replace(LIVE, environment=Environment.TEST)


class Domain(msgspec.Struct, frozen=True):
    trusted: bool = True
    verified: bool = False


ANY = resolve_type_and_stream(SendRequest(to=()), LIVE, None, {})
FACTS = AdmissionFacts(type_and_stream=ANY, domain=Domain(), routes=(MX,))


def resolved(
    caller: Caller = LIVE, facts: AdmissionFacts = FACTS, template_type: str | None = None, **fields: Any
) -> Admission | Rejection:
    given: dict[str, Any] = {"to": (JANE,), "sender": SHOP, "subject": "Hi", "text": "x"}
    request = SendRequest(**(given | fields))
    type_and_stream = resolve_type_and_stream(request, caller, template_type, {})
    return resolve(request, caller, msgspec.structs.replace(facts, type_and_stream=type_and_stream), NOW)


def admitted(caller: Caller = LIVE, facts: AdmissionFacts = FACTS, **fields: Any) -> Admission:
    found = resolved(caller, facts, **fields)
    assert isinstance(found, Admission), found
    return found


def refused(caller: Caller = LIVE, facts: AdmissionFacts = FACTS, **fields: Any) -> Rejection:
    found = resolved(caller, facts, **fields)
    assert isinstance(found, Rejection), found
    return found


def test_a_plain_message_is_accepted_as_transactional() -> None:
    found = admitted()
    assert (found.type.name, found.stream, found.lane, found.sender) == ("transactional", "transactional", Lane.PROMPT, SHOP)
    assert found.deliver_by == found.deadline == NOW + timedelta(minutes=1)
    assert (found.expires_at, found.due, found.since) == (NOW + timedelta(hours=72), None, NOW)
    assert (found.warnings, found.suppressed, found.tracking, found.reply_to) == ((), {}, 0, ())


@pytest.mark.parametrize(
    ("asked_for", "template", "credential", "expected"),
    [
        ("receipt", "password_reset", "digest", "receipt"),
        (None, "password_reset", "digest", "password_reset"),
        (None, None, "digest", "digest"),
        (None, None, None, "transactional"),
    ],
)
def test_the_type_is_the_requests_the_templates_the_credentials_or_the_default(
    asked_for: str | None, template: str | None, credential: str | None, expected: str
) -> None:
    caller = msgspec.structs.replace(LIVE, default_type=credential)
    assert admitted(caller, template_type=template, type=asked_for, template="t").type.name == expected


def test_an_unknown_type_names_the_nearest() -> None:
    found = refused(type="pasword_reset")
    assert (found.code, found.errors[0].path) == ("validation_failed", "type")
    assert "password_reset" in found.errors[0].message


def test_everything_wrong_is_in_one_rejection() -> None:
    found = refused(to=(), sender=None, type="?", send_at=NOW + timedelta(days=100), headers={"Date": "x"})
    assert found.code == "validation_failed"
    assert {error.path for error in found.errors} == {"to", "from", "type", "sendAt", "headers.Date"}


def test_a_message_that_is_too_large_says_only_that() -> None:
    assert refused(attachments=(Attachment("a", b"x" * (20 << 20), "a/b"),)).code == "too_large"


@pytest.mark.parametrize("type", ["newsletter", "promotion", "onboarding", "reengagement"])
def test_a_commercial_type_goes_to_marketing_and_is_refused_on_the_transactional_stream(type: str) -> None:
    assert admitted(type=type).stream == "marketing"
    found = refused(type=type, stream="transactional")
    assert (found.code, found.errors[0].path) == ("content_refused", "stream")
    assert "marketing" in found.detail


def test_the_stream_is_the_requests_or_the_credentials() -> None:
    caller = msgspec.structs.replace(LIVE, default_stream="billing")
    assert admitted(caller).stream == "billing"
    assert admitted(caller, stream="orders").stream == "orders"
    assert admitted(caller, type="newsletter").stream == "billing"


def test_from_falls_back_to_the_default() -> None:
    facts = msgspec.structs.replace(FACTS, default_from=SHOP)
    assert admitted(facts=facts, sender=None).sender == SHOP
    assert admitted(facts=facts, sender=HELP).sender == HELP
    assert refused(sender=None).errors[0].path == "from"


@pytest.mark.parametrize("domain", [None, Domain(trusted=False)])
def test_the_domain_check_depends_on_where_mail_goes(domain: Domain | None) -> None:
    out, inside = msgspec.structs.replace(FACTS, domain=domain), msgspec.structs.replace(FACTS, domain=domain, routes=(INBOX,))
    assert refused(facts=out).code == "domain_not_verified"
    admitted(facts=inside)
    admitted(TEST, out)
    admitted(facts=out, to=(Mailbox("bounced", "simulator.test"),))
    assert refused(facts=out, to=(Mailbox("bounced", "simulator.test"), JANE)).code == "domain_not_verified"


def test_a_free_mail_domain_is_accepted_only_for_the_inbox() -> None:
    gmail = Mailbox("shop", "gmail.com")
    assert refused(sender=gmail).code == "domain_not_verified"
    admitted(TEST, sender=gmail)


def test_without_a_route_only_mail_for_the_inbox_is_accepted() -> None:
    facts = msgspec.structs.replace(FACTS, routes=())
    found = refused(facts=facts)
    assert (found.code, found.retry_after) == ("no_route", 60)
    admitted(TEST, facts)


def test_an_address_named_twice_is_one_recipient_in_the_first_role() -> None:
    found = admitted(to=(JANE, JOE), cc=(Mailbox("jane", "example.com"),), bcc=(JOE, HELP))
    assert [(person.mailbox, person.role) for person in found.recipients] == [
        (JANE, RecipientRole.TO),
        (JOE, RecipientRole.TO),
        (HELP, RecipientRole.BCC),
    ]


def test_local_parts_that_differ_in_case_are_two_recipients() -> None:
    assert len(admitted(to=(JANE, Mailbox("Jane", "example.com"))).recipients) == 2


def test_the_simulators_recipients_are_marked_and_its_suppressed_one_is_suppressed() -> None:
    found = admitted(to=(JANE, Mailbox("delivered+a", "simulator.test"), Mailbox("Suppressed+x", "simulator.test")))
    assert [person.simulator for person in found.recipients] == [False, True, True]
    assert found.suppressed == {2: "simulated"}


def test_a_recipient_with_an_entry_is_suppressed_with_its_reason_where_the_class_is_blocked() -> None:
    facts = msgspec.structs.replace(FACTS, suppressions={"jane@example.com": (SuppressionFact(cause=Cause.COMPLAINT),)})
    assert admitted(facts=facts, to=(JOE, JANE)).suppressed == {1: "complaint"}
    assert admitted(facts=facts, type="security_alert").suppressed == {}


def test_a_no_reply_from_gets_the_tenants_reply_to_or_a_warning() -> None:
    facts = msgspec.structs.replace(FACTS, reply_to=(HELP,))
    assert admitted(facts=facts, sender=NOREPLY).reply_to == (HELP,)
    assert admitted(facts=facts, sender=NOREPLY, reply_to=(JOE,)).reply_to == (JOE,)
    assert admitted(facts=facts).reply_to == ()
    assert [warning.code for warning in admitted(sender=NOREPLY).warnings] == ["no_reply_to"]


@pytest.mark.parametrize(
    "said",
    [{"headers": {"Reply-To": "help@shop.example"}}, {"content": Content(head=b"Reply-To: a@b\r\n", body=b"", body_digest=b"")}],
)
def test_a_reply_to_among_the_headers_counts(said: dict[str, Any]) -> None:
    assert admitted(sender=NOREPLY, **said).warnings == ()


@pytest.mark.parametrize(
    ("type", "opens", "clicks", "bits", "codes"),
    [
        ("receipt", True, False, 1, []),
        ("receipt", None, True, 2, []),
        ("transactional", True, True, 3, []),
        ("password_reset", True, True, 0, ["tracking_off"]),
        ("password_reset", False, None, 0, []),
    ],
)
def test_tracking_is_as_requested_but_never_for_authentication(
    type: str, opens: bool | None, clicks: bool | None, bits: int, codes: list[str]
) -> None:
    found = admitted(type=type, track_opens=opens, track_clicks=clicks)
    assert (found.tracking, [warning.code for warning in found.warnings]) == (bits, codes)


def test_times_and_their_warnings_are_part_of_the_admission() -> None:
    found = admitted(type="password_reset", occurred_at=NOW + timedelta(hours=1), send_at=NOW + timedelta(hours=2))
    assert (found.due, found.since) == (NOW + timedelta(hours=2), NOW + timedelta(hours=2))
    assert [warning.code for warning in found.warnings] == ["occurred_at_ignored"]


def test_an_address_as_display_name_is_refused_before_the_domain_check_or_a_warning() -> None:
    forged = Mailbox("a", "shop.example", "ceo@bank.example")
    assert refused(sender=forged, type="security_alert").code == "content_refused"
    assert [warning.code for warning in admitted(sender=forged, type="receipt").warnings] == ["display_name_address"]


def test_replies_go_to_the_streams_reply_to_unless_the_caller_sets_one() -> None:
    facts = msgspec.structs.replace(FACTS, reply_to=(JOE,), stream_reply_to=(HELP,))
    assert admitted(facts=facts).reply_to == (HELP,)
    assert admitted(facts=facts, sender=NOREPLY).reply_to == (HELP,)
    assert admitted(facts=facts, reply_to=(JANE,)).reply_to == (JANE,)
    assert admitted(facts=facts, headers={"reply-to": "x@y.example"}).reply_to == ()


@pytest.mark.parametrize(
    ("said", "stream"),
    [
        ({}, "transactional"),
        ({"type": "promotion"}, "marketing"),
        ({"stream": "own"}, "own"),
        ({"type": "no_such"}, "transactional"),
    ],
)
def test_the_stream_is_resolved_with_the_type(said: dict[str, Any], stream: str) -> None:
    assert resolve_type_and_stream(SendRequest(to=(JANE,), **said), LIVE, None, {}).stream == stream
