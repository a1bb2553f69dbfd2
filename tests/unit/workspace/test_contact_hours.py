"""The legal contact hours that are shipped say what their sources say; a workspace puts its own in place."""

from __future__ import annotations

import re

import pytest

from tests.stories.world import SETTINGS
from tests.unit.workspace.acme import documents, problems_of
from upsell.decisions.hours import ALWAYS, Week, common, weekly
from upsell.decisions.policy import Policy
from upsell.errors import Problem
from upsell.workspace.compile import compile_documents
from upsell.workspace.contact_law import shipped_law

# As published: for texts by support.referrizer.com, for calls by dropcowboy.com/state-compliance (2025-11).
# Rhode Island's Sundays are those of its statute (5-61-2), which is stricter than the table for texts.
NO_SUNDAY = range(6)
FOR_TEXTS = {
    "CT": weekly(9 * 60, 20 * 60),
    "FL": weekly(8 * 60, 20 * 60),
    "MD": weekly(8 * 60, 20 * 60),
    "MS": weekly(8 * 60, 20 * 60),
    "NJ": weekly(8 * 60, 20 * 60),
    "OK": weekly(8 * 60, 20 * 60),
    "RI": (*weekly(9 * 60, 18 * 60)[:5], ((600, 1_020),), ((600, 1_020),)),
    "TX": (*weekly(9 * 60, 21 * 60)[:6], ((720, 1_260),)),
}
FOR_CALLS = {
    "AL": weekly(8 * 60, 20 * 60, NO_SUNDAY),
    "CT": weekly(9 * 60, 20 * 60),
    "FL": weekly(8 * 60, 20 * 60),
    "KY": weekly(10 * 60, 21 * 60),
    "LA": weekly(8 * 60, 20 * 60, NO_SUNDAY),
    "MA": weekly(8 * 60, 20 * 60),
    "MD": weekly(8 * 60, 20 * 60),
    "MI": weekly(9 * 60, 21 * 60),
    "MN": weekly(9 * 60, 21 * 60),
    "MS": weekly(8 * 60, 20 * 60, NO_SUNDAY),
    "NM": weekly(9 * 60, 21 * 60),
    "NV": weekly(9 * 60, 20 * 60),
    "OK": weekly(8 * 60, 20 * 60),
}
# States whose statutes or rules forbid legal holidays: Alabama, Louisiana, Pennsylvania, Rhode Island, Utah.
NO_HOLIDAYS = {"US-AL", "US-LA", "US-PA", "US-RI", "US-UT"}


def policy_of(hours: str = "", law: str | None = None) -> Policy:
    files = {"upsell.yaml": SETTINGS + (f"policy: {{hours: {{{hours}}}}}\n" if hours else "")}
    if law is not None:
        files["contact_hours.yaml"] = law
    return compile_documents(files).program.policy


def told(hours: str, law: str | None = None) -> list[Problem]:
    changed = documents()
    changed["upsell.yaml"] = changed["upsell.yaml"].replace(
        "policy:\n", f"policy:\n  hours: {{{hours}}}\n", 1
    )
    if law is not None:
        changed["contact_hours.yaml"] = law
    return [
        problem for problem in problems_of(changed) if problem.file in ("upsell.yaml", "contact_hours.yaml")
    ]


def current(place: str) -> Week:
    return common(*(row.hours.week for row in shipped_law()[place] if not row.valid_until))


@pytest.mark.parametrize("state", sorted(FOR_TEXTS | FOR_CALLS))
def test_a_states_hours_are_never_wider_than_either_table_says(state: str) -> None:
    shipped = current(f"US-{state}")
    for table in (FOR_TEXTS, FOR_CALLS):
        if state in table:
            assert common(shipped, table[state]) == shipped, table
    assert shipped != ALWAYS


