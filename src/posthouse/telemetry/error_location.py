"""Where something went wrong, for the log: never what an exception quotes, which may be what a person wrote."""

import traceback
from typing import Final

_FRAMES: Final = 4


def error_location(error: BaseException | None) -> list[str]:
    """The innermost frames: file, line and function."""
    frames = traceback.extract_tb(error.__traceback__) if error is not None else []
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-_FRAMES:]]
