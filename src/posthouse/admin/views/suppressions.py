"""Entries of the suppression list, shown."""

from collections.abc import Sequence
from typing import Any

from posthouse.admin.suppressions import RemovalResult, UndoResult
from posthouse.model import ids
from posthouse.model.suppression import Cause, Suppression
from posthouse.model.timeline import cursor
from posthouse.model.views.suppressions import (
    SuppressionDetail,
    SuppressionPage,
    SuppressionsAdded,
    SuppressionsRemoved,
    SuppressionView,
    Undone,
)
from posthouse.policy.recipients.suppress import lifted_by
from posthouse.store.recipients.suppression_lookup import PREFIX


def suppression_view(entry: Suppression) -> SuppressionView:
    """An entry."""
    return SuppressionView(**_fields(entry))


def suppression_detail(entry: Suppression) -> SuppressionDetail:
    """An entry with its evidence."""
    return SuppressionDetail(**_fields(entry), evidence=entry.evidence)


def suppression_page(entries: Sequence[Suppression], limit: int) -> SuppressionPage:
    """At most ``limit`` of them, and where to go on if there are more."""
    page = entries[:limit]
    return SuppressionPage(
        data=[suppression_view(each) for each in page], next_cursor=cursor(page[-1].id) if len(entries) > limit else None
    )


def suppression_details(entries: Sequence[Suppression], limit: int) -> SuppressionPage:
    """The same with the evidence of each, for the operator."""
    page = suppression_page(entries, limit)
    return SuppressionPage(data=[suppression_detail(each) for each in entries[:limit]], next_cursor=page.next_cursor)


def suppressions_added(entries: Sequence[Suppression]) -> SuppressionsAdded:
    """The entries as they stand after an addition."""
    return SuppressionsAdded([suppression_view(each) for each in entries], sum(each.created for each in entries))


def suppressions_removed(results: Sequence[RemovalResult]) -> SuppressionsRemoved:
    """What was removed, and what may not be."""
    return SuppressionsRemoved(
        [suppression_view(each) for result in results for each in result.removed],
        [suppression_view(each) for result in results for each in result.refused],
    )


def undone(result: UndoResult) -> Undone:
    """What an undone window came to."""
    return Undone(len(result.removed), result.waiting)


def shown_cause(entry: Suppression) -> str:
    """``provisional`` while an entry is that, whatever its cause."""
    return Cause.PROVISIONAL.value if entry.held_until else entry.cause


def _fields(entry: Suppression) -> dict[str, Any]:
    liftable_by = lifted_by(Cause(entry.cause))
    return {
        "id": ids.text(PREFIX, entry.id),
        "address": entry.address,
        "cause": shown_cause(entry),
        "stream": entry.stream,
        "reason": entry.reason,
        "source": entry.source,
        "actor": entry.actor,
        "since": entry.since,
        "until": entry.until,
        "liftable": liftable_by == "tenant",
        "liftable_by": liftable_by,
        "security": entry.security,
        "provider": entry.provider,
        "provisional_until": entry.held_until,
    }
