"""Every page of the dashboard, in the order of the navigation. A new page is a file here with its record, its template, and one
line.
"""

from typing import Final

from posthouse.doors.dashboard.page import Page
from posthouse.doors.dashboard.pages.alerts import ALERTS
from posthouse.doors.dashboard.pages.messages import MESSAGES

PAGES: Final[tuple[Page, ...]] = (MESSAGES, ALERTS)
