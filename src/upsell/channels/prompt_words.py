"""Prompt words: what a prompt says of itself where its text says nothing else, by language.

The law: every language says the same things, and nothing here promises more than the terms do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

FALLBACK: Final = "en"
"""The language of whoever speaks none of ours."""


class PromptWords(msgspec.Struct, frozen=True):
    """The words of one language; names in braces are filled in."""

    accept: str
    accept_trial: str
    later: str
    never: str
    close: str
    why: str
    working: str
    accepted: str
    failed: str
    over: str
    offline: str
    per_month: str
    per_year: str
    once: str
    per_result: str
    instead_of: str
    for_months: str
    then_full: str
    saves_month: str
    saves_year: str
    trial: str
    adds: str
    limit: str
    unlimited: str
    until: str
    reasons: Mapping[str, str]
    pending: str
    waiting: str
    refused: str
    stuck: str
    asked: str
    ask: str
    colleagues_asked: str
    team_asked: str
    not_approved: str
    lapsed: str
    not_yours: str
    role: str
    price: str
    unknown: str
    swap: str
    swap_even: str
    swap_less: str
    add: str
    no_thanks: str
    in_cart: str
    in_place: str
    each: str
    holds: str
    saves_once: str
    to_pay: str
    not_paid: str
    charged: str


WORDS: Final[Mapping[str, PromptWords]] = {
    "en": PromptWords(
        accept="Get {name} for {price}",
        accept_trial="Try {name} for {days} days, free",
        later="Not now",
        never="No, and do not ask again",
        close="Close",
        why="What speaks against it? You need not say.",
        working="One moment …",
        accepted="Done. {name} is yours.",
        failed="That did not work, and nothing was charged. Please try again.",
        over="This offer is over. Nothing was charged.",
        offline="No connection just now. Nothing was charged; please try again.",
        per_month="{price} per month",
        per_year="{price} per year",
        once="{price}, once",
        per_result="{price} for each {per}",
        instead_of="{price} instead of {full}",
        for_months="{price} for {months} months",
        then_full="then {full}",
        saves_month="{saving} less per month than now",
        saves_year="{saving} less per year than now",
        trial="{days} days free. After that nothing is charged unless you say yes.",
        adds="Adds {features}",
        limit="{limit} {metric} instead of {now}",
        unlimited="unlimited",
        until="These terms hold until {at}.",
        reasons={
            "too_expensive": "Too expensive",
            "no_need": "I do not need more",
            "missing_feature": "Something is missing",
            "no_time": "No time for it now",
        },
        pending="Thank you, we have your yes to {name}. It is being set up, which takes a little longer.",
        waiting="Thank you, we have your yes to {name}. Our team sets it up and gets back to you.",
        refused="{name} could not be set up, and nothing was charged. Our team has been told.",
        stuck="We have your yes to {name}, but it could not be set up so far. Our team has been told.",
        asked="Thank you, we have your yes to {name}. An order of this size is confirmed by one of us "
        "first, by {by} "
        "at the latest; the quote is on its way to you by mail. Nothing is charged before that.",
        ask="Ask a colleague who may decide",
        colleagues_asked="Those who may decide were asked. Nothing happens unless one of them says yes.",
        team_asked="Nobody is known who may decide for your account, so our team looks for somebody.",
        not_approved="{name} was not approved at these terms. Nothing was charged.",
        lapsed="We did not decide about {name} in time, sorry. Nothing was charged. Please ask anew.",
        not_yours="This offer was made to somebody else. Nothing was charged.",
        role="Your role may not decide this for your account; ask an administrator. Nothing was charged.",
        price="The price is not the one you were shown. Nothing was charged; please open the page anew.",
        unknown="This offer is not known here. Nothing was charged.",
        swap="Swap for {price} more",
        swap_even="Swap at the same price",
        swap_less="Swap and pay {price} less",
        add="Add {name} for {price}",
        no_thanks="No thanks",
        in_cart="Done. {name} is in your cart; you pay for it with your order.",
        in_place="{name} for {price} instead of {items} for {paid}",
        each="{quantity} at {price} each",
        holds="{items} in one",
        saves_once="{saving} less than one by one",
        to_pay="Thank you, we have your yes to {name}. One step is left, on the page of our "
        "payment provider; then it is yours.",
        not_paid="{name} was not paid in time, so it was not set up, and nothing was charged.",
        charged="{paid} was charged.",
    ),
    "de": PromptWords(
        accept="{name} für {price} nehmen",
        accept_trial="{name} {days} Tage kostenlos testen",
        later="Nicht jetzt",
        never="Nein, und nicht mehr fragen",
        close="Schließen",
        why="Was spricht dagegen? Sie müssen es nicht sagen.",
        working="Einen Augenblick …",
        accepted="Erledigt. {name} gehört Ihnen.",
        failed="Das hat nicht geklappt, und es wurde nichts berechnet. Bitte versuchen Sie es noch einmal.",
        over="Dieses Angebot ist abgelaufen. Es wurde nichts berechnet.",
        offline="Gerade keine Verbindung. Es wurde nichts berechnet; bitte versuchen Sie es noch einmal.",
        per_month="{price} im Monat",
        per_year="{price} im Jahr",
        once="einmalig {price}",
        per_result="{price} je {per}",
        instead_of="{price} statt {full}",
        for_months="{price}, {months} Monate lang",
        then_full="danach {full}",
        saves_month="{saving} weniger im Monat als jetzt",
        saves_year="{saving} weniger im Jahr als jetzt",
        trial="{days} Tage kostenlos. Danach wird nur berechnet, wenn Sie zustimmen.",
        adds="Dazu kommt: {features}",
        limit="{limit} {metric} statt {now}",
        unlimited="unbegrenzt",
        until="Diese Bedingungen gelten bis {at}.",
        reasons={
            "too_expensive": "Zu teuer",
            "no_need": "Ich brauche nicht mehr",
            "missing_feature": "Es fehlt etwas",
            "no_time": "Gerade keine Zeit dafür",
        },
        pending="Danke, Ihr Ja zu {name} ist da. Die Einrichtung läuft und dauert etwas länger.",
        waiting="Danke, Ihr Ja zu {name} ist da. Unser Team richtet es ein und meldet sich.",
        refused="{name} ließ sich nicht einrichten, und es wurde nichts berechnet. Unser Team weiß Bescheid.",
        stuck="Ihr Ja zu {name} ist da, es ließ sich aber noch nicht einrichten. Unser Team weiß Bescheid.",
        asked="Danke, Ihr Ja zu {name} ist da. Einen Auftrag dieser Größe bestätigt zuerst jemand von uns, "
        "spätestens bis zum {by}; das Angebot kommt per E-Mail. Vorher wird nichts berechnet.",
        ask="Jemanden fragen, der entscheiden darf",
        colleagues_asked="Wer entscheiden darf, wurde gefragt. Ohne ein Ja geschieht nichts.",
        team_asked="Niemand ist bekannt, der für Ihr Konto entscheiden darf; unser Team sucht jemanden.",
        not_approved="{name} wurde zu diesen Bedingungen nicht freigegeben. Es wurde nichts berechnet.",
        lapsed="Wir haben über {name} nicht rechtzeitig entschieden, das tut uns leid. Es wurde nichts "
        "berechnet. "
        "Bitte fragen Sie uns noch einmal.",
        not_yours="Dieses Angebot war für jemand anderen. Es wurde nichts berechnet.",
        role="Ihre Rolle darf das für Ihr Konto nicht entscheiden. Es wurde nichts berechnet.",
        price="Der Preis ist nicht der gezeigte. Es wurde nichts berechnet; bitte laden Sie die Seite neu.",
        unknown="Dieses Angebot ist hier nicht bekannt. Es wurde nichts berechnet.",
        swap="Tauschen für {price} mehr",
        swap_even="Zum gleichen Preis tauschen",
        swap_less="Tauschen und {price} weniger zahlen",
        add="{name} für {price} dazunehmen",
        no_thanks="Nein, danke",
        in_cart="Erledigt. {name} liegt im Warenkorb; bezahlt wird mit Ihrer Bestellung.",
        in_place="{name} für {price} statt {items} für {paid}",
        each="{quantity} zu je {price}",
        holds="{items} in einem",
        saves_once="{saving} weniger als einzeln",
        to_pay="Danke, Ihr Ja zu {name} ist da. Ein Schritt fehlt noch, auf der Seite unseres "
        "Zahlungsdienstes; dann ist es Ihres.",
        not_paid="{name} wurde nicht rechtzeitig bezahlt, also nicht eingerichtet und nicht berechnet.",
        charged="{paid} wurden abgebucht.",
    ),
}
"""The words of each language, by its ISO 639-1 code."""


def language_of(*wanted: object) -> str:
    """Give the first language of ours among locales such as ``de-AT``; what is no text is passed over."""
    for locale in wanted:
        language = str(locale).replace("_", "-").partition("-")[0].lower() if isinstance(locale, str) else ""
        if language in WORDS:
            return language
    return FALLBACK
