"""Every provider, a line each. CONTRIBUTING.md lists what one needs."""

from typing import Final

from posthouse.providers.mailgun.hooks import MAILGUN
from posthouse.providers.postmark.hooks import POSTMARK
from posthouse.providers.resend.hooks import RESEND
from posthouse.providers.sendgrid.hooks import SENDGRID
from posthouse.providers.ses.hooks import SES
from posthouse.providers.shared.codec import ProviderCodec

PROVIDERS: Final[tuple[ProviderCodec, ...]] = (RESEND, POSTMARK, SENDGRID, MAILGUN, SES)
BY_NAME: Final = {codec.name: codec for codec in PROVIDERS}
