"""Languages of a journey: whether whoever is written to in one is written to in it throughout."""

from __future__ import annotations

from upsell.journeys.steps import MessageStep, PromptStep, Step
from upsell.journeys.workflow import Content, Workflow
from upsell.workspace.findings import Findings, listed
from upsell.workspace.items import Record
from upsell.workspace.template_files import MJML, PROMPT_TEXT
from upsell.workspace.written_steps import place_of


def lint_languages(workflow: Workflow, record: Record, findings: Findings) -> None:
    """Note each step whose template lacks a locale in which another template of the workflow is written."""
    everywhere = {locale: name for name, each in workflow.contents.items() for locale in each.locales}
    if not everywhere:
        return
    told: set[tuple[str, str]] = set()
    for journey in (workflow.journey, workflow.on_goal):
        for step in journey.steps.values():
            ending = PROMPT_TEXT if isinstance(step, PromptStep) else MJML
            for name in _named(step):
                lacking = _lacking(workflow.contents.get(name), everywhere, ending)
                if lacking and (name, ending) not in told:
                    told.add((name, ending))
                    findings.warning(
                        place_of(record, step.id),
                        f"expected {name} in {listed(lacking)} too, as {everywhere[lacking[0]]} is, got none",
                        hint=f"write templates/{name}.{lacking[0]}{ending}; until then they get it in the "
                        "workspace's locale",
                        code="missing-locale",
                    )


def _named(step: Step) -> tuple[str, ...]:
    if isinstance(step, PromptStep):
        return (step.content,)
    return tuple(step.content.values()) if isinstance(step, MessageStep) else ()


def _lacking(content: Content | None, everywhere: dict[str, str], ending: str) -> list[str]:
    """Give the locales in which a template is not written that others are: as a prompt, or as a message."""
    if content is None:
        return []
    written = {
        locale
        for locale, each in content.locales.items()
        if (
            each.prompt is not None
            if ending == PROMPT_TEXT
            else each != Content(each.name, prompt=each.prompt)
        )
    }
    return sorted(everywhere.keys() - written)
