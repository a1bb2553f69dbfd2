"""Quotes: an order above a limit as a document, for whoever asked, and for whoever has to approve it.

For the server's page and for ``upsell orders quote``. The law: a quote says the terms that were accepted, to
the minor unit, and until when they are kept; the page and the PDF are written from the same sheet.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

import msgspec
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from upsell.channels.languages import language_of
from upsell.channels.money_words import money_words
from upsell.channels.prompt_view import locale_of
from upsell.channels.quote_words import QUOTE_WORDS, QuoteWords
from upsell.clock import Clock, Moment, find_zone, to_datetime
from upsell.decisions.commitments import committed_total
from upsell.decisions.terms import Terms
from upsell.ids import bare, is_account
from upsell.journeys.program import Program, Sender
from upsell.measurement.charts.chart import Table
from upsell.rules.facts import Scalar
from upsell.runtime.papers.paper import Block, Paper, Paragraph, Section
from upsell.runtime.preferences import masked
from upsell.runtime.programs import Programs
from upsell.store.approvals import Act, Approval, read_approvals
from upsell.store.connect import Connection, connect
from upsell.store.households import read_traits, read_unit_traits
from upsell.store.orders import Order, OrderState, find_order


class QuoteSheet(msgspec.Struct, frozen=True):
    """A quote in its reader's language, part by part.

    Attributes:
        words: The words of the language.
        number: Its number.
        title: What it is called.
        standing: How it stands.
        facts: Number, date, validity and parties: name and value of each.
        heads: The heads of its lines.
        lines: What was asked for, with quantity, price of one, and price.
        sums: What it comes to, in sentences.
        promises: The guarantee and the way back.
        notes: What happens next, and what this document proves.
        sender: Who it comes from.
        made_at: When it was asked for.
    """

    words: QuoteWords
    number: str
    title: str
    standing: str
    facts: tuple[tuple[str, str], ...]
    heads: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    sums: tuple[str, ...]
    promises: tuple[str, ...]
    notes: tuple[str, ...]
    sender: Sender
    made_at: Moment


class QuoteDesk:
    """Reads quotes by the keys of their orders, for a server's threads."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Work over the database at ``url``; nothing is opened yet."""
        self._url = url
        self._clock = clock
        self._programs = Programs()
        self._reading = threading.Lock()

    def read(self, key: str, accepted: str) -> QuoteSheet | None:
        """Give the quote of an order, by its reader's traits, else by what their browser accepts."""
        with connect(self._url) as connection, self._reading:
            self._programs.refresh(connection)
            newest = self._programs.newest()
            order = find_order(connection, key)
            if newest is None or order is None:
                return None
            return read_quote(connection, self._programs.program(newest.number), order, accepted)


def read_quote(
    connection: Connection, program: Program, order: Order, accepted: str = ""
) -> QuoteSheet | None:
    """Write the quote of an order; None where it needed no approval.

    Args:
        connection: The database.
        program: What is live: it says who sells and in which zone.
        order: The order.
        accepted: The languages a browser accepts, for a reader whose traits say none.
    """
    rows = read_approvals(connection, order.key)
    asked = next((row for row in rows if row.act is Act.ASKED), None)
    if asked is None:
        return None
    traits = read_traits(connection, order.customer_id)
    payer = read_unit_traits(connection, order.household_id)
    language = language_of(traits, accepted)
    locale = locale_of([traits.get("locale"), traits.get("language")], language)
    writer = _Writer(QUOTE_WORDS[language], locale, program.zone)
    return _sheet(order, rows, asked, program.sender_of(program.workflows.get(order.workflow)), writer,
                  _buyer(order, payer), _person(order, traits))  # fmt: skip


def quote_paper(sheet: QuoteSheet) -> Paper:
    """Give a quote as a paper, for PDF and HTML."""
    words = sheet.words
    lines = Table(words.lines, sheet.heads, sheet.lines, "lrrr")
    blocks: tuple[Block, ...] = (lines, *(Paragraph(said) for said in sheet.sums[:-1]))
    promised = tuple(Paragraph(said) for said in sheet.promises)
    sections = [Section(words.terms_title, sheet.sums[-1], blocks)]
    if promised:
        sections.append(Section(words.promises_title, sheet.promises[0], promised[1:]))
    sections.append(
        Section(words.approval_title, sheet.standing, tuple(Paragraph(said) for said in sheet.notes[:-1]))
    )
    return Paper(
        title=sheet.title,
        about=tuple(f"{name}: {value}" for name, value in sheet.facts),
        sections=tuple(sections),
        footer=sheet.notes[-1],
        language=words.language,
    )


