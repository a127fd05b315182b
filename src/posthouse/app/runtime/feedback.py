"""What stores returned mail and hooks, for the listeners that they come in by."""

from posthouse.app.runtime.runtime import Runtime
from posthouse.pipeline.feedback.receive import FeedbackReceiver


def build_receiver(runtime: Runtime) -> FeedbackReceiver:
    """Operators' mail waits to be forwarded where an operator is set."""
    return FeedbackReceiver(
        database=runtime.database,
        sealer=runtime.sealer,
        clock=runtime.clock,
        new_id=runtime.entropy.new_id,
        has_operator=runtime.settings.operator is not None,
    )
