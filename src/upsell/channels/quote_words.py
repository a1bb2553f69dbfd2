"""The words of a quote in each language, for the page and the PDF alike.

The law: every language says the same things, and a quote promises what was accepted, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.channels.languages import ENGLISH, GERMAN


class QuoteWords(msgspec.Struct, frozen=True):
    """The words of one language; names in braces are filled in."""

    language: str
    title: str
    number: str
    date: str
    valid: str
    seller: str
    buyer: str
    asked_by: str
    terms_title: str
    lines: str
    what: str
    quantity: str
    each: str
    price: str
    discount: str
    total: str
    unknown_total: str
    after: str
    per_month: str
    per_year: str
    once: str
    per_result: str
    promises_title: str
    approval_title: str
    approval: str
    taxes: str
    asked: str
    approved: str
    refused: str
    lapsed: str
    proves: str


QUOTE_WORDS: Final[Mapping[str, QuoteWords]] = {
    ENGLISH: QuoteWords(
        language=ENGLISH,
        title="Quote {number}",
        number="Number",
        date="Date",
        valid="These terms are kept until",
        seller="From",
        buyer="For",
        asked_by="Asked for by",
        terms_title="What it is and what it costs",
        lines="What was asked for, and its price",
        what="What",
        quantity="Quantity",
        each="Each",
        price="Price",
        discount="{rate} off is taken off already",
        total="Over the first twelve months: {total}",
        unknown_total="What it comes to over twelve months is not known beforehand.",
        after="{price} for {months} months, then {full}",
        per_month="{price} per month",
        per_year="{price} per year",
        once="{price}, once",
        per_result="{price} for each {per}",
        promises_title="What is promised",
        approval_title="What happens next",
        approval="An order of this size is confirmed by one of us before anything is set up or charged.",
        taxes="Prices are as they were shown; where taxes are due and not said to be in them, they come on "
        "top.",
        asked="{name} waits for our confirmation, until {day} at the latest.",
        approved="{name} was confirmed on {day}.",
        refused="{name} was not confirmed at these terms. Nothing was charged.",
        lapsed="Nobody confirmed it until {day}, so these terms hold no longer. Nothing was charged.",
        proves="Made from what was accepted on {day} by whoever opened the link or the page that was shown "
        "to "
        "{who}. It is no signature.",
    ),
    GERMAN: QuoteWords(
        language=GERMAN,
        title="Angebot {number}",
        number="Nummer",
        date="Datum",
        valid="Diese Bedingungen gelten bis",
        seller="Von",
        buyer="Für",
        asked_by="Angefragt von",
        terms_title="Was es ist und was es kostet",
        lines="Was angefragt wurde, und sein Preis",
        what="Was",
        quantity="Menge",
        each="Je",
        price="Preis",
        discount="{rate} Nachlass sind schon abgezogen",
        total="In den ersten zwölf Monaten: {total}",
        unknown_total="Was es in zwölf Monaten kostet, ist vorher nicht bekannt.",
        after="{price}, {months} Monate lang, danach {full}",
        per_month="{price} im Monat",
        per_year="{price} im Jahr",
        once="einmalig {price}",
        per_result="{price} je {per}",
        promises_title="Was versprochen ist",
        approval_title="Wie es weitergeht",
        approval="Einen Auftrag dieser Größe bestätigt jemand von uns, bevor etwas eingerichtet oder "
        "berechnet "
        "wird.",
        taxes="Die Preise sind die gezeigten; fällige Steuern kommen dazu, wenn nicht gesagt ist, dass sie "
        "enthalten sind.",
        asked="{name} wartet auf unsere Bestätigung, spätestens bis zum {day}.",
        approved="{name} wurde am {day} bestätigt.",
        refused="{name} wurde zu diesen Bedingungen nicht bestätigt. Es wurde nichts berechnet.",
        lapsed="Bis zum {day} hat es niemand bestätigt, darum gelten diese Bedingungen nicht mehr. Es wurde "
        "nichts berechnet.",
        proves="Erstellt aus dem, was am {day} über den Link oder die Seite angenommen wurde, die {who} "
        "gezeigt "
        "wurde. Es ist keine Unterschrift.",
    ),
}
"""The words of each language, by its ISO 639-1 code."""
