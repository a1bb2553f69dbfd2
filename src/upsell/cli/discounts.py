"""``upsell discounts``: who waited for a discount before they bought, and how far budgets are used."""

from __future__ import annotations

from typing import Annotated

import typer


def discounts(
    *,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Over how many days buyers are counted.")] = 365,
    wait: Annotated[
        int,
        typer.Option(min=0, max=365, help="How many days after a chance at full price it was let pass."),
    ] = 3,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="As of this date or moment; without it now.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Tell how many of those who bought had waited for a discount, and how far budgets are used.

    They had let a chance at full price pass, and bought while a discount was open that they were shown
    later. It describes what happened; it is no effect of the discount.
    """
    import os

    import msgspec

    from upsell.cli.discounts_text import discounts_text
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.discounts import discounts_content, read_discounts
    from upsell.runtime.moments import moment_of
    from upsell.store.connect import connect, database_url

    asked = moment_of(as_of, "--as-of")
    until = SystemClock().now() if asked is None else asked
    with connect(database_url(load_settings(os.environ))) as connection:
        found = read_discounts(connection, until, days=days, wait_days=wait)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(discounts_content(found))).decode())
    else:
        print(discounts_text(found))
