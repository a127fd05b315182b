"""A message and what happened to it, printed for a person."""

from typing import Final

import click

from posthouse.doors.cli.shared.output import facts, moment, plain, table
from posthouse.model.delivery import IN_QUEUE, DeliveryState
from posthouse.model.timeline import DeliveryView, MessageView

SUCCESSFUL: Final = frozenset({DeliveryState.SENT, DeliveryState.DELIVERED})
HEADINGS: Final = ("ID", "CREATED", "TYPE", "STATUS", "RECIPIENTS", "SUBJECT")


def is_settled(view: MessageView) -> bool:
    """Whether every delivery has ended, however it did."""
    return not any(DeliveryState(delivery.status) in IN_QUEUE for delivery in view.deliveries)


def went_well(view: MessageView) -> bool:
    """Whether every delivery was sent or delivered."""
    return all(DeliveryState(delivery.status) in SUCCESSFUL for delivery in view.deliveries)


def print_list(views: tuple[MessageView, ...]) -> None:
    """One line for each message."""
    table(HEADINGS, (_cells(view) for view in views))


def print_timeline(view: MessageView) -> None:
    """The message, each delivery with its attempts, and the events in order."""
    facts(
        (
            ("message", view.id),
            ("status", view.status),
            ("type", view.type),
            ("from", view.from_),
            ("subject", view.subject or ""),
            ("created", moment(view.created_at)),
            ("deliver by", moment(view.deliver_by)),
            ("expires", moment(view.expires_at)),
            ("key", view.dedupe_key or ""),
            ("tags", ", ".join(view.tags)),
        )
    )
    for delivery in view.deliveries:
        click.echo()
        _print_delivery(delivery)
    click.echo()
    table(
        ("AT", "EVENT", "RECIPIENT", "REASON"),
        ((moment(e.at), e.type, e.recipient or "", str(e.data.get("reason") or "")) for e in view.events),
    )


def _print_delivery(delivery: DeliveryView) -> None:
    latency = "" if delivery.latency_seconds is None else f"after {delivery.latency_seconds:.3f} s"
    facts(
        (
            (
                delivery.recipient,
                " ".join(part for part in (delivery.status, delivery.reason and f"({delivery.reason})", latency) if part),
            ),
            ("next attempt", moment(delivery.next_attempt_at)),
        )
    )
    for attempt in delivery.attempts:
        reply = plain(attempt.reply or "")
        click.echo(
            (
                f"  {attempt.number}. {moment(attempt.started_at)}  {attempt.route}  {attempt.outcome}  "
                f"{attempt.duration_ms:.0f} ms  {reply}"
            ).rstrip()
        )


def _cells(view: MessageView) -> tuple[str, ...]:
    first = view.deliveries[0].recipient if view.deliveries else ""
    more = f" +{len(view.deliveries) - 1}" if len(view.deliveries) > 1 else ""
    return view.id, moment(view.created_at), view.type, view.status, first + more, (view.subject or "")[:60]
