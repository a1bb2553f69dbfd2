"""``upsell consume``: read a source of Kafka into the ledger, until stopped."""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated

import typer


def consume(
    source: Annotated[
        str, typer.Argument(help="Name of the source: sources/NAME.yaml of the workspace that is live.")
    ],
) -> None:
    """Read a source of Kafka into the ledger until a signal, as one consumer of its group.

    Run it several times, on several machines, to share a topic's partitions out. Nothing is lost or written
    twice, whoever is killed. Where an offset is not there any more it stops and says what to decide.
    """
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.consumers import run_consumer
    from upsell.runtime.live_sources import read_streams
    from upsell.runtime.processes import run_together
    from upsell.store.connect import connect, database_url

    settings = load_settings(os.environ)
    url = database_url(settings)
    with connect(url) as connection:
        read_streams(connection).find(source).config(settings.secrets)
    run_together({f"consumer of {source}": partial(run_consumer, url, settings, source, SystemClock())})
