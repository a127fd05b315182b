"""Who may it come from, and who reads the answers."""

import msgspec
import pytest

from posthouse.model.mailbox import Mailbox
from posthouse.policy.sender import FREE_MAIL, gate, has_reply_to, is_no_reply


class Domain(msgspec.Struct, frozen=True):
    trusted: bool = False
    verified: bool = False


@pytest.mark.parametrize(
    ("domain", "passes"),
    [(None, False), (Domain(), False), (Domain(trusted=True), True), (Domain(verified=True), True)],
    ids=["unknown", "added", "trusted", "verified"],
)
def test_only_a_trusted_or_verified_domain_passes_the_gate(domain: Domain | None, *, passes: bool) -> None:
    refused = gate(Mailbox("a", "shop.example"), domain)
    assert (refused is None) is passes
    if refused is not None:
        assert refused.code == "domain_not_verified"
        assert "shop.example" in refused.detail


@pytest.mark.parametrize("name", ["gmail.com", "GMX.de", "yahoo.com", "outlook.com", "icloud.com", "web.de"])
def test_free_mail_is_refused_even_where_somebody_vouched_for_it(name: str) -> None:
    refused = gate(Mailbox("shop", name), Domain(trusted=True))
    assert refused is not None
    assert "free mail" in refused.detail


def test_free_mail_domains_are_written_as_they_are_compared() -> None:
    assert all(name == name.lower() and "." in name for name in FREE_MAIL)


@pytest.mark.parametrize(
    "local",
    [
        "noreply",
        "no-reply",
        "No_Reply",
        "no.reply",
        "donotreply",
        "do-not-reply",
        "do_not_reply",
        "shop+noreply",
        "noreply-de",
        "noreply2",
        "noreplies",
    ],
)
def test_an_author_that_reads_no_answers_is_known_by_its_name(local: str) -> None:
    assert is_no_reply(Mailbox(local, "shop.example"))


@pytest.mark.parametrize("local", ["reply", "norman", "casino-reply", "support", "noreplyservice", "piano.reply"])
def test_other_names_are_taken_for_people(local: str) -> None:
    assert not is_no_reply(Mailbox(local, "shop.example"))


@pytest.mark.parametrize(
    ("head", "has"),
    [
        (b"From: a@b\r\nReply-To: c@d\r\n", True),
        (b"reply-to : c@d\r\n", True),
        (b"Subject: Reply-To: me\r\n", False),
        (b"X-Reply-To: c@d\r\n", False),
    ],
)
def test_a_reply_to_is_found_in_the_header_of_a_submitted_message(head: bytes, *, has: bool) -> None:
    assert has_reply_to(head) is has
