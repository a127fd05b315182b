"""Every rule finds what it is for, in a mail that is clean but for that, and nothing in one that is clean."""

from typing import Final

import pytest

from posthouse.model.template import Variable
from posthouse.templates.lint import ALL
from tests.templates.lint.samples import (
    ALERT,
    CLEAN,
    CODE,
    NOTICE,
    ORDER,
    RESET,
    SHIPPED,
    Mail,
    button,
    findings,
    spoilt,
    variable,
)

LONG: Final = "<p>" + "Nothing but words that say the same. " * 3_000 + "</p>"
NOT_CAUGHT: Final = "If you didn't ask for this, ignore this email."


def with_body(mail: Mail, more: str) -> Mail:
    """The mail with more HTML at its end."""
    return spoilt(mail, body=mail.body + more)


def without(mail: Mail, words: str, instead: str = "") -> Mail:
    """The mail without these words in either body."""
    return spoilt(mail, body=mail.body.replace(words, instead), text=mail.text.replace(words, instead))


def also(mail: Mail, *more: Variable) -> tuple[Variable, ...]:
    """Its variables, and more."""
    return (*mail.variables, *more)


BROKEN: Final[dict[str, tuple[Mail, ...]]] = {
    "render-failed": (
        spoilt(NOTICE, text="{{ url|money }}"),
        spoilt(NOTICE, body="{% if url %}open"),
        spoilt(NOTICE, variables=(variable("url", example=5),)),
    ),
    "variable-undeclared": (
        with_body(NOTICE, "{{ nobody }}"),
        with_body(NOTICE, "{% if nobody %}x{% endif %}"),
        spoilt(ORDER, body=("item.price", "item.prise")),
        spoilt(SHIPPED, subject="Your order {{ order.nr }} has shipped"),
    ),
    "literal-tag": (with_body(NOTICE, "{{ '{{ name }}' }}"), with_body(NOTICE, "&#123;{ name }}")),
    "link-scheme": (
        with_body(NOTICE, '<a href="javascript:alert(1)">x</a>'),
        with_body(NOTICE, '<a href=" java&#10;script:alert(1)">x</a>'),
        with_body(NOTICE, '<a href="data:text/html,x">x</a>'),
        with_body(NOTICE, '<img alt="x" src="file:///etc/x.png">'),
    ),
    "header-break": (spoilt(NOTICE, subject="Your export\nBcc: x@x.example"), spoilt(NOTICE, subject="Your export \u2028 is ready")),
    "code-only-in-image": (
        spoilt(CODE, subject="Your code", body=("{{ code }}", '<img src="https://x.example/{{ code }}.png" alt="{{ code }}">')),
        spoilt(
            CODE, subject="Your code", text="See the image", variables=(variable("picture", required=True, example="https://x.example/1.png"),),
            body=("{{ code }}", '<img src="{{ picture }}" alt="code">'),
        ),
    ),
    "render-sparse": (
        spoilt(NOTICE, variables=also(NOTICE, variable("who", required=False, example="a")), text=("{{ url }}", "{{ url }}{{ who|upper }}")),
    ),
    "variable-unused": (spoilt(NOTICE, variables=also(NOTICE, variable("extra"))),),
    "subject-long": (spoilt(NOTICE, subject="Your export of all the things that you asked us for is ready now"),),
    "subject-loud": (
        spoilt(NOTICE, subject="Act now: your export"), spoilt(NOTICE, subject="Your export is ready!!"),
        spoilt(NOTICE, subject="YOUR EXPORT IS ready"), spoilt(NOTICE, subject="Your export is ready 🎉"),
        spoilt(NOTICE, subject="Dringend: Ihr Export", locale="de"),
    ),
    "subject-promotional": (
        spoilt(ORDER, subject="Order {{ orderNumber }}: 20% off your next one"),
        spoilt(ORDER, subject="Bestellung {{ orderNumber }} und ein Gutschein", locale="de"),
    ),
    "subject-empty": (spoilt(NOTICE, subject="Hi"),),
    "preheader-missing": (spoilt(NOTICE, before=""),),
    "text-missing": (spoilt(NOTICE, body='<img src="https://x.example/a.png" alt="">', text="", before=""),),
    "text-weak": (
        spoilt(NOTICE, text="Your client does not support HTML."), spoilt(ORDER, text="Order {{ orderNumber }}"),
        spoilt(NOTICE, text="Ihr Programm kann HTML nicht anzeigen: im Browser ansehen", locale="de"),
    ),
    "text-markup": (spoilt(NOTICE, text=NOTICE.text + "<br>"), spoilt(NOTICE, text=NOTICE.text + "&nbsp;")),
    "text-link-missing": (spoilt(NOTICE, text="The export you asked for is ready. It holds all that you chose."),),
    "link-http": (
        with_body(NOTICE, '<a href="http://x.example/">Terms of use</a>'), spoilt(NOTICE, text=NOTICE.text + " http://x.example/"),
        with_body(NOTICE, '<img alt="" src="http://x.example/a.png">'),
    ),
    "link-shortener": (
        with_body(NOTICE, '<a href="https://bit.ly/x">Terms of use</a>'), spoilt(NOTICE, text=NOTICE.text + " https://t.co/x"),
    ),
    "link-incomplete": (
        with_body(NOTICE, '<a href="/terms">Terms of use</a>'), with_body(NOTICE, '<a href="">Terms of use</a>'),
        with_body(NOTICE, '<a href="#x">Terms of use</a>'),
    ),
    "link-words": (
        with_body(NOTICE, '<a href="https://x.example/">click here</a>'), with_body(NOTICE, '<a href="https://x.example/">Hier</a>'),
        with_body(NOTICE, '<a href="https://x.example/"></a>'),
    ),
    "link-disguised": (with_body(NOTICE, '<a href="https://evil.example/">www.bank.example</a>'),),
    "active-content": (
        with_body(NOTICE, "<script>1</script>"), with_body(NOTICE, '<p onclick="x()">a</p>'),
        with_body(NOTICE, '<iframe src="https://x.example"></iframe>'),
    ),
    "form": (with_body(NOTICE, "<form></form>"), with_body(NOTICE, '<input name="a">'), with_body(NOTICE, "<button>Go</button>")),
    "actions-several": (
        spoilt(NOTICE, body=NOTICE.body + button("other", "Other"), text=NOTICE.text + "{{ other }}", variables=also(NOTICE, variable("other"))),
    ),
    "social-footer": (with_body(NOTICE, '<a href="https://www.facebook.com/x">Facebook</a>'),),
    "image-alt": (with_body(NOTICE, '<img src="https://x.example/a.png">'),),
    "image-link-alt": (with_body(NOTICE, '<a href="https://x.example/"><img src="https://x.example/a.png" alt=""></a>'),),
    "images-mostly": (spoilt(NOTICE, body='<img src="https://x.example/a.png" alt="Everything">', text="", before=""),),
    "over-designed": (
        with_body(NOTICE, '<img src="https://x.example/a.gif" alt="">'), with_body(NOTICE, '<img src="https://x.example/a.png" alt="">' * 6),
    ),
    "client-support": (
        with_body(NOTICE, '<div style="display:flex">a</div>'), with_body(NOTICE, '<div style="position:absolute;top:0">a</div>'),
        with_body(NOTICE, '<div style="color:var(--x)">a</div>'), with_body(NOTICE, '<p style="font-size:2rem">a</p>'),
        with_body(NOTICE, '<div style="background-image:url(https://x.example/a.png)">a</div>'),
        with_body(NOTICE, '<video src="https://x.example/a.mp4"></video>'), with_body(NOTICE, "<svg></svg>"), with_body(NOTICE, "<p hidden>a</p>"),
        with_body(NOTICE, '<img alt="" src="https://x.example/a.webp">'), with_body(NOTICE, '<img alt="" src="data:image/png;base64,AAAA">'),
        spoilt(NOTICE, head=NOTICE.head + "<style>@import url(https://x.example/a.css);</style>"),
        spoilt(NOTICE, head=NOTICE.head + "<style>.a::before { content: 'x' }</style>"),
        spoilt(NOTICE, head=NOTICE.head + '<link rel="stylesheet" href="https://x.example/a.css">'),
    ),
    "size": (with_body(NOTICE, LONG),),
    "dark-mode-undeclared": (spoilt(NOTICE, head="<title>x</title>"),),
    "dark-mode-colors": (
        spoilt(NOTICE, html=NOTICE.page().replace("background:#ffffff;color", "color")),
        spoilt(NOTICE, html=NOTICE.page().replace("color:#1d2129;font", "font")),
    ),
    "font-fallback": (
        with_body(NOTICE, "<p style=\"font-family:'Inter'\">a</p>"), with_body(NOTICE, '<p style="font:bold 16px/24px Inter, Arial">a</p>'),
        spoilt(NOTICE, head=NOTICE.head + "<style>@font-face { font-family: Inter; src: url(x) } p { font-family: Inter }</style>"),
    ),
    "width-fixed": (with_body(NOTICE, '<table width="600"><tr><td>a</td></tr></table>'), with_body(NOTICE, '<div style="width:640px">a</div>')),
    "language-missing": (spoilt(NOTICE, html=NOTICE.page().replace(' lang="en"', "")),),
    "password": (
        spoilt(NOTICE, text=NOTICE.text + " {{ password }}", variables=also(NOTICE, variable("password"))),
        spoilt(NOTICE, body=NOTICE.body + "{{ user.new_password }}", variables=also(NOTICE, variable("user"))),
        with_body(NOTICE, "<p>Your password is: <b>hunter2</b></p>"),
        spoilt(NOTICE, text=NOTICE.text + " Ihr Passwort lautet: {{ url }}", locale="de"),
    ),
    "card-number": (with_body(spoilt(ORDER, variables=also(ORDER, variable("cardNumber"))), "{{ cardNumber }}"),),
    "zone-missing": (
        with_body(NOTICE, "<p>It was made at 14:05.</p>"), spoilt(NOTICE, text=NOTICE.text + " Made at 2:05 pm, on Monday."),
        spoilt(NOTICE, text=NOTICE.text + " Erstellt um 14.05 Uhr am Montag.", locale="de"),
    ),
    "placeholder-left": (
        with_body(NOTICE, "<p>Dear [Your name]</p>"), spoilt(NOTICE, text=NOTICE.text + " *|FNAME|*"), with_body(NOTICE, "<p>Lorem ipsum dolor</p>"),
    ),
    "no-reply": (
        with_body(NOTICE, "<p>Please do not reply to this email.</p>"),
        spoilt(NOTICE, text=NOTICE.text + " Bitte antworten Sie nicht auf diese Nachricht, sie wird nicht gelesen.", locale="de"),
    ),
    "language-unchecked": (spoilt(NOTICE, locale="fr"),),
    "auth-subject-branded": (
        spoilt(RESET, subject="{{ company }}: reset your password", variables=also(RESET, variable("company", example="Acme"))),
    ),
    "auth-reason": (spoilt(RESET, subject="About your account", body=button("reset_link", "Go on"), text="Hello. {{ reset_link }}"),),
    "auth-action-missing": (spoilt(RESET, body="<p>You asked to reset your password. Call us.</p>", text="You asked to reset your password."),),
    "auth-action-faint": (
        spoilt(RESET, body=("display:inline-block;padding:12px 24px;", "")), spoilt(CODE, body=("font-size:28px", "font-size:14px")),
    ),
    "auth-code-text": (spoilt(CODE, text=(": {{ code }}", ".")), spoilt(CODE, body=("{{ code }}", "as in the subject"))),
    "auth-link-text": (spoilt(RESET, body=("{{ reset_link }}</p>", "</p>")), spoilt(RESET, body=("Or copy this link into your browser: ", ""))),
    "auth-expiry": (
        without(RESET, "The link expires in 30 minutes. "), without(CODE, "It expires in 10 minutes. "),
        spoilt(
            RESET, variables=also(RESET, variable("minutes", required=False, example="30")),
            body=("The link expires in 30 minutes.", "{% if minutes %}The link expires in {{ minutes }} minutes.{% endif %}"),
        ),
    ),
    "auth-expiry-long": (without(RESET, "30 minutes", "24 hours"), without(CODE, "10 minutes", "1 hour")),
    "auth-not-you": (without(RESET, NOT_CAUGHT), spoilt(CODE, body=("If you did not request it, somebody knows your password: change it.", ""))),
    "auth-sensitive": (with_body(spoilt(RESET, variables=also(RESET, variable("iban"))), "{{ iban }}"),),
    "auth-marketing": (
        with_body(RESET, "<p>Get 20% off today.</p>"), spoilt(ALERT, text=ALERT.text + " You might also like these."),
        spoilt(RESET, text=RESET.text + " Jetzt kaufen und Rabatt sichern", locale="de"),
    ),
    "auth-link-tracked": (
        with_body(RESET, '<a href="https://click.x.example/abc">Help with signing in</a>'),
        spoilt(RESET, body=('"{{ reset_link }}"', '"{{ reset_link }}&amp;utm_source=mail"')),
    ),
    "order-number-subject": (spoilt(ORDER, subject="Your order is confirmed"), spoilt(SHIPPED, subject="Your order has shipped")),
    "order-number": (without(ORDER, "{{ orderNumber }}"),),
    "order-items": (without(without(ORDER, "{{ item.name }}"), "{{ item.price }}"),),
    "order-total": (without(ORDER, "{{ total }}"),),
    "order-sums": (without(ORDER, "{{ subtotal }}"), without(ORDER, "{{ tax }}")),
    "order-payment": (without(ORDER, "{{ payment_last4 }}"),),
    "order-address": (without(ORDER, "{{ shippingAddress }}"),),
    "order-arrival": (without(ORDER, "{{ estimatedDelivery }}"),),
    "order-support": (without(without(ORDER, "{{ support_email }}"), "Questions? Write to"),),
    "order-login": (with_body(ORDER, "<p>Log in to view your receipt.</p>"),),
    "order-promotion": (spoilt(ORDER, body=("<table>", "<p>20% off your next order</p><table>")),),
    "ship-status": (spoilt(SHIPPED, subject="News of order {{ order.number }}"),),
    "ship-carrier": (without(SHIPPED, "{{ carrier }}"),),
    "ship-tracking-text": (without(SHIPPED, "{{ parcel.tracking_number }}"),),
    "ship-link": (spoilt(SHIPPED, body=(button("tracking_url", "Track your parcel"), ""), text=("Follow it: {{ tracking_url }}", "")),),
    "ship-link-generic": (with_body(SHIPPED, '<a href="https://x.example/track">Track your order</a>'),),
    "ship-items": (without(SHIPPED, "{{ item.name }}"),),
    "ship-parcels": (without(SHIPPED, "{{ item.name }}"), without(SHIPPED, "{{ parcel.tracking_number }}")),
    "ship-address": (without(SHIPPED, "{{ shipping_address }}"),),
    "ship-problem": (without(SHIPPED, "Is something missing or damaged? Contact us."),),
    "alert-subject": (spoilt(ALERT, subject="About your account"),),
    "alert-what": (
        spoilt(
            ALERT, text="{{ changed_at|datetime }} {{ device }} {{ city }}: if that isn't yours, go to {{ secure_url }} or {{ support_email }}",
        ),
    ),
    "alert-when": (without(ALERT, " on {{ changed_at|datetime }}"),),
    "alert-device": (without(ALERT, "{{ device }}"),),
    "alert-place": (without(ALERT, "{{ city }}"),),
    "alert-not-you": (without(ALERT, "If this wasn't you, "),),
    "alert-undo": (spoilt(ALERT, body=(button("secure_url", "Secure your account"), ""), text=(": {{ secure_url }}", "")),),
    "alert-undo-said": (
        spoilt(ALERT, text=("secure your account: ", "")),
    ),
    "alert-code": (with_body(spoilt(ALERT, variables=also(ALERT, variable("code"))), "{{ code }}"),),
    "alert-support": (without(without(ALERT, "{{ support_email }}"), "Questions? Contact"),),
}  # fmt: skip
CASES: Final = [(rule, mail) for rule, mails in BROKEN.items() for mail in mails]


@pytest.mark.parametrize("mail", CLEAN, ids=lambda mail: mail.type)
def test_a_clean_mail_has_no_finding(mail: Mail) -> None:
    assert not [(found.rule, found.message) for found in findings(mail)]


@pytest.mark.parametrize(("rule", "mail"), CASES, ids=[f"{rule}-{number}" for number, (rule, _) in enumerate(CASES)])
def test_a_rule_finds_what_it_is_for(rule: str, mail: Mail) -> None:
    assert rule in {found.rule for found in findings(mail)}


def test_every_rule_has_a_sample_that_breaks_it() -> None:
    assert {rule.id for rule in ALL} == set(BROKEN) | {"waiver-idle"}


def test_the_errors_are_these_six_and_no_more() -> None:
    assert {rule.id for rule in ALL if rule.severity == "error"} == {
        "render-failed",
        "variable-undeclared",
        "literal-tag",
        "link-scheme",
        "header-break",
        "code-only-in-image",
    }
