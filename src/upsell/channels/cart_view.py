"""Cart view: what a change of a cart comes to, in words, for the prompt that proposes it.

The law: what is said to be paid more or less is the difference of what is put in and what is taken out, and
what is said to be saved is what the terms say, to the minor unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal

from upsell.catalog.items import Item
from upsell.channels.money_words import money_words
from upsell.channels.prompt_words import PromptWords
from upsell.decisions.cart_changes import CartChange, Piece, amount_of
from upsell.decisions.terms import Terms


def change_label(change: CartChange, terms: Terms, locale: Locale, words: PromptWords) -> str:
    """Label the button that accepts: what is swapped or added, and what it costs more or less."""
    if not change.remove:
        return words.add.format(name=terms.name, price=money_words(change.step, terms.currency, locale))
    if change.step == 0:
        return words.swap_even
    said = words.swap if change.step > 0 else words.swap_less
    return said.format(price=money_words(abs(change.step), terms.currency, locale))


def change_price(
    change: CartChange, terms: Terms, items: Mapping[str, Item], locale: Locale, words: PromptWords
) -> str:
    """Say what is paid for what is put in, beside what is paid for what is taken out."""
    price = money_words(amount_of(change.add), terms.currency, locale)
    if not change.remove:
        return price
    paid = money_words(amount_of(change.remove), terms.currency, locale)
    return words.in_place.format(
        name=terms.name, price=price, items=_named(change.remove, items, locale), paid=paid
    )


def change_paragraphs(
    change: CartChange, terms: Terms, items: Mapping[str, Item], locale: Locale, words: PromptWords
) -> Iterator[str]:
    """Say what is gained: what the item does better, what a bundle holds, and what it saves."""
    item = items.get(terms.thing)
    if item is not None and item.difference:
        yield item.difference if item.difference.endswith((".", "!", "?")) else f"{item.difference}."
    if item is not None and item.contains:
        parts = [Piece(part, count, 0) for part, count in item.parts.items()]
        yield words.holds.format(items=_named(parts, items, locale)) + "."
    if terms.saving:
        yield words.saves_once.format(saving=money_words(terms.saving, terms.currency, locale)) + "."
    for piece in change.add:
        if piece.quantity != 1:
            each = money_words(piece.price, terms.currency, locale)
            count = format_decimal(piece.quantity, locale=locale)
            yield words.each.format(quantity=count, price=each) + "."


def _named(pieces: Sequence[Piece], items: Mapping[str, Item], locale: Locale) -> str:
    """List pieces by the names of the catalog, each with how many unless it is one."""
    named = []
    for each in pieces:
        item = items.get(each.id)
        name = item.name if item is not None else each.id
        count = format_decimal(each.quantity, locale=locale)
        named.append(name if each.quantity == 1 else f"{count} \N{MULTIPLICATION SIGN} {name}")
    return str(format_list(named, locale=locale))
