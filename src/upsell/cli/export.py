"""``upsell export``: what is kept as Parquet files, for analysts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of the export; made where there is none.")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write events, decisions, exposures, messages and more to Parquet; a second run writes what is new.

    The files hold personal data: traits, and whatever events say.
    """
    import os

    import msgspec

    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.exports.writing import export as export_into
    from upsell.store.connect import database_url

    done = export_into(database_url(load_settings(os.environ)), folder, SystemClock())
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(done)).decode())
        return
    print(f"{'table':<18}{'rows':>14}{'written now':>14}")
    for name, rows in done.rows.items():
        print(f"{name:<18}{rows:>14,}{done.written.get(name, 0):>14,}")
    print(f"Wrote {done.files:,} files; {folder} is up to date. Ask it with upsell.analysis or any tool.")
