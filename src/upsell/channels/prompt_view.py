"""Prompt view: a prompt that is offered, as a page shows it: the gain, the reason, the price, the answers.

For the browser and for whoever draws prompts themselves. The laws: the price that is shown is the price
that is accepted, to the minor unit; a discount is shown beside what it was taken off; and what an upgrade
adds is what the catalog says of both plans, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

from upsell.catalog.items import Item
from upsell.catalog.offers import Offer, Target
from upsell.catalog.plans import BillingInterval
from upsell.channels.cart_view import change_label, change_paragraphs, change_price
from upsell.channels.money_words import money_words
from upsell.channels.prompt_text import WrittenPrompt
from upsell.channels.prompt_words import WORDS, PromptWords, language_of
from upsell.clock import Moment, format_moment, to_datetime
from upsell.decisions.cart_changes import CartChange
from upsell.decisions.lineup import UNLIMITED, ListedPlan
from upsell.decisions.terms import Terms

NOTHING_NAMED: Mapping[str, str] = {}

MOST_ADDED = 5
"""How many features and limits are named: more are not read."""


_NOTHING: Mapping[str, Item] = {}


class Stated(msgspec.Struct, frozen=True):
    """A button that accepts: its label, and the price that is said with it, in minor units."""

    label: str
    price: int | None
    currency: str


class Reason(msgspec.Struct, frozen=True):
    """One thing that may speak against an offer: as it is told, and as it is said."""

    value: str
    label: str


class Link(msgspec.Struct, frozen=True):
    """A link in a prompt: what it says, and where it leads, a web address or a path."""

    label: str
    url: str


class PromptView(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a page draws.

    Attributes:
        key: The prompt's key; answers name it.
        intent: The intent of the step.
        content: The content the step names, for a page that draws it itself; empty for none.
        kind: How it is shown: ``modal``, ``paywall``, ``banner``, ``tooltip`` or ``card``.
        lang: The language it is in.
        title: Its heading; empty where nothing is offered, which a page draws itself.
        paragraphs: What the upgrade does, and how that solves what is in the way.
        price: What it costs, in words.
        terms: Guarantee, way back, trial and how long the terms hold.
        accept: The button that accepts; None where nothing is to be accepted.
        words: What else is said, by name.
        reasons: What may speak against it.
        expires_at: Until when the terms hold, None without an end.
        link: A link beside the buttons; None for none.
        cart: What accepting does to the cart that the request showed; None where it showed none.
        charges: What is said until it is known what would be charged; empty where nobody is asked.
    """

    key: str
    intent: str
    content: str
    kind: str
    lang: str
    title: str = ""
    paragraphs: tuple[str, ...] = ()
    price: str = ""
    terms: tuple[str, ...] = ()
    accept: Stated | None = None
    words: dict[str, str] = {}
    reasons: tuple[Reason, ...] = ()
    expires_at: str | None = None
    link: Link | None = None
    cart: CartChange | None = None
    charges: str = ""


def view_prompt(
    said: dict[str, Any],
    offer: Offer | None,
    plans: Sequence[ListedPlan],
    kind: str,
    locales: Sequence[object],
    text: WrittenPrompt | None = None,
    items: Mapping[str, Item] = _NOTHING,
) -> PromptView:
    """Give the view of a prompt that was offered.

    Args:
        said: What the prompt says of itself, as it is recorded.
        offer: The offer it makes, None for none.
        plans: The plans side by side.
        kind: How it is to be shown.
        locales: Locales somebody reads, the best first; what is none is passed over.
        text: The words of its content; None for those of the offer. What it costs they never say.
        items: What the shop sells one by one, for the names of what lies in a cart.
    """
    lang = language_of(*locales)
    locale = locale_of(locales, lang)
    words = WORDS[lang]
    view = PromptView(
        key=str(said["prompt"]),
        intent=str(said["intent"]),
        content=str(said.get("content") or ""),
        kind=kind,
        lang=lang,
        words={"later": words.later, "close": words.close},
    )
    view = _with_text(view, text)
    if offer is None:
        return view
    offer = offer.said_in(lang)
    terms = msgspec.convert(said["terms"], Terms)
    change = terms.cart
    view = msgspec.structs.replace(
        view,
        title=view.title or offer.title,
        paragraphs=view.paragraphs or tuple(_paragraphs(offer, terms, plans, items, locale, words)),
        price=price_words(terms, locale, words)
        if change is None
        else change_price(change, terms, items, locale, words),
        terms=tuple(_terms(offer, terms, locale, words)),
        accept=Stated(accept_words(offer, terms, locale, words, text), terms.price, terms.currency),
        words={
            name: getattr(words, name).format(name=terms.name)
            for name in ("never", "close", "why", "working", "accepted", "failed", "over", "offline", "ask")
        }
        | view.words
        | ({"never": text.never} if text is not None and text.never else {}),
        reasons=view.reasons or tuple(Reason(value, label) for value, label in words.reasons.items()),
        expires_at=format_moment(terms.expires_at) if terms.expires_at is not None else None,
        cart=change,
    )
    if change is None:
        return view
    later = {} if text is not None and text.later else {"later": words.no_thanks}
    told = {"accepted": words.in_cart.format(name=terms.name)}
    return msgspec.structs.replace(view, words=view.words | later | told)


