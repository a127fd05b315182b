"""The limits of the HTTP door beside those that the operator may set (``model.limits``), once for the code and for the OpenAPI
document.

Characters are Unicode code points.
"""

from typing import Final

TAG_LENGTH: Final = 128
METADATA_LENGTH: Final = 1024
SUBJECT_LENGTH: Final = 998
ADDRESS_LENGTH: Final = 1024
SMALL_BODY: Final = 64 * 1024
DEPTH: Final = 64
LIST_DEFAULT: Final = 50
LIST_MOST: Final = 200
WAIT_SECONDS: Final = 30
BODY_SECONDS: Final = 60.0  # how long a body may take to arrive
