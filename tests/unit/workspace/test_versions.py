"""A version is made of what is meant, not of how it is written."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.workspace.acme import QUOTA, compiled, documents, with_change
from upsell.journeys.workflow import Workflow
from upsell.workspace.versions import plain

GOAL = "goal:\n  within: 30 days\n  event: Subscription Upgraded"


def _quota(changed: dict[str, str] | None = None) -> Workflow:
    return compiled(changed).program.workflows["api-quota"]


def _names_the_same(changed: dict[str, str]) -> bool:
    return _quota(changed).version == _quota().version


def test_the_same_documents_have_the_same_versions_in_any_order_of_files() -> None:
    turned = dict(reversed(documents().items()))
    assert compiled(turned).program.version == compiled().program.version
    assert _names_the_same(turned)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (QUOTA, "name: API quota upgrade", "# why\nname:   'API quota upgrade'  # said"),
        (QUOTA, "goal: {event: Subscription Upgraded, within: 30 days}", GOAL),
        (QUOTA, "- plan.tier < 2", "- plan.tier   <   2"),
        (QUOTA, "holdout: 10%", "holdout: 0.10"),
        (QUOTA, "unit: account", "unit: account\npriority: 0"),
        ("signals.yaml", "renewal_near: days", "# soon\nrenewal_near: days"),
    ],
)  # fmt: skip
def test_writing_the_same_in_another_way_keeps_the_version(file: str, old: str, new: str) -> None:
    assert _names_the_same(with_change(file, old, new))


def test_comments_and_quotes_keep_the_programs_version() -> None:
    changed = with_change(QUOTA, "name: API quota upgrade", "# why\nname:   'API quota upgrade'")
    assert compiled(changed).program.version == compiled().program.version


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("workflows/seat-growth.yaml", "within: 21 days", "within: 22 days"),
        ("signals.yaml", "<= 30", "<= 31"),
        ("templates/upgrade-short.html", "<p>", "<p>So: "),
        ("upsell.yaml", "global_control: 2%", "global_control: 3%"),
    ],
)
def test_what_a_workflow_does_not_name_keeps_its_version_but_not_the_programs(
    file: str, old: str, new: str
) -> None:
    changed = with_change(file, old, new)
    assert _names_the_same(changed)
    assert compiled(changed).program.version != compiled().program.version


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (QUOTA, "- wait: 3 days", "- wait: 4 days"),
        (QUOTA, "holdout: 10%", "holdout: 12%"),
        (QUOTA, "arms: {trial: 50%, annual: 50%}", "arms: {annual: 50%, trial: 50%}"),
        (QUOTA, "plan.tier < 2", "plan.tier < 3"),
        ("signals.yaml", ">= 0.8", ">= 0.9"),
        ("signals.yaml", "'Invite Sent', interval '14 days'", "'Invite Sent', interval '15 days'"),
        ("templates/optimise-usage.html", "Hello", "Good day"),
        ("templates/upgrade.txt", "Hello", "Good day"),
        ("catalog.yaml", "discount: 20%", "discount: 25%"),
    ],
)
def test_what_is_frozen_with_an_enrollment_changes_the_version(file: str, old: str, new: str) -> None:
    assert not _names_the_same(with_change(file, old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("unit: account", "unit: account\nstatus: paused"),
        ("owner: growth@acme.example", "owner: sales@acme.example"),
        ("review_by: 2027-03-01", "review_by: 2028-03-01"),
        ("complaint_rate: 0.1%", "complaint_rate: 0.2%"),
    ],
)
def test_what_is_never_frozen_keeps_the_version(old: str, new: str) -> None:
    assert _names_the_same(with_change(QUOTA, old, new))


def test_what_a_later_release_knows_and_nobody_wrote_keeps_the_version() -> None:
    known = msgspec.defstruct("Step", [("id", str), ("to", tuple[str, ...], ())], frozen=True)
    later = msgspec.defstruct(
        "Step", [("id", str), ("to", tuple[str, ...], ()), ("blocked", str, "wait")], frozen=True
    )
    assert plain(later("0", ("admin",))) == plain(known("0", ("admin",)))
    assert plain(later("0", ("admin",), "skip")) != plain(known("0", ("admin",)))
    assert plain(known("0", ("admin",))) != plain(known("0"))
