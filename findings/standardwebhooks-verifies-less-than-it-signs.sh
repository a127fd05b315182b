#!/bin/sh
# standardwebhooks 1.1.0 (the reference library for Python) against the specification
# (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):
#
# 1. A body need not be JSON to be signed, but `verify` parses it after the signature was found right: a text or empty body
#    with a right signature raises json.JSONDecodeError, so a receiver that catches WebhookVerificationError answers 500.
# 2. A list of signatures in which one entry has no version raises a plain ValueError, although a later entry is right.
# 3. A secret in the URL-safe base64 alphabet is not refused: `-` and `_` are dropped, and another, shorter secret is used;
#    the sender and the receiver then disagree without any message. Only if nothing is left does it say "empty".
#
# Seen: the four lines in `expected`. Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check standardwebhooks==1.1.0 2>/dev/null
cat > "$folder/check.py" <<'PYTHON'
import base64
import datetime
import sys

from standardwebhooks import Webhook

NOW = datetime.datetime.now(tz=datetime.timezone.utc)
KEY = bytes(range(200, 224))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
webhook = Webhook(SECRET)


def verified(body: str, signatures: str) -> str:
    headers = {"webhook-id": "m1", "webhook-timestamp": str(int(NOW.timestamp())), "webhook-signature": signatures}
    try:
        webhook.verify(body, headers)
    except Exception as error:
        return type(error).__name__
    return "ok"


url_safe = "whsec_" + base64.urlsafe_b64encode(bytes([251, 255, 254]) * 4 + KEY).decode()
plain = "whsec_" + base64.b64encode(bytes([251, 255, 254]) * 4 + KEY).decode()
seen = [
    "JSON body: " + verified("{}", webhook.sign("m1", NOW, "{}")),
    "text body: " + verified("plain", webhook.sign("m1", NOW, "plain")),
    "entry without a version first: " + verified("{}", "v1 " + webhook.sign("m1", NOW, "{}")),
    f"URL-safe secret signs alike: {Webhook(url_safe).sign('m1', NOW, '{}') == Webhook(plain).sign('m1', NOW, '{}')}",
]
expected = [
    "JSON body: ok",
    "text body: JSONDecodeError",
    "entry without a version first: ValueError",
    "URL-safe secret signs alike: False",
]
print("\n".join(seen))
sys.exit(seen != expected)
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
