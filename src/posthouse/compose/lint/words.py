"""What mails say, in English and German: the sentences that the rules listen for.

Each is a pattern by language. They listen for the fact, not for a wording: "expires in", "is valid for" and "gültig bis" all state an expiry.
A language that stands here in no pattern is not judged by its words, and lint says so.
"""

import re
from collections.abc import Mapping
from typing import Final

from posthouse.compose.template import DEFAULT_LOCALE

Words = Mapping[str, re.Pattern[str]]
LANGUAGES: Final = ("en", "de")


def _words(english: str, german: str) -> Words:
    return {"en": re.compile(english, re.IGNORECASE), "de": re.compile(german, re.IGNORECASE)}


EXPIRES: Final = _words(
    r"\bexpir|\bvalid (?:for|until|till)\b|\bonly works? (?:for|until)|\b(?:works|good|usable) (?:for|until)\b|\bwithin (?:the next )?\S+ (?:min|hour)",
    r"\bgültig\b|\bläuft\b.{0,40}\bab\b|\babläuft\b|\bverfällt\b|\binnerhalb (?:von|der)\b|\bfunktioniert\b.{0,20}\b(?:bis|lang|für)\b",
)
NOT_YOU: Final = _words(
    r"(?:did\s?n[o'’]t|did not|weren'?t|wasn[o'’]?t|was not|were not|never) (?:you|request|ask|make|do|sign|try|create|start|recogni[sz]e|expect|mean)"
    r"|\bwas(?:n['’]t| not) (?:this |it )?(?:you|me)\b|\bnot you\b|\bdon['’]t recogni[sz]e|\bdo not recogni[sz]e|\bsomeone else\b|\bif (?:this|it) (?:was|is)n['’]t",
    r"\bnicht (?:selbst )?(?:angefordert|angefragt|beantragt|veranlasst|gewesen|vorgenommen|verlangt|gewollt|erwartet|erkennen|bestellt|angemeldet|angelegt|geändert)\b|\bkein(?:e|en)? \w{1,20} (?:angefordert|angelegt|beantragt|bestellt|eröffnet|erstellt)\b"
    r"|\b(?:waren|warst) (?:das )?(?:nicht )?(?:sie|du)(?: das)? nicht\b|\bdas nicht (?:sie|du)\b|\bnicht (?:sie|du|ihr)\b|\bnicht von (?:ihnen|dir)\b|\bkennen sie\b.{0,30}\bnicht\b|\bjemand ander",
)
HAPPENED: Final = _words(
    r"\b(?:request|ask|reset|sign|log|verif|confirm|code|need|use|chang|creat|add|remov|updat)(?:ed|ing|s|y|)?\b",
    r"angefordert|anforder|anfrage|angefragt|zurücksetz|zurückgesetzt|anmeld|bestätig|verifizier|\bcode\b|geändert|ändern|möchten|gebeten",
)
CHANGED: Final = _words(
    r"\b(?:chang|updat|add|remov|reset|fail|declin|sign|log|enabl|disabl|delet|creat|revok|us)(?:ed|ned|ged)?(?:[- ]?in)?\b|\bnew (?:sign|log|device)|\bcould not\b|\bcouldn['’]t\b|\bdid not go through\b",
    r"geändert|aktualisiert|hinzugefügt|entfernt|zurückgesetzt|fehlgeschlagen|abgelehnt|angemeldet|anmeldung|aktiviert|deaktiviert|gelöscht|erstellt|konnte(?:n)? nicht|nicht abgebucht",
)
STATUS: Final = _words(
    r"\bshipped\b|\bon (?:its|the|their) way\b|\bout for delivery\b|\bdelivered\b|\bdispatched\b|\barriv|\bdelay|\bin transit\b|\bready for (?:pick|collect)|\breturn",
    r"versandt|versendet|verschickt|unterwegs|zugestellt|zustellung|geliefert|ausgeliefert|auslieferung|angekommen|verspät|abholbereit|retoure|rücksendung",
)
SUPPORT: Final = _words(
    r"\bsupport\b|\bcontact (?:us|our|the)\b|\bhelp\b|\bquestions?\b|\bcustomer (?:service|care)\b|\breply to this\b|\bwrite to us\b|\bget in touch\b",
    r"\bsupport\b|kontakt|\bhilfe\b|\bhelfen\b|\bfragen\b|kundendienst|kundenservice|\bantworten sie\b|\bmelden sie sich\b|\bschreiben sie uns\b|\bschreib uns\b|\bmelde dich\b",
)
PROBLEM: Final = _words(
    r"\b(?:problem|wrong|missing|damaged|not arrive|hasn['’]t arrived|did(?: not|n['’]t) (?:arrive|get|receive)|lost|questions?|help|support|contact)\b",
    r"problem|stimmt etwas nicht|beschädigt|fehlt|nicht angekommen|nicht erhalten|verloren|\bfragen\b|\bhilfe\b|support|kontakt",
)
SECURE: Final = _words(
    r"\b(?:secure|protect|lock|block|undo|revert|reset|change your password|sign out|sign-out|cancel|review|update your|recover|restore|keep|pay)\b",
    r"\b(?:sichern|schützen|sperren|rückgängig|zurücksetzen|widerrufen|passwort ändern|ändern sie|abmelden|überprüfen|prüfen|wiederherstellen|aktualisieren|hinterlegen|bezahlen)\b",
)
COPY_LINK: Final = _words(
    r"\bcopy\b|\bpaste\b|\bbrowser\b|\bor (?:open|use|visit|go to)\b|\bbutton\b",
    r"\bkopier|\beinfüg|\bbrowser\b|\böffnen sie\b|\böffne\b|schaltfläche|\bbutton\b|\bknopf\b",
)
_TOLD: Final = r"(?:\s|<[^<>]{0,200}>){0,10}[\"'“„]?(?:\ue000|[^\s<>]{0,40}\d)"  # a value, or a word with a digit in it
PASSWORD_SAID: Final = _words(
    rf"\bpassword(?: is:?|:){_TOLD}",
    rf"\b(?:passwort|kennwort)(?: (?:ist|lautet):?|:){_TOLD}",
)
NO_REPLY: Final = _words(
    r"\b(?:do not|don['’]t|please do not|cannot|can['’]t) (?:reply|respond|answer)\b|\bno[-_.]?reply\b|\bunmonitored\b|\bnot monitored\b|\breplies? (?:\w+ ){0,3}not (?:read|be read|answered)",
    r"\bnicht (?:auf diese (?:e-?mail|nachricht|mail) )?(?:antworten|beantwortet)\b|\bantworten sie (?:bitte )?nicht\b|\bno[-_.]?reply\b|\bnicht gelesen\b",
)
PROMOTION: Final = _words(
    r"\b\d{1,2} ?% off\b|\bdiscount|\bcoupon|\bpromo(?:tion|tional)?\b|\bvoucher|\bon sale\b|\bspecial offer|\blimited[- ]time|\bexclusive (?:deal|offer)|\bbest deals?\b|\bfree shipping on your next"
    r"|\byou (?:might|may) (?:also )?(?:like|love)\b|\brecommended for you\b|\bshop now\b|\bbuy now\b|\brefer a friend\b|\binvite (?:a )?friends?\b|\bsubscribe to our newsletter\b|\bupgrade (?:now|today)\b|\bcheck out our (?:new|latest)\b",
    r"\b\d{1,2} ?% (?:rabatt|nachlass|günstiger)|\brabatt|\bgutschein|\bsonderangebot|\bschnäppchen|\bim angebot\b|\bnur für kurze zeit\b|\bexklusives? angebot|\bdas könnte (?:ihnen|dir) (?:auch )?gefallen"
    r"|\bempfehlungen für (?:sie|dich)\b|\bjetzt (?:kaufen|shoppen|bestellen)\b|\bfreunde (?:ein)?(?:laden|werben)\b|\bnewsletter (?:abonnieren|anmelden)\b|\bjetzt upgraden\b|\bentdecken sie unsere neu",
)
CLICKBAIT: Final = _words(
    r"\b(?:act now|urgent|hurry|last chance|don['’]t miss|you won['’]t believe|important!|final notice|action required!|attention)\b|!!",
    r"\b(?:jetzt handeln|dringend|eilig|letzte chance|nicht verpassen|sie werden nicht glauben|letzte mahnung|achtung)\b|!!",
)
LOGIN: Final = _words(
    r"\b(?:log|sign) ?in to (?:your account to )?(?:view|see|read|get|download|access)\b|\bview (?:it|your (?:order|receipt|invoice)) (?:after|once) (?:logging|signing|you log|you sign)",
    r"\b(?:melden sie sich|melde dich|loggen sie sich|logg dich)\b.{0,40}\b(?:an|ein)\b.{0,60}\b(?:sehen|anzusehen|abzurufen|einzusehen|herunterzuladen)\b|\bnach (?:der anmeldung|dem (?:login|einloggen))\b.{0,60}\b(?:sehen|einsehen|abrufen)\b",
)
NOTHING_HERE: Final = _words(
    r"\b(?:does not|doesn['’]t|cannot|can['’]t) (?:support|display|show|view) (?:html|this (?:e-?mail|message))|\bhtml (?:e-?mail|version|capable)|\bview (?:this|it) in (?:your|a) browser\b",
    r"\bhtml\b.{0,40}\b(?:nicht (?:unterstützt|anzeigen|dargestellt)|darstell)|\bim browser (?:ansehen|öffnen|anzeigen)\b",
)
LIFETIME: Final = re.compile(r"(\d{1,4})\s*(minuten?|minutes?|mins?|hours?|hrs?|stunden?|days?|tagen?|tage)\b", re.IGNORECASE)
IN_MINUTES: Final = {"m": 1, "h": 60, "s": 60, "d": 1440, "t": 1440}


def languages_of(locale: str) -> tuple[str, ...]:
    """The languages whose words are listened for; both where the tag names none, none where the language is not known here."""
    tag = locale.replace("_", "-").partition("-")[0].lower()
    if tag == DEFAULT_LOCALE:
        return LANGUAGES
    return (tag,) if tag in LANGUAGES else ()
