"""What looks like a fault and is none: the rules keep quiet about it."""

from typing import Final

import pytest

from posthouse.model.template import Variable, VariableType
from tests.templates.lint.samples import ALERT, CODE, NOTICE, ORDER, RESET, SHIPPED, Mail, findings, spoilt, variable
from tests.templates.lint.test_rules import also, with_body, without

FINE: Final[list[tuple[str, Mail]]] = [
    ("variable-undeclared", spoilt(NOTICE, text=NOTICE.text + "{% for x in [url][0] %}{% endfor %}")),
    (
        "variable-undeclared",
        spoilt(ORDER, text=ORDER.text + "{% for it in items or () %}{{ loop.index }} {{ it['price'].amount }}{% endfor %}"),
    ),
    ("variable-undeclared", spoilt(ORDER, text=ORDER.text + "{{ total.currency }} {{ items[0].name }} {{ items|length }}")),
    (
        "variable-undeclared",
        spoilt(NOTICE, text=NOTICE.text + '{{ url|default("x") }}{% if url is defined and url is not none %}{% endif %}'),
    ),
    (
        "variable-undeclared",
        spoilt(
            NOTICE,
            text=NOTICE.text + "{{ any.thing.at_all|default('') }}",
            variables=also(NOTICE, Variable(name="any", type=VariableType.OBJECT)),
        ),
    ),
    (
        "variable-unused",
        spoilt(NOTICE, text=NOTICE.text + "{% if flag %}!{% endif %}", variables=also(NOTICE, variable("flag", example="y"))),
    ),
    ("literal-tag", spoilt(NOTICE, variables=(variable("url", example="https://x.example/{{a}}"),))),
    ("link-scheme", with_body(NOTICE, '<a href="mailto:help@x.example">Write to us</a><a href="tel:+4312345">Call us</a>')),
    ("link-scheme", with_body(NOTICE, '<img alt="" src="cid:logo"><a href="{{ url }}">javascript: explained</a>')),
    ("code-only-in-image", with_body(CODE, '<img src="https://x.example/logo.png" alt="Acme">')),
    ("link-incomplete", with_body(NOTICE, '<a name="top">Top of it</a>')),
    ("link-disguised", with_body(NOTICE, '<a href="https://www.x.example/help">x.example</a> <a href="{{ url }}">x.example</a>')),
    ("image-alt", with_body(NOTICE, '<img src="https://x.example/a.png" alt="">')),
    (
        "actions-several",
        with_body(NOTICE, '<a href="{{ url }}" class="button">Download it</a><a href="https://x.example">Our terms</a>'),
    ),
    ("client-support", spoilt(NOTICE, head=NOTICE.head + "<style>@media (min-width:600px) { .a { display: flex } }</style>")),
    ("client-support", with_body(NOTICE, '<p style="border-radius:8px;max-width:520px;word-break:break-all">a</p>')),
    ("client-support", with_body(NOTICE, '<div style="background:#fff linear-gradient(#fff, #eee)">a</div>')),
    ("client-support", with_body(NOTICE, '<!--[if mso]><v:rect style="position:absolute"></v:rect><![endif]-->')),
    ("font-fallback", with_body(NOTICE, "<p style=\"font:16px/24px 'Inter', sans-serif\">a</p>")),
    ("width-fixed", with_body(NOTICE, '<table width="600" style="width:100%;max-width:600px"><tr><td>a</td></tr></table>')),
    ("dark-mode-colors", with_body(NOTICE, '<span style="color:#333333">a</span>')),
    ("password", with_body(NOTICE, "<p>To change your password: open the settings.</p>")),
    (
        "zone-missing",
        with_body(NOTICE, "<p>At 14:05 UTC, at 2:05 pm CET, at 14:05 (Europe/Vienna), at 14:05 +01:00, EUR 12.30.</p>"),
    ),
    ("zone-missing", spoilt(NOTICE, text=NOTICE.text + " Um 14:05 Uhr MEZ, zwischen 9:00 und 17:00 MEZ.", locale="de")),
    ("zone-missing", spoilt(ALERT, text=ALERT.text + " {{ changed_at|time }}")),
    ("no-reply", with_body(NOTICE, '<p>Do not reply to this; <a href="mailto:help@x.example">write to us</a>.</p>')),
    ("auth-link-text", with_body(CODE, '<a href="{{ code }}">x</a>')),
    ("auth-expiry", without(RESET, "The link expires in 30 minutes", "Der Link ist 30 Minuten gültig")),
    ("auth-expiry-long", without(RESET, "30 minutes", "1 hour")),
    (
        "order-number-subject",
        spoilt(ORDER, subject="Beleg {{ belegnummer }}", variables=also(ORDER, variable("belegnummer", example="4711"))),
    ),
    (
        "order-promotion",
        spoilt(
            ORDER,
            body=ORDER.body + "<p>You might also like a second mug.</p>",
            text=ORDER.text + "\nYou might also like a second mug.",
        ),
    ),
    ("ship-link-generic", with_body(SHIPPED, '<a href="https://x.example/help">Help with parcels</a>')),
    ("alert-code", with_body(spoilt(ALERT, variables=also(ALERT, variable("postal_code"))), "{{ postal_code }}")),
]
GERMAN: Final = Mail(
    type="password_reset",
    locale="de",
    subject="Passwort zurücksetzen",
    body=RESET.body.replace("you asked to reset your password", "du hast angefordert, dein Passwort zurückzusetzen")
    .replace("Choose a new password", "Neues Passwort wählen")
    .replace("Or copy this link into your browser", "Oder kopiere diesen Link in den Browser")
    .replace(
        "The link expires in 30 minutes. If you didn't ask for this, ignore this email.",
        "Der Link läuft in 30 Minuten ab. Hast du das nicht angefordert, ignoriere diese Mail.",
    ),
    text="Du hast angefordert, dein Passwort zurückzusetzen, {{ user_name }}: {{ reset_link }}\nDer Link läuft in 30 Minuten ab. "
    "Hast du das nicht angefordert, ignoriere diese Mail.",
    variables=RESET.variables,
)


@pytest.mark.parametrize(("rule", "mail"), FINE, ids=[f"{rule}-{number}" for number, (rule, _) in enumerate(FINE)])
def test_what_only_looks_like_a_fault_is_not_found(rule: str, mail: Mail) -> None:
    mail = spoilt(mail, locale="default") if "gültig" in mail.text else mail
    assert [found.message for found in findings(mail) if found.rule == rule] == []


def test_german_mail_is_listened_to_in_german() -> None:
    assert not [(found.rule, found.message) for found in findings(GERMAN)]
    assert "auth-expiry" in {found.rule for found in findings(without(GERMAN, "Der Link läuft in 30 Minuten ab. "))}
    assert "auth-expiry" in {found.rule for found in findings(spoilt(GERMAN, locale="en"))}
