"""Which spellings are one address."""

import pytest

from posthouse.mail.address_identity import fold


@pytest.mark.parametrize(
    ("address", "folded"),
    [
        ("Jane.Doe@Shop.example", "jane.doe@shop.example"),
        ("JÖRG@x.test", "jÖrg@x.test"),
        ('"jane"@x.test', "jane@x.test"),
        ('"Jane\\.Doe"@x.test', "jane.doe@x.test"),
        ('"jane doe"@x.test', '"jane doe"@x.test'),
        ('"a@b"@x.test', '"a@b"@x.test'),
        ("İ@x.test", "İ@x.test"),
        ("jane+tag@x.test", "jane+tag@x.test"),
    ],
)
def test_an_address_is_folded_from_a_to_z_and_no_further(address: str, folded: str) -> None:
    assert fold(address) == folded
