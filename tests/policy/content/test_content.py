"""The primary-purpose test: what it says of the cases everybody cites, of labelled mails, and of anything at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.model.message_type import MessageClass
from posthouse.model.send_request import Rejection, Warning
from posthouse.policy.content import ContentKind, ContentPurpose, judge
from posthouse.policy.content.decide import ContentSetting, decide, is_checked
from posthouse.policy.content.rules import LANGUAGES, rules_of, words_of
from tests.policy.content.labelled import Labelled, development, earlier, held_out
from tests.support.spent import within

RECEIPT = (
    "Thanks for your order.\n\nOrder number 1234\n\n2 x Blue shirt $40.00\n\nTotal $40.00\n\nPaid with Visa ending in "
    "4242\n\nShips to 1 Main Street, Springfield"
)
MIXED = f"{RECEIPT}\n\nYou might also like our green socks."
STUFFED = (
    "Order 1234: total $5.\n\nUse promo code TAKE20 at checkout for 20% off your next purchase!\n\nYou might also "
    "like\n\nShoes $50\n\n"
    "Shop now\n\nBag $70\n\nShop now\n\nHat $15\n\nShop now"
)


@pytest.mark.parametrize(
    ("subject", "text", "kind"),
    [
        ("Your receipt", RECEIPT, ContentKind.TRANSACTIONAL),
        ("Your receipt", MIXED, ContentKind.MIXED_ALLOWED),
        ("Your receipt", STUFFED, ContentKind.COMMERCIAL),
        ("20% off everything, today only", f"Hurry!\n\nUse promo code SAVE20.\n\n{RECEIPT}", ContentKind.COMMERCIAL),
        (
            "Your order",
            "Take 30% off with code MORE30 at checkout.\n\nShop now, today only.\n\nYou may also like\n\nBoots\n\nBelts\n\n"
            + RECEIPT,
            ContentKind.COMMERCIAL,
        ),
        ("Your order", f"{RECEIPT}\n\nDiscount code WELCOME -$4.00", ContentKind.MIXED_ALLOWED),
        ("Ihre Bestellung", "Bestellnummer 12\n\nGesamtbetrag 20,00 €\n\nRabatt -2,00 €", ContentKind.MIXED_ALLOWED),
        ("Wir vermissen Sie", "Sichern Sie sich 15 % Rabatt auf Ihre nächste Bestellung.", ContentKind.COMMERCIAL),
        ("Réinitialiser votre mot de passe", "Cliquez ici pour choisir un nouveau mot de passe.", ContentKind.UNKNOWN),
        ("", "", ContentKind.UNKNOWN),
    ],
)
def test_a_small_section_passes_and_what_is_mostly_advertising_does_not(subject: str, text: str, kind: ContentKind) -> None:
    assert judge(subject, text).kind is kind


@pytest.mark.parametrize(
    ("text", "purpose"),
    [
        (RECEIPT, ContentPurpose.CONFIRMATION),
        ("We recall the product you bought. Stop using it; there is a hazard.", ContentPurpose.SAFETY),
        ("We are updating our terms of service. They take effect in May.", ContentPurpose.CHANGE),
        ("Your statement is ready. Closing balance 20, opening balance 10.", ContentPurpose.BALANCE),
        ("A reminder of your appointment with Dr Shah.", ContentPurpose.ONGOING),
    ],
)
def test_a_verdict_cites_the_kind_of_mail_the_law_calls_transactional(text: str, purpose: ContentPurpose) -> None:
    assert judge("Hello", text, "en").purpose is purpose


def test_a_finding_tells_the_rule_the_place_and_the_words() -> None:
    text = f"{RECEIPT}\n\nSee https://a.example/sale for more.\n\nYou might also like our green socks."
    (found,) = judge("Your receipt", text).findings
    assert (found.rule, found.part) == ("recommendation", "text")
    assert text[found.position :].startswith("You might also like")
    assert found.excerpt == "You might also like our green socks."


def test_the_hint_decides_where_the_words_do_not_and_loses_where_they_do() -> None:
    assert judge("Sale", "Sale", "de").language == "de"
    assert judge("Sale", "Sale", "de-AT").language == "de"
    assert judge("Your order", RECEIPT, "de").language == "en"
    assert judge("Bonjour", "Merci", "fr").kind is ContentKind.UNKNOWN


@pytest.mark.parametrize("mail", [mail for mail in development() if mail.label != "commercial"], ids=lambda mail: mail.id)
def test_no_genuine_mail_of_the_development_set_is_refused(mail: Labelled) -> None:
    found = judge(mail.subject, mail.text)
    assert found.kind is not ContentKind.COMMERCIAL, (found.reason, found.findings)
    assert found.language == mail.language


def test_nine_of_ten_adverts_of_the_development_set_are_found() -> None:
    adverts = [mail for mail in development() if mail.label == "commercial"]
    assert sum(judge(mail.subject, mail.text).kind is ContentKind.COMMERCIAL for mail in adverts) >= 0.9 * len(adverts)


def test_of_the_earlier_held_out_mails_one_genuine_in_a_hundred_is_refused_at_most_and_most_adverts_are_found() -> None:
    """The one is a warning of advertisements, which quotes them."""
    found = {
        (mail.label == "commercial", mail.id): judge(mail.subject, mail.text).kind is ContentKind.COMMERCIAL for mail in earlier()
    }
    genuine, adverts = ([caught for (is_advert, _), caught in found.items() if is_advert is wanted] for wanted in (False, True))
    assert sum(genuine) <= 0.01 * len(genuine)
    assert sum(adverts) >= 0.8 * len(adverts)


@pytest.mark.parametrize(
    ("subject", "text", "kind"),
    [
        ("A note", "From £19 a month. Unsubscribe", ContentKind.COMMERCIAL),
        ("A note", "From nineteen a month. Unsubscribe", ContentKind.TRANSACTIONAL),
        ("A note", "Save up to £20 on the second pair.", ContentKind.COMMERCIAL),
        ("A note", f"{RECEIPT}\n\nTrack your parcel.\n\nUnsubscribe", ContentKind.TRANSACTIONAL),
        ("A note", f"{RECEIPT}\n\nShop now: just landed.\n\nUnsubscribe", ContentKind.MIXED_ALLOWED),
        ("A note", "Delivered on Saturday.\n\nShop now: just landed, new season.\n\nUnsubscribe", ContentKind.COMMERCIAL),
        (
            "Thanks for your order!",
            "We've got it and will let you know when it leaves us, within two days.\n\nShirt £20\n\nBlack Friday price",
            ContentKind.MIXED_ALLOWED,
        ),
    ],
)
def test_a_way_out_of_a_list_and_prices_say_what_words_alone_do_not(subject: str, text: str, kind: ContentKind) -> None:
    assert judge(subject, text, "en").kind is kind


def test_what_is_quoted_is_somebody_elses() -> None:
    said = "Jonas mentioned you: the legal team says {} is not right for the banner."
    assert judge("You were mentioned", said.format('"50% off everything, today only"'), "en").kind is ContentKind.TRANSACTIONAL
    assert judge("You were mentioned", said.format("50% off everything, today only"), "en").kind is ContentKind.COMMERCIAL


def test_lines_of_a_quotation_are_somebody_elses_where_there_is_anything_else() -> None:
    said = (
        "Jonas commented on the campaign plan, which you follow:\n\n> 50% off everything, today only. Use promo code "
        "SAVE50.\n\nReply, or stop following."
    )
    assert judge("Jonas commented on “Campaign”", said, "en").kind is ContentKind.TRANSACTIONAL
    assert judge("Jonas commented on “Campaign”", said.replace("> ", ""), "en").kind is ContentKind.COMMERCIAL
    dressed = "Hi!\n\n> 50% off everything, today only.\n\n> Use promo code SAVE50 at checkout and shop now.\n\nBye"
    assert judge("Your order", dressed, "en").kind is ContentKind.COMMERCIAL


def test_news_of_a_feature_claim_the_paragraphs_that_follow() -> None:
    """A renewal followed by three paragraphs about a launch is no transactional mail, though two of them name nothing for
    sale.
    """
    launch = (
        "Your subscription renewed on 14 May for $8.00.\n\nIntroducing Page Turner, the biggest step we have ever made\n\n"
        "Page Turner writes your summaries and finds what everybody has to do next, in seconds.\n\n"
        "It understands tables, drawings and voice, works offline, and thousands of teams save five hours with it.\n\n"
        "For a limited time add it for $4 instead of $10. Don't miss out."
    )
    assert judge("Your subscription renewed", launch).kind is ContentKind.COMMERCIAL
    brief = (
        "Your subscription renewed on 14 May for $8.00.\n\nTotal paid: $8.00 with Visa ending in 4242.\n\nIntroducing Page "
        "Turner: see the settings."
    )
    assert judge("Your subscription renewed", brief).kind is ContentKind.MIXED_ALLOWED


def test_somebodys_advertisement_is_no_advertising_of_ours() -> None:
    assert (
        judge(
            "Neue Nachricht zu Ihrer Anzeige", "Tobias schreibt zu Ihrer Anzeige, ob das Rad (80 €) noch zu haben ist.", "de"
        ).findings
        == ()
    )


@pytest.mark.skipif(not held_out(), reason="the held-out set is not in this repository")
def test_of_mails_nobody_fitted_the_rules_to_hardly_any_genuine_one_is_refused() -> None:
    genuine = [mail for mail in held_out() if mail.label != "commercial"]
    assert sum(judge(mail.subject, mail.text).kind is ContentKind.COMMERCIAL for mail in genuine) <= 0.01 * len(genuine)


@given(st.text(max_size=300), st.text(max_size=2000), st.sampled_from([None, "en", "de", "fr", "", "_", "x-y"]))
def test_anything_at_all_gets_a_verdict_with_places_that_exist(subject: str, text: str, hint: str | None) -> None:
    found = judge(subject, text, hint)
    assert 0 <= found.share <= 1
    assert all(0 <= each.position <= len(subject if each.part == "subject" else text) + 400 for each in found.findings)


@pytest.mark.parametrize(
    "text", ["save " * 200_000, "your " * 200_000, "20 % " * 200_000, "http://" * 100_000, "a\n" * 300_000, "rabatt" * 100_000]
)
def test_a_million_characters_take_no_longer_than_a_few_seconds(text: str) -> None:
    with within(5):
        judge("x", text, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_stands_in_two_rules(language: str) -> None:
    phrases = [phrase for rule in rules_of(language).rules for phrase in rule.phrases]
    assert len(set(phrases)) == len(phrases)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_written_as_texts_are_read(language: str) -> None:
    rules = rules_of(language)
    assert len({rule.id for rule in rules.rules}) == len(rules.rules)
    for rule in rules.rules:
        assert rule.phrases
        assert (rule.kind == "transaction") == (rule.purpose is not None)
        for phrase in rule.phrases:
            plain = phrase.replace("#%", "7%").replace("#", "7").replace("_", "x").replace("*", "")
            said = [f"{word}" for word in words_of(plain)]
            fired = {each.id for _, each in rules.hits(said)}
            assert rule.id in fired, phrase


COMMERCIAL = judge("20% off everything, today only", "Shop now")


@pytest.mark.parametrize("message_class", MessageClass)
@pytest.mark.parametrize("setting", ContentSetting)
def test_only_transactional_mail_is_refused_and_only_where_the_stream_says_so(
    message_class: MessageClass, setting: ContentSetting
) -> None:
    found = decide(COMMERCIAL, message_class, setting, "transactional")
    if setting is ContentSetting.OFF or message_class is MessageClass.COMMERCIAL:
        assert found is None
        assert not is_checked(message_class, setting)
    elif setting is ContentSetting.REFUSE and message_class is MessageClass.TRANSACTIONAL:
        assert isinstance(found, Rejection)
        assert found.code == "content_refused"
        assert "percent-off" in found.detail
        assert "'marketing'" in found.detail
        assert found.errors[0].path == "subject"
    else:
        assert isinstance(found, Warning)
        assert (found.code, found.path) == ("content_flagged", "stream")


@pytest.mark.parametrize("setting", ContentSetting)
def test_a_small_section_and_a_language_without_rules_have_no_consequence(setting: ContentSetting) -> None:
    for verdict in (judge("Your receipt", MIXED), judge("Bonjour", "Merci")):
        assert decide(verdict, MessageClass.TRANSACTIONAL, setting, "transactional") is None
