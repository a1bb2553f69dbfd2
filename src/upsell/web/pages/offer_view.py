"""The page of an offer as it is written: every sentence and figure, in the reader's language and zone.

The laws: prices are those that were shown, to the minor unit; what is told of use was observed; and what the
catalog does not state is said to be not stated.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

from upsell.catalog.offers import Target, Testimonial
from upsell.channels.languages import ENGLISH, GERMAN, language_of
from upsell.channels.money_words import money_words
from upsell.channels.prompt_view import (
    accept_words,
    added_words,
    cost_words,
    each_words,
    locale_of,
    price_words,
)
from upsell.channels.prompt_words import WORDS, PromptWords
from upsell.clock import Moment, find_zone, to_datetime
from upsell.decisions.lineup import UNKNOWN, UNLIMITED, ListedPlan, Stated
from upsell.decisions.proof import ProofFacts, Stretch
from upsell.decisions.proof_words import proof_sentences
from upsell.runtime.readers import Reader
from upsell.runtime.shown_offers import Shown
from upsell.web.pages.offer_words import OFFER_WORDS, OfferWords


class Manner(msgspec.Struct, frozen=True):
    """How somebody is told things.

    Attributes:
        words: The words of the page.
        prompt_words: The words offers are told in everywhere.
        locale: In which money, dates and numbers are written.
        zone: The zone of their clock.
    """

    words: OfferWords
    prompt_words: PromptWords
    locale: Locale
    zone: str

    def day(self, at: Moment) -> str:
        """Write the day of a moment by their clock."""
        return str(format_date(to_datetime(at).astimezone(find_zone(self.zone)), self._day, self.locale))

    def minute(self, at: Moment) -> str:
        """Write a moment to the minute by their clock, with its zone."""
        told = to_datetime(at).astimezone(find_zone(self.zone))
        return str(format_datetime(told, f"{self._day}, HH:mm ZZZZ", locale=self.locale))

    def number(self, number: float) -> str:
        """Write a number."""
        return str(format_decimal(number, locale=self.locale))

    @property
    def _day(self) -> str:
        return "d. MMMM y" if self.words.language == GERMAN else "d MMMM y"


class UsedRow(msgspec.Struct, frozen=True):
    """One metric: what is used of it, and what is included."""

    name: str
    used: str
    limit: str


class Compared(msgspec.Struct, frozen=True):
    """One line of now and then, and whether the two differ."""

    name: str
    present: str
    offered: str
    is_other: bool


class OfferView(msgspec.Struct, frozen=True):
    """What the page says, section by section; what is empty is left out.

    Attributes:
        title: What the offer is called.
        whom: Whom it is for, masked.
        reason: How it solves what is in the way.
        passed: How much was used when the limit came near.
        used: Use beside what is included.
        gains: What it adds.
        heads: The heads of now and then: the plan they have, and the one offered.
        compared: Now and then.
        price: What it costs.
        costs: What else is to be known of the price.
        until: Until when the terms hold.
        proof: What can be proved to them.
        testimonials: What customers said of it.
        promises: The guarantee and the way back.
        accept: The label of the button that accepts.
        confirm: What whoever decides for an account confirms; empty for somebody's own.
    """

    title: str
    whom: str
    reason: str
    passed: str
    used: tuple[UsedRow, ...]
    gains: tuple[str, ...]
    heads: tuple[str, str]
    compared: tuple[Compared, ...]
    price: str
    costs: tuple[str, ...]
    until: str
    proof: tuple[str, ...]
    testimonials: tuple[Testimonial, ...]
    promises: tuple[str, ...]
    accept: str
    confirm: str


def manner_of(reader: Reader, accepted: str) -> Manner:
    """Give how a reader is told things: by their traits, else by what their browser accepts."""
    language = language_of(reader.traits, accepted)
    said = [reader.traits.get(name) for name in ("locale", "language")]
    locale = locale_of([*said, *_tags(accepted)], language)
    return Manner(OFFER_WORDS[language], WORDS[language], locale, reader.zone)


def whom_words(reader: Reader, words: OfferWords) -> str:
    """Say whom a page is for, so that they know it and nobody else does; empty where nothing is known."""
    if not reader.address:
        return reader.account_name
    whom = words.whom_of_account if reader.account_name else words.whom
    return whom.format(address=reader.address, account=reader.account_name)


def view_offer(shown: Shown, manner: Manner) -> OfferView:
    """Give the page of an offer."""
    words, locale, terms = manner.words, manner.locale, shown.terms
    offer = shown.offer.said_in(words.language)
    plans = [plan for plan in (shown.present, shown.offered) if plan is not None]
    compared = tuple(_compared(shown, manner))
    return OfferView(
        title=offer.title,
        whom=whom_words(shown.reader, words),
        reason=offer.reason,
        passed=_passed(shown.passed_at, manner),
        used=tuple(
            UsedRow(
                each.name[:1].upper() + each.name[1:], manner.number(each.used), manner.number(each.limit)
            )
            for each in shown.used
        ),
        gains=tuple(
            f"{gain[:1].upper()}{gain[1:]}."
            for gain in added_words(plans, locale, manner.prompt_words, shown.metrics)
        ),
        heads=_heads(shown, words),
        compared=compared,
        price=price_words(terms, locale, manner.prompt_words),
        costs=tuple(_costs(shown, manner)),
        until=manner.prompt_words.until.format(at=manner.minute(terms.expires_at))
        if terms.expires_at is not None
        else "",
        proof=tuple(proof_lines(shown.proof, manner)),
        testimonials=offer.testimonials,
        promises=tuple(promise for promise in (offer.guarantee, offer.downgrade) if promise),
        accept=accept_words(offer, terms, locale, manner.prompt_words),
        confirm=_confirm(shown.reader, words) if shown.is_of_account else "",
    )


def proof_lines(proof: ProofFacts, manner: Manner) -> Iterator[str]:
    """Say what can be proved: in full sentences where they are written in the reader's language.

    In others what was used, since when, and what was paid beyond limits: the bare facts.
    """
    if manner.words.language == ENGLISH:
        # In the first month of use all of it is that month's; said once it is enough.
        told = {said.partition(": ")[2] or said: said for said in proof_sentences(proof)}
        yield from told.values()
        return
    for value in proof.values:
        counted = [
            f"{manner.number(each.used)} {each.metric.name if each.used == 1 else each.metric.plural}"
            for each in value.metrics
        ]
        since = manner.words.since if value.stretch is Stretch.EVER else manner.words.month_from
        what = format_list(counted, locale=manner.locale)
        yield since.format(day=manner.day(value.began_at), what=what)
    if proof.overage is not None:
        paid = money_words(proof.overage.total.amount, proof.overage.total.currency, manner.locale)
        yield manner.words.overage.format(paid=paid)


def _tags(accepted: str) -> list[str]:
    """Give the tags of an Accept-Language header, in its order."""
    return [part.partition(";")[0].strip() for part in accepted.split(",")[:50]]


def _confirm(reader: Reader, words: OfferWords) -> str:
    return words.confirm.format(address=reader.address or reader.account_name, account=reader.account_name)


def _passed(share: float | None, manner: Manner) -> str:
    if share is None:
        return ""
    return manner.words.why_passed.format(share=format_percent(share, locale=manner.locale))


def _heads(shown: Shown, words: OfferWords) -> tuple[str, str]:
    present = words.have.format(name=shown.present.name) if shown.present is not None else ""
    return present, words.offered.format(name=shown.terms.name)


def _costs(shown: Shown, manner: Manner) -> Iterator[str]:
    """Say what stands behind the price: units, trial, what comes after a discount, what is saved."""
    terms, words = shown.terms, manner.prompt_words
    if terms.quantity != 1 and terms.unit_price is not None:
        each = money_words(terms.unit_price, terms.currency, manner.locale)
        yield manner.words.quantity.format(quantity=manner.number(terms.quantity), price=each)
    yield from cost_words(shown.offer, terms, manner.locale, words)
    if terms.saving:
        saving = money_words(terms.saving, terms.currency, manner.locale)
        of_items = words.saves_once if shown.offer.target is Target.ITEM else words.saves_month
        yield (words.saves_year if terms.interval == "year" else of_items).format(saving=saving) + "."


def _compared(shown: Shown, manner: Manner) -> Iterator[Compared]:
    """Put the plan they have beside the one offered; nothing where one of them is not known."""
    present, offered = shown.present, shown.offered
    if present is None or offered is None or present.id == offered.id:
        return
    for metric in {**present.limits, **offered.limits}:
        now, then = _limit(present, metric, manner), _limit(offered, metric, manner)
        yield Compared(_name(shown.metrics.get(metric, metric)), now, then, now != then)
    words = manner.words
    for feature in dict.fromkeys((*offered.features, *present.features)):
        now, then = (words.has if feature in plan.features else words.has_not for plan in (present, offered))
        yield Compared(_name(feature), now, then, now != then)
    now, then = _paid(shown, present, manner), _offered_price(shown, manner)
    yield Compared(words.price, now, then, now != then)


def _offered_price(shown: Shown, manner: Manner) -> str:
    """Write the price of the terms; what it is taken off stands beside the button."""
    terms = shown.terms
    if terms.price is not None:
        return each_words(terms.price, terms, manner.locale, manner.prompt_words)
    return price_words(terms, manner.locale, manner.prompt_words) or manner.words.unstated


def _limit(plan: ListedPlan, metric: str, manner: Manner) -> str:
    limit = plan.limits.get(metric, Stated(UNKNOWN))
    if limit.text == UNLIMITED:
        return manner.prompt_words.unlimited
    return manner.words.unstated if limit.amount is None else manner.number(limit.amount)


def _name(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def _paid(shown: Shown, present: ListedPlan, manner: Manner) -> str:
    """Write what they really pay, else the list price of what they have."""
    words = manner.prompt_words
    if shown.paid is not None:
        price = money_words(round(shown.paid), shown.paid_currency, manner.locale)
        return words.per_month.format(price=price)
    intervals = (shown.terms.interval, *present.prices)
    for interval in intervals:
        stated = present.prices.get(interval)
        if stated is not None and isinstance(stated.amount, int):
            per = words.per_month if interval == "month" else words.per_year
            return per.format(price=money_words(stated.amount, present.currency, manner.locale))
    return manner.words.unstated
