"""``upsell migrate``: bring the database's schema to this program's."""

from __future__ import annotations

import os


def migrate() -> None:
    """Bring the database's schema to this program's; a schema that is there already is left alone."""
    from upsell.config import load_settings
    from upsell.store import migrate as migrations
    from upsell.store.embedded import embedded_url

    settings = load_settings(os.environ)
    url = settings.database_url or embedded_url(settings.data_folder)
    applied = migrations.migrate(url)
    for name in applied:
        print(f"applied {name}")
    if not applied:
        print("The schema is that of this program; nothing was changed.")
