"""What is not said is meant as it was when it was applied: a later release changes nothing that is live."""

from __future__ import annotations

import pytest

from upsell.errors import DefinitionError
from upsell.journeys.program import Program
from upsell.journeys.steps import WaitTimeStep
from upsell.journeys.workflow import Workflow
from upsell.workspace.compile import compile_documents
from upsell.workspace.editions import NEWEST, Edition, edition_of

WORKFLOW = (
    "name: Help\nunit: customer\ntrigger: {on: Asked}\n"
    "goal: {event: Answered, within: 7 days}\njourney: [{wait: 1 day}]\n"
)
SETTINGS = "currency: USD\nzone: UTC\nsender: {name: A, address: a@a.example, postal_address: 1 Road}\n"


def program_of(more: str = "", edition: Edition = NEWEST) -> Program:
    documents = {"upsell.yaml": SETTINGS, "workflows/help.yaml": WORKFLOW + more}
    return compile_documents(documents, edition).program


def flow_of(more: str = "", edition: Edition = NEWEST) -> Workflow:
    return program_of(more, edition).workflows["help"]


@pytest.mark.parametrize("more", ["", "experiment: {salt: help}\n"])
def test_a_tenth_is_held_out_where_no_holdout_is_written(more: str) -> None:
    assert flow_of(more).experiment.holdout_rate == 0.1
    assert flow_of(more).version == flow_of("experiment: {holdout: 10%}\n").version


def test_who_wants_no_holdout_writes_it() -> None:
    assert flow_of("experiment: {holdout: 0%}\n").experiment.holdout_rate == 0.0


def test_what_was_applied_before_there_were_editions_is_what_it_was() -> None:
    # Oracle: what the release before editions gave for these documents.
    program = program_of("", Edition.FIRST)
    assert program.version == "808dd888edf17fea2bff32e9aad044b1"
    assert program.workflows["help"].version == "b251d7dfa8e640e0e0645f6c7c527b9d"
    assert program.workflows["help"].experiment.holdout_rate == 0.0


def test_programs_that_mean_another_thing_by_the_same_text_have_other_versions() -> None:
    assert program_of("", Edition.FIRST).version != program_of().version


@pytest.mark.parametrize("edition", Edition)
def test_what_is_written_means_the_same_in_every_edition(edition: Edition) -> None:
    assert flow_of("experiment: {holdout: 30%}\n", edition).version == (
        flow_of("experiment: {holdout: 30%}\n").version
    )


def test_a_time_of_day_that_comes_as_it_is_reached_is_what_it_was_when_it_was_applied() -> None:
    timed = "experiment: {holdout: 10%}\non_goal: [{wait: {time: '09:00'}}]\n"
    first, second, third = (flow_of(timed, edition) for edition in Edition)
    steps = [each.on_goal.steps["on_goal.0"] for each in (first, second, third)]
    assert [isinstance(each, WaitTimeStep) and each.is_after for each in steps] == [False, False, True]
    # Oracle: what the release before the third edition gave for these documents.
    assert second.version == first.version == "3c241ae298e7de1d3393a5b72948b4b7"
    assert third.version != second.version


def test_an_edition_of_a_later_release_is_refused_in_words() -> None:
    with pytest.raises(DefinitionError, match="expected an edition up to 3, got 4"):
        edition_of(4)