def test_federal_hours_are_those_of_the_rule() -> None:
    # 47 CFR 64.1200(c)(1): not before 8 a.m. nor after 9 p.m.
    (federal,) = shipped_law()["US"]
    assert federal.hours.week == weekly(8 * 60, 21 * 60)
    assert not federal.hours.closes_on_holidays


def test_all_rows_of_the_united_states_together_are_the_published_intersection() -> None:
    # Weekdays 10:00-18:00, Saturday 10:00-17:00, no Sundays or holidays.
    weeks = [current(place) for place in shipped_law() if place.startswith("US")]
    assert common(*weeks) == (*weekly(600, 1_080)[:5], ((600, 1_020),), ())
    assert {p for p, rows in shipped_law().items() if rows[-1].hours.closes_on_holidays} == NO_HOLIDAYS | {
        "FR"
    }


def test_a_row_says_its_source_and_the_day_it_is_of() -> None:
    for rows in shipped_law().values():
        for row in rows:
            assert row.source
            assert re.fullmatch(r"20\d\d-\d\d-\d\d", row.as_of)
            assert not row.valid_until or row.valid_from < row.valid_until
    # Where the sources disagree, the row says so.
    for place in ("US-MS", "US-NJ", "US-RI", "FR", "IN"):
        (row,) = shipped_law()[place]
        assert re.search("disagreement|stricter", row.source), place


def test_a_change_of_the_law_is_a_row_of_its_own() -> None:
    before, since = shipped_law()["US-CT"]
    assert before.valid_until == since.valid_from == "2023-10-01"
    assert (before.hours.week, since.hours.week) == (weekly(540, 1_260), weekly(540, 1_200))


def test_texts_obey_the_law_unless_told_why_not_and_other_channels_when_told() -> None:
    assert policy_of().lawful == {"sms"}
    assert policy_of("sms: {from: '09:00', to: '17:00'}").lawful == {"sms"}
    assert policy_of("sms: {law: true}, email: {law: true}").lawful == {"sms", "email"}
    assert policy_of("sms: {law: {off_because: only staff are texted}}").lawful == frozenset()
    assert policy_of("email: {law: false}").lawful == {"sms"}


def test_to_turn_the_law_off_for_texts_needs_a_reason() -> None:
    (problem,) = [each for each in told("sms: {law: false}") if each.severity == "error"]
    assert (problem.line, problem.code) == (15, "law-without-reason")
    assert "off_because" in str(problem)


def test_a_channel_without_hours_of_the_teams_own_has_none() -> None:
    assert policy_of("sms: {law: true}").hours == {}
    half = policy_of("email: {from: '09:00'}, push: {to: '21:00', holidays: closed}").hours
    assert half["email"].week == weekly(540, 1_440)
    assert (half["push"].week, half["push"].closes_on_holidays) == (weekly(0, 1_260), True)


def test_a_workspaces_rows_take_the_place_of_all_of_their_jurisdiction_and_no_other() -> None:
    own = """
US-CT:
  - hours: {mon-fri: ['09:00-12:00', '13:00-17:00'], sat: '10:00-12:00'}
    holidays: closed
    closed_on: [2026-12-24]
    source: Counsel's memorandum of 2026-11-02
    as_of: 2026-11-02
DE:
  - {hours: {mon-sun: '08:00-20:00'}, holidays: open, source: Counsel, as_of: 2026-11-02}
"""
    law = policy_of(law=own).law
    (row,) = law["US-CT"]
    assert row.hours.week == (*((((540, 720), (780, 1_020)),) * 5), ((600, 720),), ())
    assert row.hours.closed_on == {"2026-12-24"}
    assert law["DE"][0].hours.week == weekly(480, 1_200)
    assert {place: rows for place, rows in law.items() if place not in ("US-CT", "DE")} == {
        place: rows for place, rows in shipped_law().items() if place != "US-CT"
    }


ROW = "holidays: open, source: x, as_of: 2026-01-01"


