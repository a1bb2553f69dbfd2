"""Charge words: what somebody is told beforehand of what taking an offer would cost them.

The law: every figure is one that billing named; where it named none, that is said, and nothing is put in its
place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from babel import Locale
from babel.dates import format_date

from upsell.channels.languages import ENGLISH, GERMAN
from upsell.channels.money_words import money_words
from upsell.channels.stripe_foresight import Foreseen, Outlook
from upsell.clock import find_zone, to_datetime


class ChargeWords(msgspec.Struct, frozen=True):
    """The words of one language; names in braces are filled in."""

    language: str
    asking: str
    now: str
    now_card: str
    card: str
    approval: str
    now_approved: str
    checkout_approved: str
    nothing_now: str
    next: str
    checkout: str
    differs: str
    silent: str
    pay: str
    paid_title: str
    paid_said: str


WORDS: Final[Mapping[str, ChargeWords]] = {
    ENGLISH: ChargeWords(
        language=ENGLISH,
        asking="One moment: what is charged when you accept is looked up.",
        now="Charged when you accept: {now} with tax, for the time until your next invoice.",
        now_card="On the next page you leave a way to pay; then {now} is charged, with tax, for the time "
        "until your next invoice.",
        card="On the next page you leave a way to pay.",
        approval="An order of this size is confirmed by one of us first, and nothing is charged "
        "when you accept.",
        now_approved="Were it confirmed now, {now} would be charged, with tax, for the time until your next "
        "invoice.",
        checkout_approved="Once it is confirmed you get a mail that says where to pay.",
        nothing_now="Nothing is charged when you accept.",
        next="Your next invoice is then {next}, on {day}.",
        checkout="You pay on the next page, which says the amount with tax.",
        differs="This cannot be set up just now: our payment provider has another price. Should you "
        "accept, nothing is charged, and our team is told.",
        silent="What is charged when you accept cannot be said just now: our payment provider does not "
        "answer. The price above holds.",
        pay="Pay now",
        paid_title="Thank you",
        paid_said="Your payment is being checked. Once it is there, what you chose is set up; you may close "
        "this page.",
    ),
    GERMAN: ChargeWords(
        language=GERMAN,
        asking="Einen Augenblick: Was beim Annehmen abgebucht wird, wird nachgesehen.",
        now="Wird beim Annehmen abgebucht: {now} mit Steuern, für die Zeit bis zu Ihrer nächsten Rechnung.",
        now_card="Auf der nächsten Seite hinterlegen Sie, womit Sie zahlen; dann werden {now} mit Steuern "
        "abgebucht, für die Zeit bis zu Ihrer nächsten Rechnung.",
        card="Auf der nächsten Seite hinterlegen Sie, womit Sie zahlen.",
        approval="Einen Auftrag dieser Größe bestätigt zuerst jemand von uns; beim Annehmen wird nichts "
        "abgebucht.",
        now_approved="Würde er jetzt bestätigt, würden {now} mit Steuern abgebucht, für die Zeit bis zu "
        "Ihrer nächsten Rechnung.",
        checkout_approved="Sobald er bestätigt ist, bekommen Sie eine E-Mail, in der steht, wo Sie zahlen.",
        nothing_now="Beim Annehmen wird nichts abgebucht.",
        next="Ihre nächste Rechnung beträgt dann {next}, am {day}.",
        checkout="Sie zahlen auf der nächsten Seite; sie nennt den Betrag mit Steuern.",
        differs="Das lässt sich gerade nicht einrichten: Unser Zahlungsdienst hat einen anderen Preis. "
        "Nehmen Sie an, wird nichts berechnet, und unser Team erfährt davon.",
        silent="Was beim Annehmen abgebucht wird, lässt sich gerade nicht sagen: Unser Zahlungsdienst "
        "antwortet nicht. Der Preis oben gilt.",
        pay="Jetzt zahlen",
        paid_title="Vielen Dank",
        paid_said="Ihre Zahlung wird geprüft. Sobald sie da ist, wird eingerichtet, was Sie gewählt haben. "
        "Sie können diese Seite schließen.",
    ),
}
"""The words of each language, by its ISO 639-1 code."""


def charge_lines(
    foreseen: Foreseen | None, language: str, locale: Locale, zone: str, *, needs_approval: bool = False
) -> tuple[str, ...]:
    """Say what would be charged; nothing where nothing falls due or the team sets it up.

    Args:
        foreseen: What billing named.
        language: In which words, by ISO 639-1 code.
        locale: In which money and dates are written.
        zone: The zone of their clock.
        needs_approval: Whether somebody of the team approves it first, so that nothing is charged before.
    """
    words = WORDS[language]
    if needs_approval:
        words = msgspec.structs.replace(
            words,
            now=words.now_approved,
            now_card=words.now_approved,
            card="",
            nothing_now="",
            checkout=words.checkout_approved,
        )
        return (words.approval, *filter(None, _lines(foreseen, words, locale, zone)))
    return _lines(foreseen, words, locale, zone)


def _lines(foreseen: Foreseen | None, words: ChargeWords, locale: Locale, zone: str) -> tuple[str, ...]:
    if foreseen is None:
        return ()
    match foreseen.outlook:
        case Outlook.CHECKOUT:
            return (words.checkout,)
        case Outlook.DIFFERS:
            return (words.differs,)
        case Outlook.SILENT:
            return (words.silent,)
        case Outlook.CHARGED:
            return tuple(_figures(foreseen, words, locale, zone))


def _figures(foreseen: Foreseen, words: ChargeWords, locale: Locale, zone: str) -> list[str]:
    said = []
    if foreseen.now is not None:
        now = money_words(foreseen.now, foreseen.currency, locale)
        is_missing = foreseen.is_card_missing
        if foreseen.now:
            said.append((words.now_card if is_missing else words.now).format(now=now))
        else:
            said.append(f"{words.card} {words.nothing_now}".strip() if is_missing else words.nothing_now)
    if foreseen.next is not None and foreseen.next_at is not None:
        at = to_datetime(foreseen.next_at).astimezone(find_zone(zone))
        day = format_date(at, "d. MMMM y" if locale.language == GERMAN else "d MMMM y", locale)
        said.append(words.next.format(next=money_words(foreseen.next, foreseen.currency, locale), day=day))
    return said
