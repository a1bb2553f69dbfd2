"""Previews: what somebody would get from a template now, rendered as the dispatcher renders it.

For ``upsell preview``. The law: a preview goes the dispatcher's own way through choosing the language, the
facts and the rendering, so what it shows is what would be sent; it sends nothing and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from upsell.channels.channel import Letter
from upsell.channels.link_facts import LinkMint
from upsell.channels.prompt_text import write_prompt
from upsell.channels.prompt_view import PromptView, view_prompt
from upsell.channels.render import choose_content, render_text, template_facts, write_letter
from upsell.clock import Moment
from upsell.decisions.reach import CHANNELS, PROMPT
from upsell.decisions.reasons import MEANINGS
from upsell.decisions.terms import Terms
from upsell.errors import ConfigError, nearest
from upsell.journeys.advance import concerns_for
from upsell.journeys.effects import Speak
from upsell.journeys.household import Enrollment, Household, Unit
from upsell.journeys.program import Program
from upsell.journeys.scene import Scene
from upsell.journeys.speaking import choose_terms, offer_named
from upsell.journeys.steps import MessageStep, PromptKind, PromptStep, Step, for_arm
from upsell.journeys.workflow import UnitKind, Workflow
from upsell.rules.facts import Scalar
from upsell.runtime.deciding import line_up_plans
from upsell.runtime.own_mails import with_own_mails
from upsell.runtime.own_previews import OF_OWN, made_up_mail

LINKS: Final = LinkMint("https://links.example", bytes(32))
"""What the links of a preview are made with: they look like those that are sent, and open nothing."""


_Telling: TypeAlias = MessageStep | PromptStep


class Wanted(msgspec.Struct, frozen=True):
    """What is to be shown.

    Attributes:
        template: Name of the template.
        customer_id: Whom it would be written to.
        workflow: Key of the workflow that would send it; None for the first that names it.
        channel: The channel; None for the first of the step.
        locale: The locale to take for theirs; None for what their traits say.
        news: What a mail about an order tells; empty for that it is theirs.
    """

    template: str
    customer_id: str
    workflow: str | None = None
    channel: str | None = None
    locale: str | None = None
    news: str = ""


class Preview(msgspec.Struct, frozen=True):
    """A message as somebody would get it.

    Attributes:
        letter: The letter.
        workflow: Key of the workflow that would send it.
        step: The step that would.
        channel: The channel.
        locale: The locale its words are in, and its money, dates and numbers.
        preheader: What an inbox shows beside the subject; empty for none.
        offer: Id of the offer it makes, None for none.
    """

    letter: Letter
    workflow: str
    step: str
    channel: str
    locale: str
    preheader: str
    offer: str | None


class Telling(msgspec.Struct, frozen=True):
    """What a workflow can tell: the template, the step that tells it, and by which channel."""

    template: str
    step: str
    channel: str


def tellings_of(program: Program, workflow: str) -> tuple[Telling, ...]:
    """Give what a workflow can tell, in the order of its file, each template once for each channel."""
    found = [
        Telling(template, step.id, channel)
        for each, step in _steps(program)
        if each.key == workflow
        for template in _contents(step).values()
        for channel in _channels(step)
        if channel in (*CHANNELS, PROMPT)
    ]
    return tuple({(each.template, each.channel): each for each in reversed(found)}.values())[::-1]


def preview(program: Program, household: Household, wanted: Wanted, now: Moment) -> Preview:
    """Render a template or the text of a prompt for a customer of a household as it would be sent at ``now``.

    Raises:
        ConfigError: No workflow sends such a template by that channel, or shows it as a prompt, there is no
            such customer, or the offer cannot be made to them now.
        DeliveryError: It cannot be rendered, and so would not be sent.
    """
    person = household.customers.get(wanted.customer_id)
    if person is None:
        known = ", ".join(sorted(household.customers)) or "nobody"
        msg = f"expected a customer of {household.id}, got {wanted.customer_id}; known: {known}"
        raise ConfigError(msg)
    if wanted.template in OF_OWN and wanted.workflow is None:
        about = (household.id, wanted.customer_id, wanted.template, wanted.news, now)
        return _written(with_own_mails(program), household, made_up_mail(program, *about), wanted, now)
    if wanted.news:
        msg = f"--news: expected one of the templates {', '.join(sorted(OF_OWN))}, got {wanted.template}"
        raise ConfigError(msg)
    workflow, step = _step(program, wanted)
    unit = household.account if workflow.unit is UnitKind.ACCOUNT else person
    if unit is None:
        msg = (
            f"expected a member of an account, as {workflow.key} is about accounts, got {wanted.customer_id}"
        )
        raise ConfigError(msg)
    going = unit.enrollments.values()
    enrollment = next((each for each in going if each.workflow == workflow.key), None)
    arm = _arm(step, wanted.template, enrollment)
    terms = _terms(program, household, workflow, step, (unit, arm, enrollment, now))
    channel = _channel(workflow, step, wanted)
    message = Speak(
        key=f"preview-{wanted.template}",
        enrollment=enrollment.id if enrollment is not None else "preview",
        workflow=workflow.key,
        version=workflow.version,
        step=step.id,
        visit=1,
        unit_id=unit.id,
        customer_id=wanted.customer_id,
        channel=channel,
        intent=step.intent,
        content=wanted.template,
        offer=terms.offer if terms is not None else None,
        arm=arm,
        trigger=enrollment.trigger if enrollment is not None else _trigger(workflow),
        reserved_at=now,
        terms=terms,
    )
    if isinstance(step, PromptStep):
        return preview_prompt(program, household, message, step.kind, wanted.locale)
    return _written(program, household, message, wanted, now)


def _written(program: Program, household: Household, message: Speak, wanted: Wanted, now: Moment) -> Preview:
    letter = write_letter(program, household, message, now, LINKS, wanted.locale)
    told = choose_content(program, household, message, wanted.locale)
    preheader = told.content.preheader
    if preheader:
        facts = template_facts(program, household, message, now, told.manner)
        preheader = render_text(told.content, preheader, facts)
    by = message.workflow or "what became of an order"
    return Preview(letter, by, message.step, message.channel, str(told.manner), preheader, message.offer)


def preview_prompt(
    program: Program, household: Household, message: Speak, kind: PromptKind, locale: str | None
) -> Preview:
    """Render the text of a prompt as a page would draw it, line by line.

    Raises:
        DeliveryError: It cannot be rendered; whoever looks would be shown the words of the offer.
    """
    now, terms = message.reserved_at, message.terms
    text = write_prompt(program, household, message, now, locale)
    said: dict[str, Any] = {"prompt": message.key, "intent": message.intent.value, "content": message.content}
    said["terms"] = msgspec.to_builtins(terms) if terms is not None else {}
    offer = program.catalog.offers.get(terms.offer) if terms is not None else None
    plans = line_up_plans(program, household, message.unit_id, now, said["terms"])
    spoken = text.locale if text is not None else program.locale
    view = view_prompt(said, offer, plans, kind.value, (spoken,), text)
    sender = program.sender_of(program.of_version(message.workflow, message.version))
    letter = Letter(
        key=message.key,
        sender_name=sender.name,
        sender=sender.address,
        recipient=message.customer_id,
        subject=view.title,
        html="",
        text="\n\n".join(_drawn(view)),
        written_at=now,
    )
    return Preview(letter, message.workflow, message.step, PROMPT, spoken, "", message.offer)


def _drawn(view: PromptView) -> Iterator[str]:
    """Give the parts of a prompt under its heading, buttons in brackets."""
    yield from view.paragraphs
    if view.price:
        yield view.price
    if view.terms:
        yield "\n".join(f"- {each}" for each in view.terms)
    buttons = [view.accept.label] if view.accept is not None else []
    buttons += [view.words[name] for name in ("later", "never") if name in view.words]
    yield "  ".join(f"[{each}]" for each in buttons)
    if view.link is not None:
        yield f"{view.link.label}: {view.link.url}"
    if view.reasons:
        yield "\n".join(f"({each.value}) {each.label}" for each in view.reasons)


def _step(program: Program, wanted: Wanted) -> tuple[Workflow, _Telling]:
    """Find the workflow and the step that send a template."""
    if wanted.workflow is not None and wanted.workflow not in program.workflows:
        hint = _hint(wanted.workflow, program.workflows)
        msg = f"expected the key of a workflow, got {wanted.workflow}; {hint}"
        raise ConfigError(msg)
    found = [
        (workflow, step)
        for workflow, step in _steps(program)
        if wanted.workflow in (None, workflow.key) and wanted.template in _contents(step).values()
    ]
    if not found:
        names = {
            name
            for workflow, step in _steps(program)
            if wanted.workflow in (None, workflow.key)
            for name in _contents(step).values()
        }
        where = f"that {wanted.workflow} sends" if wanted.workflow is not None else "that a workflow sends"
        msg = f"expected a template {where}, got {wanted.template}; {_hint(wanted.template, names)}"
        raise ConfigError(msg)
    by_channel = [each for each in found if wanted.channel is None or wanted.channel in _channels(each[1])]
    return (by_channel or found)[0]


def _hint(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = nearest(name, names)
    return f"did you mean {near}?" if near else f"known: {', '.join(names) or 'none'}"


def _contents(step: _Telling) -> Mapping[str, str]:
    """Give what a step tells, by arm."""
    return {"": step.content} if isinstance(step, PromptStep) else step.content


def _channels(step: _Telling) -> tuple[str, ...]:
    return (PROMPT,) if isinstance(step, PromptStep) else step.channels


def _steps(program: Program) -> Iterator[tuple[Workflow, _Telling]]:
    for workflow in program.workflows.values():
        for journey in (workflow.journey, workflow.on_goal):
            for step in sorted(journey.steps.values(), key=_in_file):
                if isinstance(step, MessageStep) or (
                    isinstance(step, PromptStep) and _has_text(workflow, step)
                ):
                    yield workflow, step


def _has_text(workflow: Workflow, step: PromptStep) -> bool:
    """Tell whether a prompt is told in words of its own, and not drawn by the page."""
    content = workflow.contents.get(step.content)
    return content is not None and content.prompt is not None


def _in_file(step: Step) -> tuple[tuple[int, str], ...]:
    """Give what steps are sorted by to stand as in their file, ``else`` after ``then``."""
    parts = step.id.split(".")
    return tuple((int(each), "") if each.isdigit() else (each == "else", each) for each in parts)


def _channel(workflow: Workflow, step: _Telling, wanted: Wanted) -> str:
    possible = [channel for channel in _channels(step) if channel in (*CHANNELS, PROMPT)]
    channel = wanted.channel or next(iter(possible), "")
    if channel not in possible:
        msg = (
            f"expected a channel by which {workflow.key} sends {wanted.template}, got {channel or 'none'}; "
            f"known: {', '.join(possible) or 'none that is rendered'}"
        )
        raise ConfigError(msg)
    return channel


def _arm(step: _Telling, template: str, enrollment: Enrollment | None) -> str | None:
    """Give the arm in which a step sends a template: their own where it does, else the first that does."""
    own = enrollment.arm if enrollment is not None else None
    contents = _contents(step)
    if for_arm(contents, own) == template:
        return own or next((arm for arm in step.offer if arm), None)
    return next((arm or None for arm, name in contents.items() if name == template), None)


def _terms(
    program: Program,
    household: Household,
    workflow: Workflow,
    step: _Telling,
    whom: tuple[Unit, str | None, Enrollment | None, Moment],
) -> Terms | None:
    """Give what the offer of a step comes to for a unit now."""
    unit, arm, enrollment, now = whom
    name = offer_named(step, arm, enrollment)
    if name is None:
        return None
    if name not in program.catalog.offers:
        # A choice the journey has not made yet; the first of what it may choose stands for it.
        name = next(iter(workflow.offers), name)
    scene = Scene(program, concerns_for(program), household)
    scene.now = max(now, household.taken_at)
    terms, verdict = choose_terms(scene, unit, workflow, name, enrollment)
    if terms is None:
        why = MEANINGS[verdict.reason] if verdict is not None else "it comes to nothing for them"
        rule = f" ({verdict.rule})" if verdict is not None and verdict.rule else ""
        msg = (
            f"expected that the offer {name} can be made to {unit.id} now, but {why}{rule}; take another "
            "customer, or --example"
        )
        raise ConfigError(msg)
    return terms


def _trigger(workflow: Workflow) -> dict[str, Scalar]:
    """Give what the trigger would have seen, as far as the definition tells."""
    if workflow.trigger.crossing is not None:
        return {"threshold": workflow.trigger.crossing.at[0]}
    return {"event": workflow.trigger.on} if workflow.trigger.on is not None else {}
