"""``python -m upsell``: the same door as the ``upsell`` command."""

from __future__ import annotations

from upsell.cli.main import main

if __name__ == "__main__":
    main()
