"""Approvals on the command line: what an approver is shown, decides, and writes down as a quote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upsell.journeys.program import Program
    from upsell.runtime.approving import Decision
    from upsell.runtime.programs import Programs
    from upsell.store.connect import Connection
    from upsell.store.orders import Order


def approve_order(connection: Connection, order: Order, decision: Decision) -> None:
    """Approve an order and say what happens next."""
    from upsell.clock import SystemClock
    from upsell.runtime.approving import approve

    after = approve(connection, SystemClock(), _programs(connection), order, decision)
    print(f"{after.key} is approved: billing is told within seconds, at the terms that were accepted.")


def refuse_order(connection: Connection, order: Order, decision: Decision) -> None:
    """Refuse an order and say what the customer is told."""
    from upsell.clock import SystemClock
    from upsell.runtime.approving import refuse

    after = refuse(connection, SystemClock(), _programs(connection), order, decision)
    print(f"{after.key} is refused, and nothing was charged. {after.customer_id} is mailed:")
    print(f"  {after.answer}")


def write_quote(connection: Connection, order: Order, out: Path | None) -> None:
    """Write the quote of an order, as PDF or as HTML by how the file ends.

    Raises:
        ConfigError: It needed no approval, so nothing was quoted; or the file ends otherwise, or is there.
    """
    from upsell.errors import ConfigError
    from upsell.runtime.papers.html import html_of
    from upsell.runtime.papers.pdf import pdf_of
    from upsell.runtime.quotes import quote_paper, read_quote

    sheet = read_quote(connection, _program(connection), order)
    if sheet is None:
        msg = (
            f"expected an order above a limit of accepting.approval_above, got {order.key}, which needed none"
        )
        raise ConfigError(msg)
    path = out if out is not None else Path(f"quote-{sheet.number}.pdf")
    if path.suffix not in (".pdf", ".html"):
        msg = f"--out: expected a file that ends in .pdf or .html, got {path.name}"
        raise ConfigError(msg)
    paper = quote_paper(sheet)
    made = pdf_of(paper, sheet.made_at) if path.suffix == ".pdf" else html_of(paper).encode()
    try:
        with path.open("xb") as file:
            file.write(made)
    except OSError as error:
        msg = f"--out: expected a file that can be written anew, got {path}: {error.strerror}"
        raise ConfigError(msg) from error
    print(path)


def approval_lines(connection: Connection, order: Order) -> Iterator[str]:
    """Write what an approver has to know, and what was decided; nothing where nobody had to."""
    from upsell.cli.orders_text import at_words
    from upsell.decisions.commitments import Beyond
    from upsell.runtime.order_events import beyond_words
    from upsell.store.approvals import Act, read_approvals

    rows = read_approvals(connection, order.key)
    if not rows:
        return
    yield from _limit_lines(_program(connection), order)
    for row in rows:
        if row.act is Act.ASKED:
            yield f"  asked {at_words(row.done_at)} by {row.done_by}: " + beyond_words(
                Beyond(row.total, row.most, row.currency)
            )
        else:
            by = f" by {row.done_by}" if row.done_by else ""
            yield f"  {row.act.value} {at_words(row.done_at)}{by}: {row.because}"
    if order.decide_by is not None and len(rows) == 1:
        yield f"  lapses {at_words(order.decide_by)}"


def _limit_lines(program: Program, order: Order) -> Iterator[str]:
    """Write the discount and the margin of what was accepted, beside the limits of the policy."""
    from upsell.runtime.order_words import discount_words, margin_words

    rails = program.policy.rails
    yield f"  discount {discount_words(order.terms, rails)}"
    yield f"  margin {margin_words(order.terms, rails)}"


def _programs(connection: Connection) -> Programs:
    from upsell.runtime.programs import Programs

    programs = Programs()
    programs.refresh(connection)
    return programs


def _program(connection: Connection) -> Program:
    from upsell.errors import ConfigError

    programs = _programs(connection)
    newest = programs.newest()
    if newest is None:
        msg = "expected a workspace that is live, found none; run upsell apply WORKSPACE"
        raise ConfigError(msg)
    return programs.program(newest.number)
