"""What home, the list of workflows, the log and the parts of pages tell machines: values, and no drawing."""

from __future__ import annotations

import msgspec

from tests.made_results import AS_OF, results
from tests.pages_world import written
from upsell.clock import DAY, format_moment
from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.charts.readings import Reading
from upsell.measurement.question import Metric
from upsell.runtime.overview import Line, Need, Overview, Ran, RanWorkflow, State, Tone, Trust
from upsell.runtime.results import holdout_lifts
from upsell.store.acts import Act, Done
from upsell.store.users import Role
from upsell.web.access import RIGHTS, Right
from upsell.web.pages.components import PAGE, components_content
from upsell.web.pages.home import home_content, home_page, workflows_content, workflows_page
from upsell.web.pages.log import log_content

REPORT = results().report.workflows[0]
LIFT = next(lift for lift in holdout_lifts(REPORT) if lift.metric is Metric.NET_COMMITTED_REVENUE)
LINE = Line(
    key="w",
    name="A workflow",
    owner="ana",
    state=State("live", Tone.GOOD),
    guardrails=State("within", Tone.GOOD),
    review=State("1 January 2027", Tone.WARN),
    review_by="2027-01-01",
    earned="It earned.",
    effect="+$1.00 (0.50 to 1.50)",
    lift=LIFT,
)
TOO_FEW = Undetermined(UndeterminedReason.TOO_FEW, "40 closed units in an arm, 50 needed")
FOUND = Overview(
    as_of=AS_OF,
    is_live=True,
    earned="It earned.",
    lines=(LINE,),
    trust=Trust(sent=12_345, unsubscribed=67, complained=8, bounced=9),
    ran=Ran(1_234, AS_OF - 6 * DAY, 56, AS_OF - 30 * DAY, (RanWorkflow("w", 1_700, 1_050, 420, 2_400),)),
    needs=(Need("what", "advice", Tone.BAD, "/guardrails"),),
)


def test_home_tells_moments_counts_and_lifts_as_values() -> None:
    told = msgspec.json.decode(msgspec.json.encode(home_content(FOUND)))
    assert told["as_of"] == format_moment(AS_OF)
    assert told["trust"] == {"sent": 12_345, "unsubscribed": 67, "complained": 8, "bounced": 9}
    assert told["ran"] == {
        "events": 1_234,
        "events_since": format_moment(AS_OF - 6 * DAY),
        "messages": 56,
        "messages_since": format_moment(AS_OF - 30 * DAY),
        "workflows": [{"key": "w", "considered": 1_700, "let_in": 1_050, "held_out": 420, "sent": 2_400}],
    }
    assert told["needs"] == [{"what": "what", "advice": "advice", "tone": "bad", "path": "/guardrails"}]
    (row,) = told["rows"]
    assert row["lift"] == msgspec.json.decode(msgspec.json.encode(LIFT))
    assert row["review_by"] == "2027-01-01"
    assert set(row) == {
        "key", "name", "owner", "state", "guardrails", "review", "review_by", "earned", "lift",
    }  # fmt: skip
    assert home_content(msgspec.structs.replace(FOUND, trust=None))["trust"] is None


def test_home_says_what_ran_and_since_when() -> None:
    page = home_page(FOUND, 8600)
    assert [(each.label, each.value, each.how) for each in page.ran] == [
        ("Workflows that are live", "1", "of 1"),
        ("Events that came in", "1,234", "since 26 December 2026, as far as counted"),
        ("Messages that went out", "56", "since 2 December 2026, as far as counted"),
    ]
    words = "Since it began 1,700 considered, 1,050 let in, 420 held out; 2,400 messages went out."
    assert page.did == {"w": words}
    assert words in written("home.html", page)


def test_home_says_no_number_of_messages_that_were_not_counted() -> None:
    ran = Ran(1_234, AS_OF - 6 * DAY, None, AS_OF - 30 * DAY, ())
    uncounted = msgspec.structs.replace(FOUND, trust=None, ran=ran)
    assert [each.value for each in home_page(uncounted, 8600).ran][-1] == "–"
    counted = msgspec.structs.replace(FOUND, ran=msgspec.structs.replace(ran, messages=0))
    assert [each.value for each in home_page(counted, 8600).ran][-1] == "0"


def test_home_leads_to_what_needs_a_person_whoever_may_see_it() -> None:
    needs = (
        Need("2 orders wait", "Decide", Tone.WARN, "/approvals"),
        Need("x", "y", Tone.BAD, "/guardrails"),
    )
    page = home_page(msgspec.structs.replace(FOUND, needs=needs), 8600)
    for role in Role:
        said = written("home.html", page, role)
        assert ('href="/approvals"' in said) is (Right.APPROVE_ORDERS in RIGHTS[role])
        assert 'href="/guardrails"' in said
        assert "2 orders wait" in said


def test_the_made_up_company_is_offered_at_a_port_of_its_own() -> None:
    nothing = Overview(AS_OF, is_live=False, earned="", lines=(), trust=None, needs=())
    for port, command, at in ((8600, "upsell demo --port 8601", 8601), (9000, "upsell demo", 8600)):
        page = home_page(nothing, port)
        assert (page.demo, page.demo_at) == (command, f"http://127.0.0.1:{at}/")
        html = written("home.html", page)
        assert f"<code>{command}</code>" in html
        assert page.demo_at in html


def test_the_list_tells_how_many_are_live_and_the_same_rows() -> None:
    told = workflows_content(FOUND)
    assert (told["as_of"], told["live"], told["total"]) == (format_moment(AS_OF), 1, 1)
    assert told["rows"] == home_content(FOUND)["rows"]


def test_the_list_shows_and_tells_what_was_known_over_time() -> None:
    readings = {"w": (Reading(AS_OF - DAY, Effect(200.0, -100.0, 500.0)), Reading(AS_OF, TOO_FEW))}
    page = written("workflows.html", workflows_page(FOUND, readings))
    assert page.count('class="sparkline"') == 1
    assert "as of 31 December 2026" in page
    assert "nothing yet" in written("workflows.html", workflows_page(FOUND))
    first, last = workflows_content(FOUND, readings)["trends"]["w"]
    assert first["at"] == format_moment(AS_OF - DAY)
    assert (first["effect"]["low"], first["effect"]["high"]) == (-100.0, 500.0)
    assert last["effect"]["reason"] == "too_few"
    assert workflows_content(FOUND)["trends"] == {"w": []}


def test_the_parts_of_pages_are_told_without_pixels() -> None:
    assert b"drawing" not in msgspec.json.encode(components_content(PAGE))


def test_what_was_done_is_told_with_its_moment() -> None:
    done = Done(7, AS_OF, "ada", Act.SIGNED_IN, "ada", "", "")
    (row,) = log_content([done], "")["rows"]
    assert row == {
        "number": 7, "done_at": format_moment(AS_OF), "by": "ada", "act": "signed in", "about": "ada",
        "words": "", "because": "",
    }  # fmt: skip
