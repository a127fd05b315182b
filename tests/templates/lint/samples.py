"""One clean mail of each family, and a way to spoil it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from posthouse.model.lint_finding import LintFinding
from posthouse.model.template import CompiledTemplate, TemplateSource, TemplateVersion, Variable, VariableType
from posthouse.policy.types import BY_NAME
from posthouse.templates.lint import lint

S, U, D, M = VariableType.STRING, VariableType.URL, VariableType.DATETIME, VariableType.MONEY


def variable(name: str, kind: VariableType = S, *, required: bool = True, example: object = None) -> Variable:
    """A declared variable."""
    return Variable(name=name, type=kind, required=required, example=example)


def listed(name: str, *inner: Variable, required: bool = True) -> Variable:
    """A declared list of objects."""
    return Variable(
        name=name, type=VariableType.ARRAY, required=required, items=Variable(type=VariableType.OBJECT, properties=inner)
    )


class Mail(msgspec.Struct, frozen=True):
    """A template in one language, as a test writes it."""

    type: str
    subject: str
    body: str
    text: str
    variables: tuple[Variable, ...]
    head: str = '<meta name="color-scheme" content="light dark"><title>x</title>'
    before: str = '<div style="display:none">What it is about, in a sentence.</div>'
    html: str | None = None
    locale: str = "en"

    def page(self) -> str:
        """The HTML."""
        if self.html is not None:
            return self.html
        around = '<div style="background:#ffffff;color:#1d2129;font-family:Arial,sans-serif">'
        return f'<html lang="{self.locale}"><head>{self.head}</head><body>{self.before}{around}{self.body}</div></body></html>'


def spoilt(mail: Mail, **changes: object) -> Mail:
    """The mail with other parts; a pair (old, new) replaces words in the part of that name."""
    return msgspec.structs.replace(mail, **{part: _changed(getattr(mail, part), change) for part, change in changes.items()})


def _changed(said: object, change: object) -> object:
    if not (isinstance(said, str) and isinstance(change, tuple)):
        return change
    old, new = change
    assert old in said, old
    return said.replace(old, new)


def findings(mail: Mail, waivers: Mapping[str, str] | None = None) -> tuple[LintFinding, ...]:
    """What lint says of it."""
    wording = CompiledTemplate(mail.subject, mail.page(), mail.text)
    version = TemplateVersion(
        name="t",
        version=1,
        type=mail.type,
        variables=mail.variables,
        compiled_templates={mail.locale: wording},
        fallback=mail.locale,
    )
    sources = {mail.locale: TemplateSource(subject=mail.subject, html=mail.page(), text=mail.text)}
    return lint(version, sources, mail.type, BY_NAME[mail.type].message_class, waivers)


def button(variable_name: str, words: str) -> str:
    """A link that looks like one."""
    return (
        f'<a href="{{{{ {variable_name} }}}}" style="display:inline-block;padding:12px 24px;background:#1d2129;'
        f'color:#ffffff">{words}</a>'
    )


RESET: Final = Mail(
    type="password_reset",
    subject="Reset your password",
    body=f"""<p>Hi {{{{ user_name }}}}, you asked to reset your password.</p>
{button("reset_link", "Choose a new password")}
<p>Or copy this link into your browser: {{{{ reset_link }}}}</p>
<p>The link expires in 30 minutes. If you didn't ask for this, ignore this email.</p>""",
    text="Hi {{ user_name }}, you asked to reset your password. Open {{ reset_link }} to choose a new password.\n"
    "The link expires in 30 minutes. If you didn't ask for this, ignore this email.",
    variables=(variable("user_name", example="Ada"), variable("reset_link", U, example="https://x.example/r?t=1")),
)
CODE: Final = Mail(
    type="two_factor_code",
    subject="Your code is {{ code }}",
    body="""<p>Use this code to sign in:</p><p style="font-size:28px">{{ code }}</p>
<p>It expires in 10 minutes. If you did not request it, somebody knows your password: change it.</p>""",
    text="Use this code to sign in: {{ code }}\nIt expires in 10 minutes. If you did not request it, somebody knows your "
    "password: change it.",
    variables=(variable("code", example="847291"),),
)
ORDER: Final = Mail(
    type="order_confirmation",
    subject="Your order {{ orderNumber }} is confirmed",
    body="""<h1>Order {{ orderNumber }}</h1><table>{% for item in items %}<tr><td>{{ item.name }}</td><td>{{ item.price }}</td></tr>{% endfor %}</table>
<p>Subtotal {{ subtotal }}, tax {{ tax }}, total {{ total }}, paid with the card ending in {{ payment_last4 }}</p>
<p>Ships to {{ shippingAddress }}, expected {{ estimatedDelivery }}</p><p>Questions? Write to {{ support_email }}</p>""",
    text="Order {{ orderNumber }}\n{% for item in items %}{{ item.name }} {{ item.price }}\n{% endfor %}"
    "Subtotal {{ subtotal }}, tax {{ tax }}, total {{ total }}, paid with the card ending in {{ payment_last4 }}\n"
    "Ships to {{ shippingAddress }}, expected {{ estimatedDelivery }}\nQuestions? Write to {{ support_email }}",
    variables=(
        variable("orderNumber", example="10023"),
        listed("items", variable("name", example="Mug"), variable("price", M)),
        variable("subtotal", M),
        variable("tax", M),
        variable("total", M),
        variable("payment_last4", example="4242"),
        variable("shippingAddress", example="1 Main St"),
        variable("estimatedDelivery", example="Friday"),
        variable("support_email", example="help@x.example"),
    ),
)
SHIPPED: Final = Mail(
    type="shipping_update",
    subject="Your order {{ order.number }} has shipped",
    body=f"""<h1>Order {{{{ order.number }}}} is on its way</h1>{{% for parcel in parcels %}}<p>{{{{ carrier }}}}, {{{{ parcel.tracking_number }}}}</p>
<ul>{{% for item in parcel.items %}}<li>{{{{ item.name }}}}</li>{{% endfor %}}</ul>{{% endfor %}}
{button("tracking_url", "Track your parcel")}<p>To: {{{{ shipping_address }}}}</p><p>Is something missing or damaged? Contact us.</p>""",
    text="Order {{ order.number }} is on its way.\n{% for parcel in parcels %}{{ carrier }}, {{ parcel.tracking_number }}\n"
    "{% for item in parcel.items %}- {{ item.name }}\n{% endfor %}{% endfor %}Follow it: {{ tracking_url }}\n"
    "To: {{ shipping_address }}\nIs something missing or damaged? Contact us.",
    variables=(
        Variable(name="order", type=VariableType.OBJECT, required=True, properties=(variable("number", example="10023"),)),
        variable("carrier", example="DHL"),
        listed("parcels", variable("tracking_number", example="00340"), listed("items", variable("name", example="Mug"))),
        variable("tracking_url", U, example="https://dhl.example/00340"),
        variable("shipping_address", example="1 Main St"),
    ),
)
ALERT: Final = Mail(
    type="security_alert",
    subject="Your password was changed",
    body=f"""<p>The password of your account was changed on {{{{ changed_at|datetime }}}}, with {{{{ device }}}} near {{{{ city }}}}.</p>
<p>If this wasn't you, secure your account.</p>{button("secure_url", "Secure your account")}<p>Questions? Contact {{{{ support_email }}}}</p>""",
    text="The password of your account was changed on {{ changed_at|datetime }}, with {{ device }} near {{ city }}.\n"
    "If this wasn't you, secure your account: {{ secure_url }}\nQuestions? Contact {{ support_email }}",
    variables=(
        variable("changed_at", D),
        variable("device", example="Chrome on Windows"),
        variable("city", example="Graz"),
        variable("secure_url", U, example="https://x.example/s"),
        variable("support_email", example="help@x.example"),
    ),
)
NOTICE: Final = Mail(
    type="notification",
    subject="Your export is ready",
    body=f"<p>The export you asked for is ready. It holds all that you chose.</p>{button('url', 'Download the export')}",
    text="The export you asked for is ready. It holds all that you chose. Download it: {{ url }}",
    variables=(variable("url", U, example="https://x.example/d"),),
)
CLEAN: Final = (RESET, CODE, ORDER, SHIPPED, ALERT, NOTICE)
