"""Languages of a journey: whether whoever is written to in one is written to in it throughout."""

from __future__ import annotations

from upsell.journeys.steps import MessageStep
from upsell.journeys.workflow import Content, Workflow
from upsell.workspace.findings import Findings, listed
from upsell.workspace.items import Record
from upsell.workspace.written_steps import place_of


def lint_languages(workflow: Workflow, record: Record, findings: Findings) -> None:
    """Note each step whose template lacks a locale in which another template of the workflow is written."""
    everywhere = {locale: name for name, each in workflow.contents.items() for locale in each.locales}
    if not everywhere:
        return
    told: set[str] = set()
    for journey in (workflow.journey, workflow.on_goal):
        for step in journey.steps.values():
            for name in step.content.values() if isinstance(step, MessageStep) else ():
                lacking = _lacking(workflow.contents.get(name), everywhere)
                if lacking and name not in told:
                    told.add(name)
                    findings.warning(
                        place_of(record, step.id),
                        f"expected {name} in {listed(lacking)} too, as {everywhere[lacking[0]]} is, got none",
                        hint=f"write templates/{name}.{lacking[0]}.mjml; until then they get it in the "
                        "workspace's locale",
                        code="missing-locale",
                    )


def _lacking(content: Content | None, everywhere: dict[str, str]) -> list[str]:
    return sorted(everywhere.keys() - content.locales.keys()) if content is not None else []
