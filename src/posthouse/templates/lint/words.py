"""The words that rules look for, in English and German.

Each is a pattern by language. It matches the fact, not one phrase: "expires in", "is valid for" and "gültig bis" all state an
expiry. A language without patterns is not checked by its words, and lint says so.
"""

import re
from collections.abc import Mapping
from typing import Final

from posthouse.model.template import DEFAULT_LOCALE

Words = Mapping[str, re.Pattern[str]]
LANGUAGES: Final = ("en", "de")


def _words(english: str, german: str) -> Words:
    return {"en": re.compile(english, re.IGNORECASE), "de": re.compile(german, re.IGNORECASE)}


_SPAN: Final = (
    r"(?:\d{1,4}|an?|one|two|three|five|ten|fifteen|twenty|thirty|sixty)[ -](?:more )?(?:minutes?|mins?|hours?|hrs?|days?)\b"
)
_SPANNE: Final = (
    r"(?:\d{1,4}|eine[rmn]?|zwei|drei|fünf|zehn|fünfzehn|zwanzig|dreißig|sechzig)[ -](?:minuten?|stunden?|tagen?|tage)\b"
)
EXPIRES: Final = _words(
    rf"\bexpir|\bvalid (?:for|until|till|only|through)\b|\b(?:works?|good|usable|active) (?:for|until|till)\b|\bstops? working\b|\btimes? out\b|\bwithin (?:the next )?\S+ (?:min|hour)"
    rf"|\b(?:before|until) \d{{1,2}}[:.]\d\d|\b{_SPAN}(?! ago)",
    rf"\bgültig|\bgilt\b|\bläuft\b.{{0,40}}\bab\b|\babl(?:ä|a)uf|\babgelaufen\b|\bverfäll|\bverfallen\b|\berlischt\b|\berlöschen\b|\binnerhalb (?:von|der)\b|\bbinnen\b"
    rf"|\bfunktioniert\b.{{0,20}}\b(?:bis|lang|für)\b|(?<!\bvor )\b{_SPANNE}",
)
_DONE: Final = (
    "request|ask|ma[dk]e|do(?:ne)?|sign|try|tried|attempt|creat|start|recogni[sz]|expect|mean|meant|initiat|authori[sz]|approv|register|perform|trigger|order|plac|chang"
    "|add|remov|updat|want|log"
)
NOT_YOU: Final = _words(
    rf"\b(?:did(?:n[o'’]?t| not)|never) (?:you|{_DONE})|\b(?:ha(?:ve|s|d)(?:n['’]t| not)|were(?:n['’]t| not)|was(?:n[o'’]?t| not)|not) (?:you|request|ask|made|done|sign|tried|creat|start|recogni[sz]|expect"
    r"|initiat|authori[sz]|approv|register|order)"
    r"|\bif (?:you|that) did(?:n['’]t| not)\s*[,;:.–—-]|\bcome from you\b|\bnot (?:by|from) you\b|\bin error\b|\bby mistake\b|\bby accident\b"
    r"|\bwas(?:n['’]t| not) (?:this |it |that )?(?:you|me)\b|\bnot you\b|\b(?:don['’]t|do not) (?:recogni[sz]e|know (?:this|that|the|who|about))|\bsomeone else\b|\bif (?:this|it|that) (?:was|is)(?:n['’]t| not)"
    r"|\bif\b[^.?!]{0,60}\b(?:suspicious|unfamiliar|unauthori[sz]ed|unexpected)\b",
    r"\bnicht (?:selbst )?(?:angefordert|angefragt|beantragt|veranlasst|gewesen|vorgenommen|verlangt|gewollt|gewünscht|erwartet|erkennen|bestellt|angemeldet|angelegt|geändert|registriert|gestellt|durchgeführt"
    r"|gemacht|getan|ausgelöst|autorisiert|genehmigt|initiiert|gestartet|aufgegeben|eingeloggt|eingerichtet|hinzugefügt|versucht|waren|warst)\b"
    r"|\bkein(?:e|en)? (?:\w{1,20} ){1,3}(?:angefordert|angelegt|beantragt|bestellt|eröffnet|erstellt|vorgenommen|gestellt)\b"
    r"|\b(?:waren|warst) (?:das |es |dies )?(?:nicht )?(?:sie|du)(?: das| es| dies)? nicht\b|\b(?:sie|du) (?:waren|warst) (?:das|es|dies) nicht\b|\bdas nicht (?:sie|du)\b|\bnicht (?:sie|du|ihr)\b|\bnicht (?:von|durch) (?:ihnen|dir)\b"
    r"|\b(?:er)?kenn(?:en|st) (?:sie|du)\b[^.?!]{0,40}\bnicht\b|\bjemand ander|\bnicht bekannt vor\b|\bnichts davon w|\birrtümlich|\bversehentlich|\b(?:falls|wenn|sollte)\b[^.?!]{0,60}\bunbekannt\b",
)
HAPPENED: Final = _words(
    r"\b(?:request|ask|reset|sign|log|verif|confirm|code|need|use|chang|creat|add|remov|updat)(?:ed|ing|s|y|)?\b",
    r"angefordert|anforder|anfrage|angefragt|zurücksetz|zurückgesetzt|anmeld|bestätig|verifizier|\bcode\b|geändert|ändern|möchten|gebeten|\blogin\b|einlogg|registrier|vergessen",
)
CHANGED: Final = _words(
    r"\b(?:chang|updat|add|remov|reset|fail|declin|sign|log|enabl|disabl|delet|creat|revok|lock|block|cancel|suspend|rotat|renew|replac|detect|clos|reject|verif|activat|deactivat)"
    r"(?:ed|ned|ged|led|ied|s|y|ing)?(?:[- ]?in)?\b|\bused\b|\bnew (?:sign|log|device|browser)|\bcould not\b|\bcouldn['’]t\b|\bdid not go through\b|\bunsuccessful\b|\bturned o(?:n|ff)\b|\bunusual\b|\bsuspicious\b"
    r"|\bpast due\b|\boverdue\b|\bexpir",
    r"geändert|aktualisiert|hinzugefügt|entfernt|zurückgesetzt|fehlgeschlagen|abgelehnt|angemeldet|anmeldung|\blogin\b|eingeloggt|aktiviert|gelöscht|erstellt|angelegt|eingerichtet|konnte(?:n)? nicht|nicht abgebucht"
    r"|gesperrt|blockiert|widerrufen|nicht erfolgreich|\bneue[ns]? gerät|ausgeschaltet|eingeschaltet|gekündigt|beendet|abgelaufen|\bläuft\b.{0,40}\bab\b|verlänger|ungewöhnlich|verdächtig|zurückgegeben|zurückgekommen"
    r"|erneuert|ersetzt|überfällig|bestätigt",
)
STATUS: Final = _words(
    r"\bship(?:s|ped)\b|\bship(?:ping|ment) confirm|\bon (?:its|the|their) way\b|\bout for delivery\b|\bdelivered\b|\bdelivery (?:attempt|today|tomorrow|delay|fail|confirm|is|was|on)|(?:\bnot|n['’]t) deliver|\bdispatched\b"
    r"|\barriv|\bdelay|\bin transit\b|\bready (?:for|to) (?:be )?(?:pick|collect)|\bpick-?up point\b|\bleft (?:our|the)\b|\bhanded\b|\bcustoms\b|\bmissed\b|\blost\b|\breturn",
    r"versandt|versendet|versandbestätigung|verschickt|unterwegs|auf dem weg|zugestellt|zustell|geliefert|ausgeliefert|auslieferung|angekommen|\bkommt\b|\bist da\b|verspät|verzöger|abhol|filiale|übergeben|verlassen|\bzoll\b"
    r"|retoure|rücksendung",
)
SUPPORT: Final = _words(
    r"\bsupport\b|\bcontact (?:us|our|the)\b|\bhelp\b|\bquestions?\b|\bcustomer (?:service|care)\b|(?<!not )(?<!n['’]t )\breply to (?:this|us)\b|\bjust reply\b|\bget in touch\b|\blet us know\b"
    r"|\b(?:call|email|e-mail|write to|text|message|reach|chat with|talk to) us\b|\bcall \+?\d",
    r"\bsupport\b|kontakt|\bhilfe\b|\bhelfen\b|\bhilft\b|\b(?:rück)?fragen?\b|kundendienst|kundenservice|\bantworten sie\b(?! bitte nicht| nicht)|\bantworte (?:einfach|uns)\b|\bmelden sie sich\b|\bmelde dich\b"
    r"|\bschreiben sie uns\b|\bschreib uns\b|\brufen sie uns\b|\bruf uns\b|\berreichen sie uns\b|\bsie erreichen uns\b|\berreichst du uns\b|\bdu erreichst uns\b|\bfür (?:sie|dich) da\b|\bwenden sie sich\b|\bwende dich\b",
)
PROBLEM: Final = _words(
    r"\b(?:problem|trouble|issue|wrong|missing|damaged|not arrive|hasn['’]t arrived|did(?: not|n['’]t) (?:arrive|get|receive)|lost|questions?|help|support|contact|call us|write to us|let us know|not what you|can(?:not|['’]?t) find|change the delivery)\b",
    r"problem|stimmt etwas nicht|beschädigt|defekt|schaden|schäden|fehlt|nicht angekommen|nicht erhalten|\bnicht da\b|verloren|fragen?\b|\bhilfe\b|support|kontakt|\bwenden sie sich\b|\bwende dich\b|\brufen sie uns\b|\bruf uns\b|\bschreib",
)
SECURE: Final = _words(
    r"\b(?:secure|protect|lock|block|undo|revert|reset|change your password|sign out|sign-out|cancel|review|update your|recover|restore|keep|pay|renew|report|remove|get back into|contact us)\b",
    r"\bsicher(?:n|e)\b|\b(?:schützen|schütze|sperren|sperre|rückgängig|zurücksetzen|widerrufen|ändern|ändere|abmelden|überprüfen|prüfen|prüfe|wiederherstellen|aktualisieren|hinterlegen|bezahlen|entfernen|verlängern)\b"
    r"|\bmelden sie (?:es|das|uns)\b|\bsetz(?:e|en)\b.{0,40}\bzurück\b|\bkontaktier",
)
COPY_LINK: Final = _words(
    r"\bcopy\b|\bpaste\b|\bbrowser\b|\bor (?:open|use|visit|go to)\b|\bbutton\b|\balternatively\b|\bdirect link\b|\b(?:cannot|can['’]?t) click\b",
    r"\bkopier|\beinfüg|\bbrowser\b|\böffnen sie\b|\böffne\b|schaltfläche|\bbutton\b|\bknopf\b|\balternativ\b|\bdirektlink\b|\bklickbar\b|\b(?:rufen sie|ruf)\b.{0,40}\bauf\b",
)
_VALUE_FOLLOWS: Final = r"(?:\s|<[^<>]{0,200}>){0,10}[\"'“„]?(?:\ue000|[^\s<>]{0,40}\d)"  # a value, or a word with a digit in it
PASSWORD_SAID: Final = _words(
    rf"\bpassword(?: is:?|:){_VALUE_FOLLOWS}",
    rf"\b(?:passwort|kennwort)(?: (?:ist|lautet):?|:){_VALUE_FOLLOWS}",
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
    """The languages whose words are looked for; both where the tag names none, none where the language has no patterns."""
    tag = locale.replace("_", "-").partition("-")[0].lower()
    if tag == DEFAULT_LOCALE:
        return LANGUAGES
    return (tag,) if tag in LANGUAGES else ()