def _with_text(view: PromptView, text: WrittenPrompt | None) -> PromptView:
    """Put the words of a text into a view."""
    if text is None:
        return view
    return msgspec.structs.replace(
        view,
        lang=text.locale.partition("-")[0],
        title=text.title,
        paragraphs=text.paragraphs,
        words=view.words | ({"later": text.later} if text.later else {}),
        reasons=tuple(Reason(value, label) for value, label in text.reasons.items()),
        link=Link(text.link.label, text.link.url) if text.link is not None else None,
    )


def price_words(terms: Terms, locale: Locale, words: PromptWords) -> str:
    """Say what terms cost, with what a discount is taken off; empty where no price is known."""
    if terms.outcome_price is not None:
        price = money_words(terms.outcome_price, terms.currency, locale)
        return words.per_result.format(price=price, per=terms.outcome_per)
    if terms.price is None:
        return ""
    price = each_words(terms.price, terms, locale, words)
    if terms.full is None or terms.full == terms.price:
        return price
    return words.instead_of.format(price=price, full=each_words(terms.full, terms, locale, words))


def each_words(amount: int, terms: Terms, locale: Locale, words: PromptWords) -> str:
    """Write an amount with how often it falls due."""
    price = money_words(amount, terms.currency, locale)
    if not terms.interval:
        return words.once.format(price=price)
    per = words.per_month if terms.interval == BillingInterval.MONTH.value else words.per_year
    return per.format(price=price)


def accept_words(
    offer: Offer, terms: Terms, locale: Locale, words: PromptWords, text: WrittenPrompt | None = None
) -> str:
    """Label the button that accepts: what, and for how much; behind what a text says of it goes the price."""
    said = text.accept if text is not None else ""
    if terms.cart is not None:
        label = change_label(terms.cart, terms, locale, words)
        return f"{said} · {label}" if said else label
    if offer.trial_days:
        return said or words.accept_trial.format(name=terms.name, days=offer.trial_days)
    price = price_words(terms, locale, words)
    if terms.price is not None:
        price = each_words(terms.price, terms, locale, words)
    if said:
        return f"{said} · {price}" if price else said
    return words.accept.format(name=terms.name, price=price) if price else terms.name


def _paragraphs(
    offer: Offer,
    terms: Terms,
    plans: Sequence[ListedPlan],
    items: Mapping[str, Item],
    locale: Locale,
    words: PromptWords,
) -> Iterator[str]:
    """Say how it solves what is in the way, and what it adds to what they have."""
    if offer.reason:
        yield offer.reason
    if terms.cart is not None:
        yield from change_paragraphs(terms.cart, terms, items, locale, words)
        return
    added = list(added_words(plans, locale, words))[:MOST_ADDED]
    if added:
        yield "; ".join(added) + "."
    if terms.saving:
        saving = money_words(terms.saving, terms.currency, locale)
        is_yearly = offer.interval is BillingInterval.YEAR
        of_items = words.saves_once if offer.target is Target.ITEM else words.saves_month
        yield (words.saves_year if is_yearly else of_items).format(saving=saving) + "."


def added_words(
    plans: Sequence[ListedPlan],
    locale: Locale,
    words: PromptWords,
    metrics: Mapping[str, str] = NOTHING_NAMED,
) -> Iterator[str]:
    """Say what the plan offered has that the present one has not, as the catalog says of both.

    ``metrics`` says what customers call the metrics that have such a name.
    """
    offered = next((plan for plan in plans if plan.is_offered), None)
    present = next((plan for plan in plans if plan.is_present), None)
    if offered is None or present is None or offered.id == present.id:
        return
    features = [feature for feature in offered.features if feature not in present.features]
    if features:
        listed = format_list([feature.replace("_", " ") for feature in features], locale=locale)
        yield words.adds.format(features=listed)
    for metric, limit in offered.limits.items():
        now = present.limits.get(metric)
        if now is None or now.amount is None:
            continue
        if limit.text == UNLIMITED or (limit.amount is not None and limit.amount > now.amount):
            more = words.unlimited if limit.amount is None else format_decimal(limit.amount, locale=locale)
            less = format_decimal(now.amount, locale=locale)
            named = metrics.get(metric, metric.replace("_", " "))
            yield words.limit.format(limit=more, metric=named, now=less)


def _terms(offer: Offer, terms: Terms, locale: Locale, words: PromptWords) -> Iterator[str]:
    yield from cost_words(offer, terms, locale, words)
    if offer.guarantee:
        yield offer.guarantee
    if offer.downgrade:
        yield offer.downgrade
    if terms.expires_at is not None:
        yield words.until.format(at=day_words(terms.expires_at, locale))


def cost_words(offer: Offer, terms: Terms, locale: Locale, words: PromptWords) -> Iterator[str]:
    """Say what comes before and after the price: a trial, and what falls due once a discount ends."""
    if offer.trial_days:
        yield words.trial.format(days=offer.trial_days)
    if terms.price is not None and terms.full is not None and terms.full != terms.price and offer.months:
        price = words.for_months.format(
            price=each_words(terms.price, terms, locale, words), months=offer.months
        )
        yield f"{price}, {words.then_full.format(full=each_words(terms.full, terms, locale, words))}."


def day_words(at: Moment, locale: Locale) -> str:
    """Write the day of a moment, in UTC."""
    return format_date(to_datetime(at), "long", locale=locale)


def locale_of(locales: Sequence[object], lang: str) -> Locale:
    """Give the first locale of the language spoken, so that Austria and Germany each have their own."""
    for each in locales:
        if isinstance(each, str) and language_of(each) == lang:
            try:
                return Locale.parse(each.replace("-", "_"))
            except (UnknownLocaleError, ValueError):
                continue
    return Locale.parse(lang)
