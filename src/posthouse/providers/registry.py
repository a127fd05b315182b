"""Every provider, a line each; adding one is its module, this line, and its samples in the tests."""

from typing import Final

from posthouse.providers.codec import ProviderCodec
from posthouse.providers.mailgun import MAILGUN
from posthouse.providers.postmark import POSTMARK
from posthouse.providers.resend import RESEND
from posthouse.providers.sendgrid import SENDGRID
from posthouse.providers.ses import SES

PROVIDERS: Final[tuple[ProviderCodec, ...]] = (RESEND, POSTMARK, SENDGRID, MAILGUN, SES)
BY_NAME: Final = {codec.name: codec for codec in PROVIDERS}