class _Writer(msgspec.Struct, frozen=True):
    """Writes money and days for one reader."""

    words: QuoteWords
    locale: Locale
    zone: str

    def money(self, amount: int, terms: Terms) -> str:
        return money_words(amount, terms.currency, self.locale)

    def each(self, amount: int, terms: Terms) -> str:
        """Write an amount with how often it falls due."""
        said = {"month": self.words.per_month, "year": self.words.per_year}.get(
            terms.interval, self.words.once
        )
        return said.format(price=self.money(amount, terms))

    def day(self, at: Moment) -> str:
        return str(format_date(to_datetime(at).astimezone(find_zone(self.zone)), "long", self.locale))


def _sheet(  # each is a part of the document
    order: Order,
    rows: list[Approval],
    asked: Approval,
    sender: Sender,
    writer: _Writer,
    buyer: str,
    person: str,
) -> QuoteSheet:
    words, terms = writer.words, order.terms
    number = f"Q-{to_datetime(asked.done_at).year}-{asked.number:05d}"
    decide_by = order.decide_by if order.decide_by is not None else asked.done_at
    seller = f"{sender.name}, {sender.postal_address}" if sender.postal_address else sender.name
    facts = (
        (words.number, number),
        (words.date, writer.day(asked.done_at)),
        (words.valid, writer.day(decide_by)),
        (words.seller, seller),
        (words.buyer, buyer),
        (words.asked_by, person),
    )
    return QuoteSheet(
        words=words,
        number=number,
        title=words.title.format(number=number),
        standing=_standing(order, rows, decide_by, writer),
        facts=tuple(fact for fact in facts if fact[1]),
        heads=(words.what, words.quantity, words.each, words.price),
        lines=(_line(terms, writer),),
        sums=tuple(_sums(order, writer)),
        promises=tuple(said for said in (order.guarantee, order.downgrade) if said),
        notes=(
            words.approval,
            words.taxes,
            words.proves.format(day=writer.day(asked.done_at), who=person or buyer),
        ),
        sender=sender,
        made_at=asked.done_at,
    )


def _standing(order: Order, rows: list[Approval], decide_by: Moment, writer: _Writer) -> str:
    words, name = writer.words, order.terms.name
    decided = next((row for row in rows if row.act is not Act.ASKED), None)
    if decided is None:
        is_over = order.state is not OrderState.ASKED
        return (words.lapsed if is_over else words.asked).format(name=name, day=writer.day(decide_by))
    said = {Act.APPROVED: words.approved, Act.REFUSED: words.refused, Act.LAPSED: words.lapsed}[decided.act]
    at = decide_by if decided.act is Act.LAPSED else decided.done_at
    told = said.format(name=name, day=writer.day(at))
    return f"{told} {decided.words}" if decided.words else told


def _line(terms: Terms, writer: _Writer) -> tuple[str, ...]:
    quantity = str(format_decimal(terms.quantity, locale=writer.locale))
    if terms.outcome_price is not None:
        price = writer.money(terms.outcome_price, terms)
        said = writer.words.per_result.format(price=price, per=terms.outcome_per)
        return terms.name, quantity, said, said
    if terms.price is None:
        return terms.name, quantity, "", ""
    unit = writer.money(terms.unit_price, terms) if terms.unit_price is not None else ""
    return terms.name, quantity, unit, writer.each(terms.price, terms)


def _sums(order: Order, writer: _Writer) -> list[str]:
    """Say what is taken off, what falls due once that ends, and what it comes to."""
    words, terms = writer.words, order.terms
    said = []
    if terms.price is not None and terms.full is not None and terms.full != terms.price:
        rate = format_percent(terms.discount_rate, locale=writer.locale)
        said.append(words.discount.format(rate=rate) + ".")
        if order.months and terms.interval:
            price, full = writer.each(terms.price, terms), writer.each(terms.full, terms)
            said.append(words.after.format(price=price, months=order.months, full=full) + ".")
    total = committed_total(terms, order.months)
    if total is None:
        said.append(words.unknown_total)
    else:
        said.append(words.total.format(total=writer.money(total, terms)))
    return said


def _buyer(order: Order, traits: Mapping[str, Scalar]) -> str:
    """Name who would pay."""
    if is_account(order.household_id):
        return str(traits.get("name") or bare(order.household_id))
    return _person(order, traits)


def _person(order: Order, traits: Mapping[str, Scalar]) -> str:
    """Name who asked: by their name, else by an address that only they know whole."""
    name = " ".join(str(traits[each]) for each in ("first_name", "last_name") if traits.get(each))
    return name or masked("email", traits.get("email")) or order.customer_id
