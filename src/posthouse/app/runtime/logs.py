"""How every process of ours logs: structured lines on standard error, and those of libraries in the same form."""

import logging
import sys

import structlog

from posthouse.telemetry.error_location import error_location


def configure_logs() -> None:
    """Structured lines on standard error; from libraries only warnings and worse."""
    logging.basicConfig(level=logging.WARNING, handlers=[_LibraryLog()])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


class _LibraryLog(logging.Handler):
    """A line for each record of a library: where it was and its kind, never an exception's text, which may quote an address."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        first_line = record.getMessage().partition("\n")[0]
        structlog.get_logger().log(
            record.levelno,
            "library",
            logger=record.name,
            said=first_line,
            kind=type(error).__name__,
            at=error_location(error),
        )
