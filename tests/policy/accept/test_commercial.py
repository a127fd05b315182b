"""What commercial mail must carry: a way out, and where its sender is to be found."""

import pytest

from posthouse.policy.accept.commercial import NO_ADDRESS, NO_ONE_CLICK, NOT_PRINTED, check_postal_address, refuse_incomplete

STREET = "Shop Ltd\n1 Main Street, Springfield"


@pytest.mark.parametrize(
    ("parts", "known", "told"),
    [
        ((None, "Hello"), ("", ""), NO_ADDRESS),
        ((None, "Hello"), (STREET, ""), NOT_PRINTED),
        (("<p>Shop&nbsp;Ltd<br>1 Main Street &middot; Springfield", None), (STREET, ""), None),
        ((None, "shop ltd, 1 main street, springfield"), ("", STREET), None),
        ((None, "elsewhere 9"), ("elsewhere 9", STREET), None),
        (("", ""), (STREET, " \n"), NOT_PRINTED),
    ],
)
def test_the_address_is_found_whatever_stands_between_its_words(
    parts: tuple[str | None, ...], known: tuple[str, ...], told: object
) -> None:
    assert check_postal_address(parts, known) is told


def test_a_stream_that_refuses_names_everything_that_is_missing() -> None:
    refused = refuse_incomplete((NO_ONE_CLICK, NO_ADDRESS), "marketing")
    assert refused is not None
    assert (refused.code, [error.path for error in refused.errors]) == ("content_refused", ["stream", "stream"])
    assert refuse_incomplete((), "marketing") is None
