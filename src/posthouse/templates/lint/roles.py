"""What a variable is for, by its name: an author's word for an order number, a code, a carrier, in English and German.

``orderNumber``, ``order_id``, ``order.number`` and ``bestellnummer`` are all the number of an order. A name is read without its
case and its seams; of a path the last name counts, and the last two together.

Known sharp edges: a name that nobody foresaw is not recognised, and a rule then asks for what is there already; it can be waived.
"""

import re
from functools import lru_cache
from typing import Final

_SEAM: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-.]")
_NUMBER: Final = r"(number|no|nr|id|ref|reference|nummer|code)"

_MOST_PATH: Final = 300


def _role(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


CODE: Final = _role(
    r"((verification|login|log_in|sign_?in|security|confirmation|one_?time|two_?factor|auth|authentication|mfa|2fa|otp|access|"
    r"reset"
    r"|bestaetigungs|sicherheits|anmelde|einmal)_?)?(code|otp|pin|passcode|tan)"
)
ORDER: Final = _role(
    rf"(order|receipt|invoice|purchase|booking|refund|payment|transaction|bestell|rechnungs?|auftrags?|beleg|zahlungs)_?{_NUMBER}"
)
TRACKING: Final = _role(rf"(tracking|shipment|parcel|package|consignment|sendungs?|paket)_?{_NUMBER}|tracking")
TRACKING_LINK: Final = _role(r"(tracking|track|shipment|parcel|carrier|sendungs?\w*|paket\w*)_?(url|link|page)")
CARRIER: Final = _role(
    r"carrier(_name)?|shipper|courier|(shipping|delivery|parcel)_(company|carrier|provider|service)|versand(dienst|"
    r"dienstleister|unternehmen)"
    r"|paketdienst|zusteller"
)
ITEMS: Final = _role(
    r"((line|order|parcel|shipment|receipt)_?)?items|products|positions|contents|articles|artikel|positionen|waren|inhalt"
)
PARCELS: Final = _role(r"parcels|shipments|packages|boxes|pakete|sendungen")
TOTAL: Final = _role(
    r"((grand|order)_)?total(_(amount|price|paid))?|amount(_(paid|due|refunded|charged))?|(refund|payment|refunded|charged|"
    r"paid)_?(amount|total)"
    r"|gesamt(betrag|summe|preis)?|betrag|summe|erstattung(sbetrag)?|refund"
)
SUBTOTAL: Final = _role(r"(items_?)?sub_?total\w*|net(_(amount|total))?|zwischensumme|netto(betrag|summe)?")
TAX: Final = _role(r"(tax|taxes|vat|sales_tax|mwst|ust|steuer|steuern|mehrwertsteuer)(_(amount|total|betrag))?")
LAST_FOUR: Final = _role(r"\w*(last_?(4|four)|last_digits|letzte_?(4|vier)|card_ending|endziffern)\w*")
ADDRESS: Final = _role(
    r"(?!.*(email|e_mail|mail_|ip_|web|support|postal|reply|sender|company))"
    r"(\w*address(_?lines?)?|\w*anschrift|\w*adresse|ship_to|deliver_to|pickup_(point|location)|abholort)"
)
ARRIVAL: Final = _role(
    r"(estimated|expected|planned|scheduled)?_?(delivery|arrival)(_(date|day|window|time|estimate|on|by))?|eta|delivered_(at|on)"
    r"|(liefer|zustell)(termin|datum|tag|zeit|fenster)"
)
SUPPORT: Final = _role(r"\w*(support|help|contact|customer_service|kontakt|hilfe|kundendienst|kundenservice)\w*")
COMPANY: Final = _role(r"((company|brand|shop|store|site|app|product|sender)(_name)?|firma|firmenname|shopname)")
WHEN: Final = _role(r"\w*(_at|_on|time|timestamp|when|date|datum|zeit|zeitpunkt|uhrzeit)")
DEVICE: Final = _role(r"(\w*_)?(device|browser|user_?agent|client|os|platform|geraet|gerät)(_(name|type|info))?")
SPOT: Final = _role(r"(\w*_)?(location|place|city|country|region|ip|ip_address|ort|stadt|land)(_name)?")
EXPIRY: Final = _role(r"\w*(expir|valid|ttl|lifetime|gueltig|gültig|ablauf)\w*")
PASSWORD: Final = _role(
    r"((new|current|old|temp|temporary|initial|user|your|account|neues|altes)_?)?(password|passwd|pwd|passwort|kennwort|"
    r"passphrase)"
)
CARD: Final = _role(r"(credit_?|debit_?)?card_?(number|no|nr)|pan|cvv|cvc|kartennummer")
SENSITIVE: Final = _role(
    r"iban|ssn|social_security\w*|date_of_birth|birth_?da(y|te)|geburts(tag|datum)|(account_)?balance|kontostand|"
    r"security_(answer|question)"
    r"|tax_?id|passport\w*|steuer_?id|(phone|telefon|mobile)(_?(number|nummer))?|(home|billing|shipping)_address"
)
AMENITY: Final = _role(
    r"(?:\w*_)?(logo|image|picture|photo|icon|thumbnail|unsubscribe|preferences|settings|home_?page|website|support|help|"
    r"contact|terms"
    r"|privacy|avatar|banner|bild)(?:_?(url|link|src|page))?"
)
LINK: Final = _role(r"\w*(url|link|href|uri)")


@lru_cache(4096)
def has_role(path: str, role: re.Pattern[str]) -> bool:
    """True where a path's last name, or the last two, say that it is for this."""
    if len(path) > _MOST_PATH:
        return False
    names = [_SEAM.sub("_", name).lower() for name in path.replace("[]", "").split(".")]
    return any(role.fullmatch("_".join(names[-count:])) is not None for count in (1, 2) if count <= len(names))
