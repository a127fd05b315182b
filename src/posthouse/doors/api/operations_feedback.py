"""Returned mail and providers' hooks by HTTP as OpenAPI tells them; ``operations`` joins them to the others."""

from typing import Final

from posthouse.doors.http.operation import JSON, Operation, Parameter, ResponseDoc, Schema
from posthouse.providers.registry import BY_NAME

HOOK: Final[dict[str, Schema]] = {
    "provider": {"type": "string", "enum": sorted(BY_NAME)},
    "token": {"type": "string", "description": "The last part of the address that `posthouse hook add` printed.", "minLength": 1},
}

FEEDBACK: Final = (
    Operation(
        method="post", path="/v1/feedback/raw", name="returnedMail", summary="Hand in a returned mail (message/rfc822)", tag="Feedback",
        parameters=(
            Parameter("recipient", "Required: the return path the mail came to (b+…@…).", {"type": "string", "minLength": 1, "maxLength": 1024}),
        ),
        replies={202: ResponseDoc("Kept; read and acted on after this answer.")},
        refusals=("not_found", "too_large", "validation_failed"),
    ),
    Operation(
        method="post", path="/hooks/{provider}/{token}", name="hook", summary="What a provider tells, signed its own way", tag="Feedback",
        takes={JSON: {}}, keyed=False, replies={200: ResponseDoc("Kept, or kept before; read and acted on after this answer.")},
        refusals=("unauthenticated", "forbidden", "too_large"),
    ),
)  # fmt: skip
