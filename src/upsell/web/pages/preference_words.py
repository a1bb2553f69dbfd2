"""The words of the pages for customers, in each language; they are what consent is given under.

The law: every sentence a customer decides by is here, and nowhere else, so that its hash says what was shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.channels.languages import ENGLISH, GERMAN
from upsell.decisions.reach import EMAIL, PROMPT, PUSH, SMS, TASK


class ChannelWords(msgspec.Struct, frozen=True):
    """A channel as customers know it: its name alone, and within ``no more ...``."""

    name: str
    promotion: str


class Words(msgspec.Struct, frozen=True):
    """Every sentence of the pages; ``{sender}``, ``{what}``, ``{until}`` and ``{family}`` are filled in."""

    language: str
    channels: Mapping[str, ChannelWords]
    for_address: str
    leave_title: str
    leave_question: str
    leave_button: str
    left_title: str
    left_said: str
    left_before: str
    back_button: str
    back_title: str
    back_said: str
    choose_link: str
    choose_title: str
    stays_title: str
    stays_said: str
    channels_title: str
    channels_hint: str
    subjects_title: str
    profiling: str
    profiling_hint: str
    family: str
    save_button: str
    pause_title: str
    pause_said: str
    pause_button: str
    paused_said: str
    resume_button: str
    all_title: str
    off_said: str
    off_button: str
    on_said: str
    on_button: str
    saved: str
    resumed: str
    all_off: str
    all_on: str
    unknown_title: str
    unknown_said: str
    unknown_advice: str
    unknown_write: str
    away_title: str
    away_said: str
    questions: str


_ENGLISH: Final = Words(
    language=ENGLISH,
    channels={
        EMAIL: ChannelWords("Email", "tips, suggestions and offers by email"),
        SMS: ChannelWords("Text messages", "tips, suggestions and offers by text message"),
        PUSH: ChannelWords("Push notifications", "tips, suggestions and offers by push notification"),
        PROMPT: ChannelWords("In the product", "suggestions and offers in the product"),
        TASK: ChannelWords("Our team, in person", "offers by our team"),
    },
    for_address="For {address}",
    leave_title="Unsubscribe from {sender}?",
    leave_question="You will get no more {what}.",
    leave_button="Unsubscribe",
    left_title="You are unsubscribed",
    left_said="{sender} sends you no more {what}. This holds from now on.",
    left_before="{sender} sends you no {what}.",
    back_button="Send me them again",
    back_title="You are subscribed again",
    back_said="{sender} may send you {what} again.",
    choose_link="Choose what you get",
    choose_title="What would you like to hear from {sender}?",
    stays_title="What stays",
    stays_said="Messages about what you already have stay on, such as a receipt, a trial that ends or a "
    "change to your account. They sell nothing.",
    channels_title="By which means",
    channels_hint="Tips, suggestions and offers reach you by what is ticked, and by nothing else.",
    subjects_title="About what",
    profiling="Suggestions and offers picked by how you use {sender}",
    profiling_hint="Without it you get no suggestions and offers; tips stay.",
    family="Offers about {family}",
    save_button="Save",
    pause_title="A break",
    pause_said="Hear nothing of the above until {until}. Then it goes on by itself, as chosen.",
    pause_button="Pause for 30 days",
    paused_said="You hear nothing of this until {until}. Then it goes on by itself, as chosen.",
    resume_button="End the break now",
    all_title="Everything",
    off_said="No more tips, suggestions and offers, by any means.",
    off_button="Turn everything off",
    on_said="Tips, suggestions and offers again, by every means.",
    on_button="Turn everything on",
    saved="Saved.",
    resumed="The break has ended.",
    all_off="Everything is off.",
    all_on="Everything is on.",
    unknown_title="This link does not work",
    unknown_said="Nothing was changed. Perhaps the link was cut off on the way here.",
    unknown_advice="Open it once more from the message, whole. If that does not help, answer the message and "
    "say what you want.",
    unknown_write="Or write to",
    away_title="This page cannot be reached right now",
    away_said="Nothing was changed. Please try again in a minute.",
    questions="Questions? Answer the message you came from, or write to",
)

_GERMAN: Final = Words(
    language=GERMAN,
    channels={
        EMAIL: ChannelWords("E-Mail", "Tipps, Vorschläge und Angebote per E-Mail"),
        SMS: ChannelWords("SMS", "Tipps, Vorschläge und Angebote per SMS"),
        PUSH: ChannelWords("Push-Mitteilungen", "Tipps, Vorschläge und Angebote als Push-Mitteilung"),
        PROMPT: ChannelWords("Im Produkt", "Vorschläge und Angebote im Produkt"),
        TASK: ChannelWords("Unser Team, persönlich", "Angebote durch unser Team"),
    },
    for_address="Für {address}",
    leave_title="Von {sender} abmelden?",
    leave_question="Sie bekommen dann nicht mehr: {what}.",
    leave_button="Abmelden",
    left_title="Sie sind abgemeldet",
    left_said="{sender} schickt Ihnen nicht mehr: {what}. Das gilt ab sofort.",
    left_before="{sender} schickt Ihnen nicht: {what}.",
    back_button="Doch wieder schicken",
    back_title="Sie sind wieder angemeldet",
    back_said="{sender} darf Ihnen wieder schicken: {what}.",
    choose_link="Auswählen, was Sie bekommen",
    choose_title="Was möchten Sie von {sender} hören?",
    stays_title="Was bleibt",
    stays_said="Nachrichten zu dem, was Sie schon haben, bleiben: etwa eine Quittung, das Ende einer "
    "Testphase oder eine Änderung an Ihrem Konto. Sie verkaufen nichts.",
    channels_title="Auf welchem Weg",
    channels_hint="Tipps, Vorschläge und Angebote erreichen Sie nur auf den angekreuzten Wegen.",
    subjects_title="Worüber",
    profiling="Vorschläge und Angebote, ausgesucht danach, wie Sie {sender} nutzen",
    profiling_hint="Ohne dies bekommen Sie keine Vorschläge und Angebote; Tipps bleiben.",
    family="Angebote zu {family}",
    save_button="Speichern",
    pause_title="Eine Pause",
    pause_said="Bis {until} nichts davon hören. Danach geht es von selbst weiter, wie ausgewählt.",
    pause_button="30 Tage Pause",
    paused_said="Bis {until} hören Sie nichts davon. Danach geht es von selbst weiter, wie ausgewählt.",
    resume_button="Pause jetzt beenden",
    all_title="Alles",
    off_said="Keine Tipps, Vorschläge und Angebote mehr, auf keinem Weg.",
    off_button="Alles abschalten",
    on_said="Wieder Tipps, Vorschläge und Angebote, auf jedem Weg.",
    on_button="Alles einschalten",
    saved="Gespeichert.",
    resumed="Die Pause ist beendet.",
    all_off="Alles ist abgeschaltet.",
    all_on="Alles ist eingeschaltet.",
    unknown_title="Dieser Link funktioniert nicht",
    unknown_said="Es wurde nichts geändert. Vielleicht wurde der Link unterwegs abgeschnitten.",
    unknown_advice="Öffnen Sie ihn bitte noch einmal aus der Nachricht, ganz. Hilft das nicht, antworten Sie "
    "auf die Nachricht und schreiben Sie, was Sie möchten.",
    unknown_write="Oder schreiben Sie an",
    away_title="Diese Seite ist gerade nicht erreichbar",
    away_said="Es wurde nichts geändert. Bitte versuchen Sie es in einer Minute noch einmal.",
    questions="Fragen? Antworten Sie auf die Nachricht, aus der Sie kommen, oder schreiben Sie an",
)

WORDS: Final[Mapping[str, Words]] = {ENGLISH: _ENGLISH, GERMAN: _GERMAN}
"""The words of the pages by language."""
