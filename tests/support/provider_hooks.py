"""What the tests of every provider's hooks share."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from posthouse.model.feedback import FeedbackKind
from posthouse.model.hook import Hook
from posthouse.providers.registry import BY_NAME

NOW: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
K = FeedbackKind


def feedback_of(hook: Hook, provider: str) -> list[tuple[FeedbackKind, bool, str | None]]:
    feedback = BY_NAME[provider].parse_hook(hook)
    assert isinstance(feedback, tuple)
    return [(one.kind, one.suppresses, one.recipient) for one in feedback]


def body(value: Any) -> bytes:
    return json.dumps(value).encode()