@pytest.mark.parametrize(
    ("law", "line", "message"),
    [
        (f"US-XX: [{{hours: {{mon: '09:00-10:00'}}, {ROW}}}]", 1, "such as FR or US-TX, got US-XX"),
        (f"Texas: [{{hours: {{mon: '09:00-10:00'}}, {ROW}}}]", 1, "ISO 3166"),
        (f"FR: [{{hours: {{mon: '9-10'}}, {ROW}}}]", 1, "a span of the day in quotes"),
        (f"FR: [{{hours: {{mon: '10:00-09:00'}}, {ROW}}}]", 1, "a span of the day in quotes"),
        (f"FR: [{{hours: {{fri-mon: '09:00-10:00'}}, {ROW}}}]", 1, "such as sat or mon-fri"),
        (
            f"FR:\n  - {{hours: {{mon-fri: '09:00-10:00', wed: '09:00-10:00'}}, {ROW}}}",
            2,
            "each day of the week once, got wed again",
        ),
        (
            f"FR:\n- {{hours: {{}}, {ROW}, valid_from: 2026-02-01, valid_until: 2026-02-01}}",
            2,
            "expected valid_until after valid_from",
        ),
        ("FR: [{hours: {mon: '09:00-10:00'}, holidays: open, as_of: 2026-01-01}]", 1, "the key source"),
        ("FR: [{hours: {mon: '09:00-10:00'}, source: x, as_of: 2026-01-01}]", 1, "the key holidays"),
        ("FR: []", 1, "at least one value"),
    ],
)
def test_a_wrong_row_is_told_in_its_place(law: str, line: int, message: str) -> None:
    problems = [each for each in told("email: {from: '08:00', to: '20:00'}", law) if each.severity == "error"]
    assert [(each.file, each.line) for each in problems] == [("contact_hours.yaml", line)]
    assert message in str(problems[0])


@pytest.mark.parametrize(
    ("hours", "law", "where"),
    [
        ("sms: {days: [sun]}", None, {"Alabama", "Louisiana", "Rhode Island", "Utah", "France"}),
        ("sms: {from: '21:00', to: '23:00'}", None, {"do in the United States, in France, in India"}),
        ("sms: {from: '18:00', to: '20:00'}", None, {"Rhode Island", "where the part of the United States"}),
    ],
)
def test_hours_that_the_law_never_lets_open_are_told_with_where(
    hours: str, law: str | None, where: set[str]
) -> None:
    (problem,) = told(hours, law)
    assert (problem.severity, problem.code, problem.line) == ("warning", "never-open", 15)
    assert {name for name in where if name not in problem.message} == set()


def test_hours_that_open_somewhere_everywhere_are_no_nonsense() -> None:
    assert told("sms: {from: '09:00', to: '17:00', days: [mon, tue], holidays: closed}") == []
    assert told("email: {days: [sun]}, push: {from: '21:00', to: '23:00'}") == []


def test_a_row_that_never_opens_is_told() -> None:
    (problem,) = told("push: {holidays: open}", f"FR:\n  - {{hours: {{}}, {ROW}}}")
    assert (problem.severity, problem.code, problem.line) == ("warning", "never-open", 2)


def test_texts_and_pushes_may_be_named_in_hours_grounds_and_caps() -> None:
    changed = documents()
    changed["upsell.yaml"] = changed["upsell.yaml"].replace(
        "policy:\n",
        "policy:\n"
        "  hours: {sms: {from: '09:00', to: '18:00'}, push: {from: '08:00', to: '22:00'}}\n"
        "  consent: {sms: {bases: [consent]}, push: {bases: [consent, legitimate-interest]}}\n",
        1,
    )
    changed["upsell.yaml"] = changed["upsell.yaml"].replace("channels: [email]", "channels: [sms, push]", 1)
    policy = compile_documents(changed).program.policy
    assert set(policy.hours) == set(policy.grounds) == {"sms", "push"}
    assert policy.caps[1].channels == {"sms", "push"}
