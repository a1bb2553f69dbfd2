"""Write the generated reference pages beside this script; tests say when one is stale."""

from __future__ import annotations

from pathlib import Path

from upsell.cli.codes import errors_page, lints_page
from upsell.cli.reference import (
    commands_page,
    doctor_page,
    export_page,
    report_page,
    settings_page,
    sinks_page,
    sources_page,
)
from upsell.measurement.metrics_page import metrics_page
from upsell.workspace.contact_hours_reference import contact_hours_page
from upsell.workspace.reference import events_page, reasons_page, workspace_page
from upsell.workspace.template_reference import templates_page

HERE = Path(__file__).parent

if __name__ == "__main__":
    (HERE / "workspace.md").write_text(workspace_page(), encoding="utf-8")
    (HERE / "templates.md").write_text(templates_page(), encoding="utf-8")
    (HERE / "events.md").write_text(events_page(), encoding="utf-8")
    (HERE / "reasons.md").write_text(reasons_page(), encoding="utf-8")
    (HERE / "contact-hours.md").write_text(contact_hours_page(), encoding="utf-8")
    (HERE / "commands.md").write_text(commands_page(), encoding="utf-8")
    (HERE / "doctor.md").write_text(doctor_page(), encoding="utf-8")
    (HERE / "lints.md").write_text(lints_page(), encoding="utf-8")
    (HERE / "errors.md").write_text(errors_page(), encoding="utf-8")
    (HERE / "metrics.md").write_text(metrics_page(), encoding="utf-8")
    (HERE / "settings.md").write_text(settings_page(), encoding="utf-8")
    (HERE / "sources.md").write_text(sources_page(), encoding="utf-8")
    (HERE / "sinks.md").write_text(sinks_page(), encoding="utf-8")
    (HERE / "report.md").write_text(report_page(), encoding="utf-8")
    (HERE / "export.md").write_text(export_page(), encoding="utf-8")
