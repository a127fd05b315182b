"""Returned mail by HTTP as OpenAPI tells it; ``operations`` joins it to the others."""

from typing import Final

from posthouse.doors.api.operation import Operation, Parameter, Reply

FEEDBACK: Final = (
    Operation(
        method="post", path="/v1/feedback/raw", name="returnedMail", summary="Hand in a returned mail (message/rfc822)", tag="Feedback",
        parameters=(
            Parameter("recipient", "Required: the return path the mail came to (b+…@…).", {"type": "string", "minLength": 1, "maxLength": 1024}),
        ),
        replies={202: Reply("Kept; read and acted on after this answer.")},
        refusals=("not_found", "too_large", "validation_failed"),
    ),
)  # fmt: skip
