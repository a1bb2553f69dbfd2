"""Write the generated reference pages beside this script; tests say when one is stale."""

from __future__ import annotations

from pathlib import Path

from upsell.workspace.reference import events_page, workspace_page

HERE = Path(__file__).parent

if __name__ == "__main__":
    (HERE / "workspace.md").write_text(workspace_page(), encoding="utf-8")
    (HERE / "events.md").write_text(events_page(), encoding="utf-8")
