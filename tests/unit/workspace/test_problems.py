"""Every wrong line is told with its file, its line, what was expected, and the nearest known name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.workspace.acme import QUOTA, documents, line_of, problems_of, with_change
from upsell.errors import DefinitionError, Problem
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import LARGEST, read_workspace

SEATS = "workflows/seat-growth.yaml"
BACK = "workflows/welcome-back.yaml"
COMPARE = "templates/compare-plans.html"

# What is written instead of what, and what the problem on the line of the new text must say.
WRONG = [
    ("upsell.yaml", "zone: America/New_York", "zone: America/New_Yrk", "IANA time zone"),
    ("upsell.yaml", "currency: USD", "currency: DOLLAR", "ISO 4217"),
    ("upsell.yaml", "hello@acme.example", "hello at acme", "mail address"),
    ("upsell.yaml", "within: 7 days", "within: 1 month", "duration"),
    ("upsell.yaml", "within: 7 days", "within: 7", "duration"),
    ("upsell.yaml", "global_control: 2%", "global_control: 2", "got the number 2"),
    ("upsell.yaml", "global_control: 2%", "global_control: 100%", "share below 100%"),
    ("upsell.yaml", "global_control: 2%", "global_control: {period: quarter}", "expected the key share"),
    ("upsell.yaml", "global_control: 2%", "global_control: {share: 2%, period: quater}", "mean quarter?"),
    ("upsell.yaml", "global_control: 2%", "global_control: {share: 2%, wash_out: 9 days}", "a period beside"),
    (
        "upsell.yaml",
        "global_control: 2%",
        "global_control: {share: 2%, period: month, wash_out: 28 days}",
        "a wash-out shorter than the period, got 28 days",
    ),
    ("upsell.yaml", "at_most: 2", "at_most: some", "whole number"),
    (
        "upsell.yaml",
        "policy:\n",
        "layers: {mails: {api-quota: 60%, seat-growth: 50%}}\npolicy:\n",
        "shares of a layer that come to 100% at most, got 110%",
    ),
    (
        "upsell.yaml",
        "policy:\n",
        "layers: {mails: {api-quota: 60%, seat-grwth: 40%}}\npolicy:\n",
        "did you mean seat-growth?",
    ),
    (
        "upsell.yaml",
        "policy:\n",
        "layers: {mails: {api-quota: 60%}, prices: {api-quota: 40%}}\npolicy:\n",
        "api-quota in one layer, got it in mails and prices",
    ),
    ("upsell.yaml", "intents: [show, offer]", "intents: [shw, offer]", "did you mean show?"),
    ("upsell.yaml", "intents: [show, offer]", "intents: [service]", "got service"),
    ("upsell.yaml", "refund: off", "refnd: off", "did you mean refund?"),
    ("upsell.yaml", "starts: [Onboarding Started], ", "", "expected starts"),
    ("upsell.yaml", "name: text, language", "name: string, language", "one of text, number"),
    ("upsell.yaml", "- account.is_partner", "- account.is_partnr", "did you mean account.is_partner?"),
    ("upsell.yaml", "patience: 14 days", "patiense: 14 days", "did you mean patience?"),
    ("catalog.yaml", "cost: 8.50", "cost: 8.505", "at most 2 digits"),
    ("catalog.yaml", "cost: 8.50", "cost: -1", "amount"),
    ("catalog.yaml", "default_plan: free", "default_plan: fre", "did you mean free?"),
    ("catalog.yaml", "discount: 20%", "discount: 120%", "share"),
    ("catalog.yaml", "discount: 20%\n    months: 12", "months: 12", "expected a discount beside months"),
    ("catalog.yaml", "available_until: 2028-12-31", "available_until: 2028-02-30", "date"),
    ("catalog.yaml", "tier: 2", "tier: high", "whole number"),
    ("catalog.yaml", "default_plan: free", "default_plan: free\nbundles: {}", "got bundles"),
    ("catalog.yaml", "    tier: 0\n", "    tier: 0\n    leads_to: [tem]\n", "did you mean team?"),
    ("catalog.yaml", "    tier: 0\n", "    tier: 0\n    leads_to: [free]\n", "got free itself"),
    ("signals.yaml", "usage_ratio('api_calls') >= 0.8", "usage_ratio('api_cals') >= 0.8", "api_calls"),
    ("signals.yaml", "team_growth\n", "team_grwth\n", "team_growth"),
    ("signals.yaml", "renewal_near: days", "renewal-near: days", "underscores"),
    ("segments.yaml", "unit: customer, rule: warm", "unit: custmer, rule: warm", "did you mean customer?"),
    ("segments.yaml", "unit: customer, rule: warm", "rule: warm", "expected the key unit"),
    ("segments.yaml", "interested: {unit: customer, rule: warm}", "interested: warm", "unit, rule, meaning"),
    ("segments.yaml", "rule: warm}", "rule: wram}", "did you mean warm?"),
    ("segments.yaml", "rule: warm}", "rule: plan.tier}", "which is a number"),
    ("segments.yaml", "rule: warm}", "rule: not interested}", "the segment interested comes back to itself"),
    ("segments.yaml", "rule: warm}", "rules: warm}", "did you mean rule?"),
    ("segments.yaml", "power_teams:", "team_growth:", "a name of its own for a segment, got team_growth"),
    ("segments.yaml", "power_teams:", "at_risk:", "a name of its own for a segment, got at_risk"),
    ("segments.yaml", "power_teams:", "power-teams:", "underscores"),
    (QUOTA, "held_for: 2 days", "held_fr: 2 days", "did you mean held_for?"),
    (QUOTA, "unit: account", "unit: acount", "did you mean account?"),
    (QUOTA, "review_by: 2027-03-01", "review_by: next spring", "date"),
    (QUOTA, "name: API quota upgrade", "name: 2027", "in quotes"),
    (QUOTA, "name: API quota upgrade", "name:", "expected text, got nothing"),
    (QUOTA, "account.region in ('US', 'EU')", "account.region > 3", "number"),
    (QUOTA, "within: 30 days", "within: 30 dys", "duration"),
    (QUOTA, "annual: 50%}", "annual: 40%}", "add up to 100%, got 90%"),
    (QUOTA, "{trial: 50%, annual: 50%}", "{trial: 50%, annual: 2}", "or whole-number weights, got both"),
    (QUOTA, "{trial: 50%, annual: 50%}", "{trial: 0, annual: 0}", "add up to 100%, got 0%"),
    (QUOTA, "holdout: 10%", "holdout: 10%\n  by: customer", "in a workflow about accounts, got customer"),
    (QUOTA, "to: admin}", "to: admn}", "did you mean admin?"),
    (QUOTA, "content: compare-plans", "content: compare-plan", "did you mean compare-plans?"),
    (QUOTA, "annual: pro-annual}}\n  - wait", "annual: pro-anual}}\n  - wait", "did you mean pro-annual?"),
    (QUOTA, "- wait: 3 days", "- fax: {placement: page}", "update, wait, webhook, got fax"),
    (QUOTA, "- wait: 3 days", "- ende", "update, wait, webhook, got ende"),
    (QUOTA, "- wait: 3 days", "- end: now", "write end alone, without a colon"),
    (QUOTA, "holdout: 10%", "holdout: 10%\n  ramp: 120%", "a share such as 10%"),
    (QUOTA, "holdout: 10%", "holdout: 10%\n  ramp: [{share: 5%}]", "expected the key from"),
    (
        QUOTA,
        "holdout: 10%",
        "holdout: 10%\n  ramp: [{from: 2027-01-01, share: 5%}, {from: 2027-02-01, share: 2.5%}]",
        "expected a share above that of the step before, got 2.5%",
    ),
    (
        QUOTA,
        "holdout: 10%",
        "holdout: 10%\n  ramp: [{from: 2027-02-01, share: 5%}, {from: 2027-01-01, share: 10%}]",
        "steps of the ramp in order of time, got 2027-01-01",
    ),
    (QUOTA, "- wait: 3 days", "- if: arrived\n    then: []", "wait for an event"),
    (QUOTA, "- wait: 3 days", "- wait: {trial: 1 day, annual: 2 days}", "expected vary: timing"),
    (QUOTA, "content: compare-plans, intent: show", "content: compare-plans", "expected the key intent"),
    (QUOTA, "content: upgrade,", "content: upgrade, intent: show,", "expected intent offer"),
    (QUOTA, "welcome-to-pro, intent: service", "welcome-to-pro, intent: show", "expected intent service"),
    (QUOTA, "since: enrollment", "since: always", "enrollment"),
    (QUOTA, "properties.plan = 'pro'", "plan = 'pro'", "properties.plan"),
    (QUOTA, "unsubscribe_rate: 0.5%", "unsubscribed_rate: 0.5%", "did you mean unsubscribe_rate?"),
    (SEATS, "of: usage_ratio('seats')", "of: plan.name", "number"),
    (SEATS, "hysteresis: 5%", "hysteresis: -1", "0 or more"),
    (BACK, "  on: Pricing Viewed\n", "  when: customer.name = 'x'\n", "expected on beside where"),
    (BACK, "again_after: 30 days", "held_for: 2 days", "expected when beside held_for"),
    (BACK, "offer: pro-trial-14d", "offer: pro-trial-14d\n      to: admin", "workflow about a customer"),
    ("templates/upgrade.html", "customer.name", "customer.nme", "did you mean customer.name?"),
    ("templates/upgrade.html", "offer.reason", "ofer.reason", "did you mean offer?"),
    ("templates/upgrade.txt", "offer.reason", "offer.reasn", "did you mean offer.reason?"),
    (COMPARE, "url_encode", "url_encod", "did you mean url_encode?"),
    (COMPARE, "{{ workflow.name | url_encode }}", "{{ workflow.name", "expected }} within"),
    (COMPARE, "{% if trigger.threshold %}", "{% if trigger. %}", "Liquid cannot be read"),
    (COMPARE, "{% if trigger.threshold %}", "{% include 'x' %}", "include"),
    ("templates/optimise-usage.html", "usage.api_calls", "usage.api_cals", "did you mean usage.api_calls?"),
    ("templates/optimise-usage.html", "subject: Three", "subjekt: Three", "subject"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "told"), WRONG)
def test_a_wrong_line_is_told_in_its_place(file: str, old: str, new: str, told: str) -> None:
    changed = with_change(file, old, new)
    # The problem stands on the first line that differs, or where something was taken away.
    first = next(
        number
        for number, (left, right) in enumerate(
            zip(documents()[file].split("\n"), changed[file].split("\n"), strict=False), start=1
        )
        if left != right
    )
    near = [p for p in problems_of(changed) if p.file == file and p.line in (first, first + 1)]
    assert any(told in str(problem) for problem in near), [str(p) for p in problems_of(changed)]
    assert all(p.severity == "error" for p in near if told in str(p))


@pytest.mark.parametrize(("file", "old", "new", "told"), WRONG)
def test_one_wrong_line_is_not_told_again_elsewhere(file: str, old: str, new: str, told: str) -> None:
    errors = [p for p in problems_of(with_change(file, old, new)) if p.severity == "error"]
    assert {problem.file for problem in errors} == {file}
    assert len(errors) <= 2


def test_a_holdout_that_cannot_be_read_is_told_and_one_that_is_not_written_is_usual() -> None:
    told = problems_of(with_change(QUOTA, "holdout: 10%", "holdout: 120%"))
    assert [problem.code for problem in told if "holdout" in problem.message] == ["wrong-type"]
    assert problems_of(with_change(QUOTA, "  holdout: 10%\n", "")) == ()


def test_all_problems_of_all_files_are_told_at_once_in_order() -> None:
    changed = with_change(QUOTA, "unit: account", "unit: acount")
    changed["upsell.yaml"] = changed["upsell.yaml"].replace("2%", "2").replace("USD", "usd")
    changed["signals.yaml"] += "broken: (\n"
    changed["templates/upgrade.txt"] += "{{ nobody }}"
    told = [(problem.file, problem.line) for problem in problems_of(changed)]
    assert told == [
        ("signals.yaml", 7),
        ("templates/upgrade.txt", 6),
        ("upsell.yaml", 2),
        ("upsell.yaml", 26),
        (QUOTA, 5),
    ]


def test_a_rules_problem_shows_the_place_with_a_caret() -> None:
    changed = with_change("signals.yaml", "event_count('Invite Sent'", "event_cont('Invite Sent'")
    (problem,) = problems_of(changed)
    assert (problem.file, problem.line) == ("signals.yaml", 4)
    assert problem.hint is not None
    shown, caret = problem.hint.split("\n")[:2]
    assert shown[caret.index("^") :].startswith("event_cont(")


@pytest.mark.parametrize("key", ["name", "unit", "trigger", "goal", "journey"])
def test_a_missing_required_key_is_told(key: str) -> None:
    changed = documents()
    lines = changed["workflows/seat-growth.yaml"].split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{key}:"))
    end = next((n for n in range(start + 1, len(lines)) if lines[n][:1].isalpha()), len(lines))
    changed["workflows/seat-growth.yaml"] = "\n".join(lines[:start] + lines[end:])
    assert any(f"expected the key {key}, got none" in problem.message for problem in problems_of(changed))


@pytest.mark.parametrize(
    ("file", "right", "slip"),
    [
        (QUOTA, "journey:", "journy:"),
        (QUOTA, "trigger:", "triger:"),
        ("catalog.yaml", "plans:", "plan:"),
        ("catalog.yaml", "offers:", "offer:"),
        ("upsell.yaml", "currency:", "curency:"),
        ("upsell.yaml", "traits:", "trait:"),
    ],
)
def test_a_slip_of_a_key_is_told_once_and_nothing_follows_from_it(file: str, right: str, slip: str) -> None:
    changed = with_change(file, right, slip)
    (problem,) = problems_of(changed)
    assert (problem.code, problem.line) == ("unknown-key", line_of(changed, file, f"\n{slip}") + 1)
    assert f"did you mean {right[:-1]}?" in str(problem)


def test_what_is_wrong_under_a_slip_of_a_key_is_told_too() -> None:
    changed = with_change(QUOTA, "journey:", "journy:")
    changed[QUOTA] = changed[QUOTA].replace("- wait: 3 days", "- wait: 3 dys")
    assert [problem.code for problem in problems_of(changed)] == ["unknown-key", "wrong-type"]


def test_a_slip_beside_the_key_itself_is_not_read_in_its_place() -> None:
    changed = with_change(QUOTA, "journey:", "journy: [end]\njourney:")
    assert [problem.code for problem in problems_of(changed)] == ["unknown-key"]
    twice = with_change("upsell.yaml", "currency: USD", "curency: USD\ncurrensy: EUR")
    assert [problem.code for problem in problems_of(twice)] == ["unknown-key", "unknown-key"]


@pytest.mark.parametrize(
    ("text", "line", "advice"),
    [
        ("name: x\n\towner: y\n", 2, "a tab stands at the beginning"),
        ("name: x: y\n", 1, "needs quotes"),
        ("a:\n  - b\n - c\n", 3, "begin in one column"),
        ("a: b\n c\nd\n: e\n", 4, None),
        ("a: {b: c\n", 2, "not closed with }"),
        ("a: [b, c\nd: e\n", 2, "not closed with ]"),
        ('a: "b\n', 2, "a quote that is opened is not closed"),
    ],
)
def test_text_that_is_no_yaml_is_told_with_what_it_most_often_is(
    text: str, line: int, advice: str | None
) -> None:
    (problem,) = [each for each in problems_of({**documents(), "catalog.yaml": text}) if each.line]
    assert (problem.file, problem.code, problem.line) == ("catalog.yaml", "yaml-syntax", line)
    assert advice is None or advice in (problem.hint or "")


def test_quotes_are_advised_where_they_help_and_nowhere_else() -> None:
    for old, new, is_helped in (
        ("name: API quota upgrade", "name: 2027", True),
        ("- wait: 3 days", "- wait: 3", False),
    ):
        (problem,) = problems_of(with_change(QUOTA, old, new))
        assert ("in quotes" in (problem.hint or "")) is is_helped
    (problem,) = problems_of(
        with_change(
            "signals.yaml", "renewal_near: days", "long: subscription.interval = year\nrenewal_near: days"
        )
    )
    assert "write 'year' in quotes if a text is meant" in (problem.hint or "")


def test_a_name_is_told_to_be_unknown_where_none_is_known() -> None:
    changed = {
        "upsell.yaml": documents()["upsell.yaml"],
        "catalog.yaml": "",
        "templates/one.html": "---\nsubject: x\n---\n{{ usage.seats }}\n",
    }
    told = [problem for problem in problems_of(changed) if problem.file == "templates/one.html"]
    assert [problem.hint for problem in told] == ["none is known there; metrics are in catalog.yaml"]


def test_a_goal_needs_to_say_within() -> None:
    changed = with_change(QUOTA, "Subscription Upgraded, within: 30 days", "Subscription Upgraded")
    assert [p.message for p in problems_of(changed)] == ["expected the key within in goal, got none"]


def test_a_key_written_twice_is_told_with_both_lines() -> None:
    changed = with_change(QUOTA, "unit: account", "unit: account\nunit: customer")
    (problem,) = problems_of(changed)
    line = line_of(changed, QUOTA, "unit: customer")
    assert (problem.line, problem.code) == (line, "duplicate-key")
    assert f"line {line - 1}" in (problem.hint or "")


def test_an_arm_that_is_not_in_the_experiment_is_told() -> None:
    changed = with_change(QUOTA, "annual: pro-annual}}", "anual: pro-annual}}")
    told = [str(problem) for problem in problems_of(changed)]
    assert any("got anual" in text and "did you mean annual?" in text for text in told)
    assert any("got none for annual" in text for text in told)


def test_what_is_given_by_arm_must_be_what_the_experiment_varies() -> None:
    changed = with_change(QUOTA, "vary: offer", "vary: message")
    told = [problem for problem in problems_of(changed) if problem.code == "arms"]
    assert [problem.line for problem in told] == [
        line_of(changed, QUOTA, "content: upgrade, offer:"),
        line_of(changed, QUOTA, "offer: {trial: pro-trial-14d, annual: pro-annual}\n"),
    ]


@pytest.mark.parametrize("name", ["holdout", "control", "for"])
def test_an_arm_is_never_called_what_has_a_meaning_of_its_own(name: str) -> None:
    changed = with_change(SEATS, "{soon: 50%", f"{{{name}: 50%")
    assert any(f"got {name}, which has a meaning" in problem.message for problem in problems_of(changed))


def test_arms_that_differ_in_nothing_are_told() -> None:
    changed = with_change(SEATS, "{soon: 1 hour, late: 2 days}", "1 hour")
    (problem,) = problems_of(changed)
    assert "expected a step that differs by arm" in problem.message


@pytest.mark.parametrize(("alone", "lacking"), [("vary: timing", "arms"), ("arms: {a: 50%, b: 50%}", "vary")])
def test_vary_and_arms_come_together(alone: str, lacking: str) -> None:
    changed = with_change(SEATS, "vary: timing\n  arms: {soon: 50%, late: 50%}", alone)
    assert any(f"expected {lacking} beside" in problem.message for problem in problems_of(changed))


def test_arrived_asks_for_a_wait_on_every_way() -> None:
    branch = "  - if: warm\n    then: [{wait: {for: X, up_to: 1 day}}]\n"
    other = "    else: [{wait: {for: Y, up_to: 1 day}}]\n"
    ask = "  - if: arrived\n    then: [end]\n"
    whole = with_change(QUOTA, "  - wait: 3 days\n", branch + other + ask)
    partly = with_change(QUOTA, "  - wait: 3 days\n", branch + ask)
    assert problems_of(whole) == ()
    assert [problem.code for problem in problems_of(partly)] == ["arrived"]


def test_values_too_deep_are_told_before_anything_walks_them() -> None:
    changed = documents()
    changed["signals.yaml"] = "a: " + "[" * 100 + "]" * 100
    assert [problem.code for problem in problems_of(changed)] == ["too-deep"]


def test_a_trigger_needs_something_that_leads() -> None:
    changed = with_change(QUOTA, "when: quota_pressure\n  held_for: 2 days\n  again", "again")
    assert any("expected when, on, crossing or score" in problem.message for problem in problems_of(changed))


def test_shares_are_added_exactly() -> None:
    tenths = ", ".join(f"a{number}: 10%" for number in range(10))
    waits = ", ".join(f"a{number}: {number + 1} days" for number in range(10))
    changed = with_change(SEATS, "{soon: 50%, late: 50%}", f"{{{tenths}}}")
    changed[SEATS] = changed[SEATS].replace("{soon: 1 hour, late: 2 days}", f"{{{waits}}}")
    assert problems_of(changed) == ()


@pytest.mark.parametrize("file", ["catalog.yaml", "signals.yaml", "upsell.yaml"])
def test_a_file_that_cannot_be_read_brings_no_complaints_about_others(file: str) -> None:
    changed = documents()
    changed[file] = "a: [\n" + changed[file]
    problems = problems_of(changed)
    assert {problem.file for problem in problems} == {file}
    assert {problem.code for problem in problems} == {"yaml-syntax"}


def test_missing_settings_are_told_plainly() -> None:
    changed = documents()
    del changed["upsell.yaml"]
    problems = [p for p in problems_of(changed) if p.file == "upsell.yaml"]
    assert [problem.code for problem in problems] == ["missing-file"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("catalogue.yaml", "did you mean catalog.yaml?"),
        ("catalog.yml", "did you mean catalog.yaml?"),
        ("workflows/other.yml", "end in .yaml"),
        ("workflows/Two Words.yaml", "small letters"),
        ("templates/other.md", "end in .mjml, .html, .txt or .prompt.yaml"),
        ("templates/alone.txt", "templates/alone.html"),
    ],
)
def test_files_that_nobody_would_read_are_told(path: str, told: str) -> None:
    changed = documents()
    if path.startswith("catalog"):
        changed[path] = changed.pop("catalog.yaml")
    else:
        changed[path] = ""
    assert any(told in str(problem) for problem in problems_of(changed) if problem.file == path)


def test_a_readme_and_mappings_beside_the_files_are_left_alone(tmp_path: Path) -> None:
    for path, text in documents().items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "README.md").write_bytes(b"\xff")
    (tmp_path / "events-map.yaml").write_text("customer: [")
    assert compile_documents(read_workspace(tmp_path)).warnings == ()


def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "upsell.yaml").write_bytes(b"name: Acme\nzone: \xe9\n")
    with pytest.raises(DefinitionError) as caught:
        read_workspace(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.code) == ("upsell.yaml", 2, "encoding")


def test_a_file_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    (tmp_path / "upsell.yaml").write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(DefinitionError, match="at most 1,000,000 bytes"):
        read_workspace(tmp_path)


@pytest.mark.parametrize("came", ["nothing", "a file"])
def test_a_workspace_that_is_no_directory_is_told(tmp_path: Path, came: str) -> None:
    path = tmp_path / "workspace"
    if came == "a file":
        path.write_text("")
    with pytest.raises(DefinitionError, match=f"got {came}"):
        read_workspace(path)


@pytest.mark.parametrize(
    "text",
    [
        "&a [*a]",
        "a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
        + "".join(f"c{n}: &c{n} [{', '.join(['*b' if n == 0 else f'*c{n - 1}'] * 9)}]\n" for n in range(7)),
        "[" * 50_000,
        "{a: " * 500,
        "name: !!python/object/apply:os.system [x]",
        'name: "\\0"',
        'name: "\\uD800"',
        "name: \x07",
        "? [a, b]\n: c",
        "<<: 3",
        "- a\n- b",
        "just text",
        "--- a\n--- b",
        "\ud800",
    ],
)
def test_yaml_made_to_harm_is_a_problem_like_any_other(text: str) -> None:
    changed = documents()
    changed["upsell.yaml"] = text
    problems = problems_of(changed)
    assert any(problem.file == "upsell.yaml" and problem.severity == "error" for problem in problems)


def _lints(changed: dict[str, str]) -> list[Problem]:
    compile_documents(changed)
    return [problem for problem in problems_of(changed) if problem.severity == "warning"]


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (QUOTA, "owner: growth@acme.example\n", "", "expected owner"),
        (QUOTA, "review_by: 2027-03-01\n", "", "expected review_by"),
        (QUOTA, "event: Subscription Upgraded", "event: Subscription Upgrade", "Subscription Upgraded?"),
        (QUOTA, "for: Trial Started", "for: trial_started", "did you mean Trial Started?"),
        (QUOTA, "- if: arrived", "- end\n  - if: arrived", "never reached"),
        (
            QUOTA,
            "for: Trial Started, where: properties.plan = 'pro'",
            "for: Segment Left, where: properties.segment = 'warm'",
            "known segments: cooled_off, interested, power_teams",
        ),
        (
            BACK,
            "goal: {event: Subscription Started",
            "goal: {event: Segment Entered, where: properties.segment = 'power_teams'",
            "known segments: cooled_off, interested",
        ),
        ("signals.yaml", "warm:", "open: last_event('Ticket Open') is null\nwarm:", "Ticket Opened"),
        (SEATS, "content: compare-plans", "content: upgrade", "expected an offer beside content upgrade"),
    ],
)  # fmt: skip
def test_what_may_stay_is_a_warning(file: str, old: str, new: str, told: str) -> None:
    lints = _lints(with_change(file, old, new))
    assert any(told in str(problem) for problem in lints), lints
    assert len(lints) == 1
