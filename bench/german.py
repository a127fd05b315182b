"""What ready-made mails are filled with for German readers: their variables' examples, with those put into German that are words,
amounts or addresses.
"""

from typing import Any, Final

from posthouse.model.template import TemplateVersion
from posthouse.templates.examples import examples

_ADDRESS: Final = "Jana Muster\nHauptstraße 1\n12345 Musterstadt"
_BLANKET: Final = "Wolldecke"
_CANDLE: Final = "Kerze"
_PARCELS: Final = [
    {
        "carrier": "DHL",
        "trackingNumber": number,
        "trackingUrl": f"https://carrier.example/{number}",
        "items": [{"name": name, "quantity": quantity}],
    }
    for number, name, quantity in (("00340434161094", _BLANKET, 1), ("00340434161095", _CANDLE, 2))
]
_EVERYWHERE: Final[dict[str, Any]] = {
    "user_name": "Jana",
    "customerName": "Jana",
    "shippingAddress": _ADDRESS,
    "billingAddress": _ADDRESS,
    "parcels": _PARCELS,
    "device": "Firefox unter Linux",
    "location": "Berlin, Deutschland",
    "deliveryWindow": "am frühen Nachmittag",
    "leftAt": "Bei einer Nachbarin",
    "brand": {"company": "Acme", "support_email": "hilfe@acme.example", "postal_address": "Hauptstraße 1\n12345 Musterstadt"},
    "support": "hilfe@acme.example",
    "support_email": "hilfe@acme.example",
}
_HERE: Final[dict[str, dict[str, Any]]] = {
    "order-confirmation": {
        "items": [
            {"name": _BLANKET, "quantity": 1, "price": "40,00\u00a0€"},
            {"name": _CANDLE, "quantity": 2, "price": "7,00\u00a0€"},
        ],
        "subtotal": "47,00\u00a0€",
        "shipping": "2,99\u00a0€",
        "total": "49,99\u00a0€",
        "tax": "7,98\u00a0€",
    },
    "receipt": {
        "items": [
            {"name": _BLANKET, "quantity": 1, "price": {"amount": "64.00", "currency": "EUR"}},
            {"name": _CANDLE, "quantity": 2, "price": {"amount": "19.00", "currency": "EUR"}},
        ]
    },
    "payment-failed": {"reason": "Die Bank hat die Karte abgelehnt"},
    "refund": {"reason": f"Zurückgegeben: {_CANDLE}"},
}


def examples_for(version: TemplateVersion, language: str) -> dict[str, Any]:
    """A value for every variable, for readers of ``de``, or of any other language as the template has them."""
    found = examples(version.variables)
    if language != "de":
        return found
    said = _EVERYWHERE | _HERE.get(version.name, {})
    return {name: said.get(name, value) for name, value in found.items()}
