"""Who may it come from, and who reads the answers."""

import msgspec
import pytest

from posthouse.model.mailbox import Mailbox
from posthouse.model.message_type import MessageClass
from posthouse.model.send_request import Rejection, Warning
from posthouse.policy.accept.sender import FREE_MAIL, check_display_name, check_domain, has_reply_to, is_no_reply


class Domain(msgspec.Struct, frozen=True):
    trusted: bool = False
    verified: bool = False


@pytest.mark.parametrize(
    ("domain", "passes"),
    [(None, False), (Domain(), False), (Domain(trusted=True), True), (Domain(verified=True), True)],
    ids=["unknown", "added", "trusted", "verified"],
)
def test_only_a_trusted_or_verified_domain_passes_the_check(domain: Domain | None, *, passes: bool) -> None:
    refused = check_domain(Mailbox("a", "shop.example"), domain)
    assert (refused is None) is passes
    if refused is not None:
        assert refused.code == "domain_not_verified"
        assert "shop.example" in refused.detail


@pytest.mark.parametrize("name", ["gmail.com", "GMX.de", "yahoo.com", "outlook.com", "icloud.com", "web.de"])
def test_a_free_mail_domain_is_refused_even_if_trusted(name: str) -> None:
    refused = check_domain(Mailbox("shop", name), Domain(trusted=True))
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
def test_a_no_reply_address_is_recognized_by_its_name(local: str) -> None:
    assert is_no_reply(Mailbox(local, "shop.example"))


@pytest.mark.parametrize("local", ["reply", "norman", "casino-reply", "support", "noreplyservice", "piano.reply"])
def test_other_addresses_are_not_no_reply(local: str) -> None:
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


@pytest.mark.parametrize(
    "name",
    [
        "ceo@bank.example",
        "<ceo@bank.example>",
        ' "ceo@bank.example" ',
        "ceo\uff20bank.example",
        "(ceo@sub.bank.example)",
        "a@evilshop.example",
    ],
)
def test_another_domains_address_as_display_name_is_refused_for_a_reset_and_a_warning_for_a_receipt(name: str) -> None:
    author = Mailbox("noreply", "shop.example", name)
    for strict in (MessageClass.AUTHENTICATION, MessageClass.SECURITY):
        refused = check_display_name(author, strict)
        assert isinstance(refused, Rejection)
        assert (refused.code, refused.errors[0].path) == ("content_refused", "from")
    for lenient in (MessageClass.TRANSACTIONAL, MessageClass.COMMERCIAL):
        told = check_display_name(author, lenient)
        assert isinstance(told, Warning)
        assert (told.code, told.path) == ("display_name_address", "from")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Shop",
        "help@shop.example",
        "help@mail.shop.example",
        "HELP@SHOP.EXAMPLE",
        "Jane @ Shop",
        "Jane (jane@bank.example) via Shop",
        "@bank",
        "a@b",
    ],
)
def test_a_name_a_handle_and_the_own_address_are_fine_as_display_name(name: str) -> None:
    assert check_display_name(Mailbox("noreply", "shop.example", name), MessageClass.AUTHENTICATION) is None


def test_an_address_of_the_parent_domain_is_fine_as_display_name() -> None:
    assert check_display_name(Mailbox("noreply", "mail.shop.example", "help@shop.example"), MessageClass.SECURITY) is None


@pytest.mark.parametrize("name", ["a@" + "\u0300" * 200 + ".example", "@" * 5000, "a@" + "b." * 5000, " " * 5000 + "@"])
def test_no_display_name_takes_long_or_breaks_anything(name: str) -> None:
    assert not isinstance(check_display_name(Mailbox("a", "shop.example", name), MessageClass.SECURITY), Warning)
