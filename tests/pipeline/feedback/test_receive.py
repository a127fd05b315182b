"""What comes in is stored whole where a person may have written it, cut where it is a report, and once where it has a name."""

from typing import Any

import pytest

from posthouse.mail import return_path
from posthouse.mail.return_path import ReturnPath
from posthouse.model.feedback import HookAddress, RawFeedback
from posthouse.model.hook import Hook
from posthouse.pipeline.feedback.read_returned import REPORT_OCTETS
from posthouse.pipeline.feedback.receive import (
    FeedbackReceiver,
    OperatorMailbox,
    ReturnedMail,
    find_destination,
)
from posthouse.store.postgres.database import Database
from posthouse.store.recipients import feedback
from posthouse.testing.clock import FakeClock
from tests.support.accepted import SEALER, new_id
from tests.support.postgres import NOW

DELIVERY = ReturnPath(1, 1, new_id(NOW), 0)
LARGE = b"x" * (REPORT_OCTETS + 1)


def receiver(database: Database, *, has_operator: bool = False) -> FeedbackReceiver:
    return FeedbackReceiver(database=database, sealer=SEALER, clock=FakeClock(NOW), new_id=new_id, has_operator=has_operator)


def mail(**changes: Any) -> ReturnedMail:
    fields: dict[str, Any] = {"destination": DELIVERY, "recipient": "b+x@mail.test", "return_path": "jane@x.test", "data": LARGE}
    return ReturnedMail(**(fields | changes))


async def stored(database: Database) -> list[RawFeedback]:
    return await feedback.claim(database, SEALER, NOW, 10)


async def test_a_report_is_cut_and_what_a_person_may_have_written_is_whole(database: Database) -> None:
    await receiver(database).receive_mail([mail(return_path=""), mail()])
    sizes = {raw.headers["return-path"]: len(raw.body) for raw in await stored(database)}
    assert sizes == {"": REPORT_OCTETS, "jane@x.test": len(LARGE)}


@pytest.mark.parametrize(("has_operator", "waiting", "in_inbox"), [(False, 0, 1), (True, 1, 0)])
async def test_operators_mail_waits_to_be_forwarded_or_goes_into_the_inbox(
    database: Database, has_operator: bool, waiting: int, in_inbox: int
) -> None:
    await receiver(database, has_operator=has_operator).receive_mail([mail(destination=OperatorMailbox("abuse"))])
    raws = await stored(database)
    assert [raw.source for raw in raws] == ["operator"] * waiting
    async with database.session() as session:
        assert await session.fetchval("select count(*) from inbox") == in_inbox


async def test_a_hook_of_the_same_name_is_stored_once(database: Database) -> None:
    address = HookAddress(1, 1, new_id(NOW), "resend", NOW)
    hook = Hook({"svix-id": "m1", "user-agent": "Svix"}, b"{}")
    taken = [await receiver(database).receive_hook(address, hook, "m1") for _ in range(2)]
    assert taken == [True, False]
    [raw] = await stored(database)
    assert (raw.source, raw.headers, raw.body) == ("hook:resend", {"svix-id": "m1"}, b"{}")


async def test_a_report_without_its_envelope_is_stored_too(database: Database) -> None:
    await receiver(database).receive_report(DELIVERY, b"report")
    [raw] = await stored(database)
    assert (raw.source, raw.message, raw.headers, raw.body) == ("report", DELIVERY.message, {}, b"report")


def test_an_address_is_found_by_its_signature_alone() -> None:
    local_part = return_path.token(b"k" * 32, 1, 1, DELIVERY.message, 0)
    assert find_destination((b"n" * 32, b"k" * 32), local_part) == DELIVERY
    assert find_destination((b"n" * 32,), local_part) is None
    assert find_destination((), "Abuse") == OperatorMailbox("abuse")
