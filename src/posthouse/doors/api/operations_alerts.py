"""The operation on alerts as OpenAPI tells it; ``operations`` joins it to the others."""

from typing import Final

from posthouse.doors.http.operation import CURSOR, LIMIT, TIME, Operation, Parameter, ResponseDoc
from posthouse.model.views.alerts import AlertPage
from posthouse.policy.alerts import ALERT_TYPES

ALERTS: Final = (
    Operation(
        method="get", path="/v1/alerts", name="listAlerts", summary="What operations should know of, and do", tag="Alerts",
        parameters=(
            Parameter("type", "Of this type.", {"type": "string", "enum": list(ALERT_TYPES)}),
            Parameter("since", "Told at or after this time.", TIME),
            Parameter("until", "Told at or before this time.", TIME),
            CURSOR,
            LIMIT,
        ),
        replies={200: ResponseDoc("A page of alerts, newest first.", AlertPage)},
    ),
)  # fmt: skip
