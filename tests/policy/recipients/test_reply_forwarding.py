"""What speaks against handing a letter on: our own domains, and the list."""

import pytest

from posthouse.model.suppression import Cause, SuppressionFact
from posthouse.policy.recipients.reply_forwarding import is_listed, own_domain

OURS = ("bounce.shop.example", "mail.posthouse.test", "shop.co.uk", "")


@pytest.mark.parametrize(
    ("author", "own"),
    [
        ("boss@shop.example", True),
        ("boss@SHOP.example", True),
        ("boss@eu.shop.example", True),
        ("jane@x.test", False),
        ("jane@myshop.example", False),
        ("jane@other.co.uk", False),
        ("jane@shop.co.uk", True),
        ("root@posthouse.test", True),
    ],
)
def test_an_author_of_our_own_domain_is_one_that_could_be_forged(author: str, own: bool) -> None:
    assert own_domain(author, OURS) is own


@pytest.mark.parametrize(
    ("cause", "listed"),
    [
        (Cause.HARD_BOUNCE, True),
        (Cause.LEGAL, True),
        (Cause.COMPLAINT, True),
        (Cause.MANUAL, True),
        (Cause.UNSUBSCRIBE, False),
        (Cause.PROVISIONAL, False),
    ],
)
def test_a_letter_is_mail_like_any_other_to_the_list(cause: Cause, listed: bool) -> None:
    assert is_listed([SuppressionFact(cause=cause)], "transactional") is listed
    assert not is_listed([], "transactional")
