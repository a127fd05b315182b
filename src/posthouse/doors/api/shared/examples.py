"""Example bodies for the OpenAPI document; each is a body that works as it stands."""

from typing import Any, Final

SEND: Final[dict[str, Any]] = {
    "passwordReset": {
        "summary": "A ready-made template with variables",
        "value": {
            "to": "user@example.com",
            "from": "noreply@yoursite.com",
            "template": "password-reset",
            "variables": {"reset_link": "https://yoursite.com/reset?token=xyz", "user_name": "John"},
        },
    },
    "orderConfirmation": {
        "summary": "Once, however often it is asked for",
        "value": {
            "to": "customer@example.com",
            "template": "order-confirmation",
            "dedupeKey": "order-confirm:ord_abc123:v1",
            "payload": {"orderId": "ord_abc123", "total": "$49.99"},
        },
    },
    "ownContent": {
        "summary": "Content of one's own, with a file",
        "value": {
            "to": [{"email": "jane@example.com", "name": "Jane Doe"}],
            "from": "Shop <noreply@shop.example>",
            "subject": "Your receipt",
            "html": "<p>Thank you for your order.</p>",
            "type": "receipt",
            "attachments": [{"filename": "receipt.txt", "content": "VGhhbmsgeW91IQ==", "contentType": "text/plain"}],
            "tags": ["checkout"],
            "metadata": {"order": "12345"},
        },
    },
}
BATCH: Final[dict[str, Any]] = {
    "two": {
        "summary": "Two messages",
        "value": {
            "messages": [
                {"to": "a@example.com", "from": "noreply@shop.example", "subject": "Hello", "text": "Hello A"},
                {"to": "b@example.com", "from": "noreply@shop.example", "subject": "Hello", "text": "Hello B"},
            ]
        },
    }
}
KEY: Final[dict[str, Any]] = {
    "service": {"summary": "A test key for one service", "value": {"name": "checkout service", "environment": "test"}},
    "limited": {"summary": "A key that may ask for 600 messages a minute", "value": {"name": "shop", "ratePerMinute": 600}},
}
RATE: Final[dict[str, Any]] = {
    "other": {"summary": "Another limit", "value": {"ratePerMinute": 1200}},
    "none": {"summary": "No limit any more", "value": {"ratePerMinute": 0}},
}
