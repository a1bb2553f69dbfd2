"""The overview: what runs, what it earned, what it cost in trust, and what needs a person now.

For the pages ``/`` and ``/workflows``. The laws: a sum over workflows is never made, for units may be in
several; what all earned together is said only where a global control measures it; and colour is a tone
beside a word.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

from upsell.clock import DAY, Clock, Duration, Moment, to_datetime
from upsell.decisions.guardrails import Action
from upsell.decisions.stops import Stop
from upsell.journeys.program import Program
from upsell.journeys.workflow import Status, Workflow
from upsell.measurement.answers import Effect
from upsell.measurement.charts.readings import Reading
from upsell.measurement.guardrails import Standing
from upsell.measurement.lift import Lift
from upsell.measurement.question import Metric
from upsell.runtime.guarding import Guarded, open_breaches, read_guardrails, read_live
from upsell.runtime.keeping import Keeper
from upsell.runtime.reporting import Report, WorkflowReport, report_live
from upsell.runtime.results import (
    Results,
    effect_words,
    headline,
    holdout_lifts,
    programme_headline,
)
from upsell.store.changes import count_asked_changes
from upsell.store.connect import Connection
from upsell.store.guardrails import Breach, MessageSums, read_message_sums, stretch_at, stretch_begins
from upsell.store.incidents import read_incidents
from upsell.store.lending import Lender
from upsell.store.revisions import newest_number
from upsell.store.seen import count_seen_since
from upsell.store.stops import open_stops
from upsell.store.stream import read_learned
from upsell.store.work import count_waiting_work

if TYPE_CHECKING:
    from upsell.runtime.trends import Trends

REVIEW_SOON: Duration = 14 * DAY
"""How long before a review is due that is said."""

BEHIND: Final = "Something else went live since; this is of what was live before, and is being read anew."
"""What is said of a report that is kept and is of the revision before."""

UNREAD: Final = "what it did is being read"
"""What is said of a workflow that is live and that the report does not know yet."""


class Tone(enum.Enum):
    """How much a state asks for."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    CALM = "calm"


class State(msgspec.Struct, frozen=True):
    """A state in words, with how much it asks for."""

    words: str
    tone: Tone


class Line(msgspec.Struct, frozen=True):
    """One workflow in a line.

    Attributes:
        key: Its key.
        name: What people call it.
        owner: Who answers for it.
        state: Whether it runs.
        guardrails: How its guardrails stand.
        review: When it is to be looked at again.
        review_by: The same as a date, None for none.
        earned: What it earned beyond its holdout, in a sentence.
        effect: The effect per unit with its interval, in words.
        lift: The same in numbers, for a picture; None where the report does not know the workflow yet.
    """

    key: str
    name: str
    owner: str
    state: State
    guardrails: State
    review: State
    review_by: str | None
    earned: str
    effect: str
    lift: Lift | None


class Need(msgspec.Struct, frozen=True):
    """Something that needs a person: what, what to do, and the page where that is done; empty for none."""

    what: str
    advice: str
    tone: Tone
    path: str = ""


class Trust(msgspec.Struct, frozen=True):
    """What was asked of customers' patience since the first message; rates are shares of what went out.

    Attributes:
        sent: Messages that went out.
        unsubscribed: How many were answered by leaving.
        complained: How many were marked as spam.
        bounced: How many came back.
    """

    sent: int
    unsubscribed: int
    complained: int
    bounced: int


class RanWorkflow(msgspec.Struct, frozen=True):
    """What one workflow did since it began: units considered, let in and held out, and messages sent."""

    key: str
    considered: int
    let_in: int
    held_out: int
    sent: int


class Ran(msgspec.Struct, frozen=True):
    """What ran.

    Attributes:
        events: Events that came in since ``events_since``, as far as they were learned; None before any was.
        events_since: The beginning of the day six days ago, in UTC.
        messages: Messages that went out since ``messages_since``, as far as they were counted; None where
            none was counted ever.
        messages_since: The beginning of the stretch of 28 days before this one.
        workflows: What each workflow did, of the report that is kept.
    """

    events: int | None
    events_since: Moment
    messages: int | None
    messages_since: Moment
    workflows: tuple[RanWorkflow, ...]


class Overview(msgspec.Struct, frozen=True):
    """What stands now.

    Attributes:
        as_of: As of when what was earned is.
        is_live: Whether any definitions were applied.
        earned: What it all earned, in a sentence.
        lines: Each workflow, in order of their keys.
        trust: What it cost in trust; None before anything was counted.
        needs: What needs a person, the gravest first.
        ran: What ran; None before anything was applied.
    """

    as_of: Moment
    is_live: bool
    earned: str
    lines: tuple[Line, ...]
    trust: Trust | None
    needs: tuple[Need, ...]
    ran: Ran | None = None


class ReportBook:
    """What is live, the report on it and its trends, read anew when they are old or something was applied."""

    def __init__(self, lender: Lender, clock: Clock, results: Results | None = None) -> None:
        """Know nothing yet; ``results`` are shown for good where they are given."""
        self._lender = lender
        self._given = results
        self._lock = threading.Lock()
        self._live: tuple[int, Program | None] | None = None
        self._report = Keeper("the report", lender, clock, _read_results)
        self._trends = Keeper("what was known over time", lender, clock, self._read_trends)

    def read(self, patience: float | None = None) -> Results:
        """Give the report as it is kept; where none is, wait for so many seconds.

        Without a number it waits as long as any page does.

        Raises:
            BeingReadError: It was not there within that time.
        """
        if self._given is not None:
            return self._given
        found = self._report.newest(patience)
        return msgspec.structs.replace(found, about=BEHIND) if self._report.is_behind() else found

    def begin(self) -> None:
        """Have the report read, so that whoever asks first need not wait for it."""
        if self._given is None:
            self._report.at_hand()

    def close(self) -> None:
        """Break off what is being read."""
        self._report.stop()
        self._trends.close()
        self._report.close()

    def trends(self, patience: float) -> Trends:
        """Give what was known over time as it is kept; where nothing is, wait for so many seconds.

        Raises:
            BeingReadError: It was not there within that time.
        """
        return self._trends.newest(patience)

    def moment(self, now: Moment) -> Moment:
        """Give as of when reports are: now, or when the results were made that are shown for good."""
        return now if self._given is None else self._given.report.as_of

    def readings(self) -> Mapping[str, tuple[Reading, ...]]:
        """Give what was known of net revenue per unit over time, by workflow; nothing before it was read."""
        found = self._trends.at_hand()
        return {} if found is None else found.readings

    def program(self) -> Program | None:
        """Give what is live, None before anything was applied."""
        with self._lock, self._lender.lent() as connection:
            number = newest_number(connection)
            if self._live is None or self._live[0] != number:
                self._live = (number, read_live(connection))
            return self._live[1]

    def _read_trends(self, connection: Connection, now: Moment) -> Trends:
        from upsell.runtime.trends import Trends, read_trends  # noqa: PLC0415  # it loads what draws

        program = self.program()
        if program is None:
            return Trends()
        if self._given is not None:
            return read_trends(connection, program, self._given.report.as_of, go_on=self._trends.go_on)
        guarded = read_guardrails(connection, program)
        return read_trends(connection, program, now, guarded=guarded, go_on=self._trends.go_on)


def _read_results(connection: Connection, now: Moment) -> Results:
    return Results("", report_live(connection, now))


def read_overview(connection: Connection, program: Program | None, results: Results, now: Moment) -> Overview:
    """Give what stands now, with what was earned by a report on what is live; None where nothing is."""
    if program is None:
        return Overview(now, is_live=False, earned="", lines=(), trust=None, needs=())
    breaches, stops = open_breaches(connection), open_stops(connection)
    readings = read_guardrails(connection, program)
    # What is kept may be of the revision before: it may lack what is live, and tell of what is not.
    report = msgspec.structs.replace(
        results.report,
        workflows=tuple(each for each in results.report.workflows if each.key in program.workflows),
    )
    reports = {found.key: found for found in report.workflows}
    today = to_datetime(now).date()
    sums = read_message_sums(connection)
    lines = tuple(
        _line(workflow, reports.get(key), readings, breaches, stops, today)
        for key, workflow in sorted(program.workflows.items())
    )
    return Overview(
        as_of=report.as_of,
        is_live=True,
        earned=earned_words(report, len(lines) - len(report.workflows)),
        lines=lines,
        trust=trust_of(sums),
        needs=tuple(_needs(connection, program, breaches, stops, lines, now)),
        ran=_ran(connection, report, sums, now),
    )


def earned_words(found: Report, unread: int = 0) -> str:
    """Say what it all earned; without a global control how many workflows earned what.

    ``unread`` is how many workflows are live that the report does not know yet.
    """
    if found.programme is not None:
        return programme_headline(found.programme)
    if not found.workflows:
        return _unread_words(unread) if unread else "No workflow is written yet."
    said = _all_earned(found)
    return f"{said} {_unread_words(unread)}" if unread else said


def _unread_words(unread: int) -> str:
    """Say that there are workflows of which no report was read yet."""
    if unread == 1:
        return "1 workflow has just gone live: what it did is being read."
    return f"{unread} workflows have just gone live: what they did is being read."


def _all_earned(found: Report) -> str:
    if len(found.workflows) == 1:
        return headline(found.workflows[0])
    effects = [_money(each).total for each in found.workflows]
    known = [each for each in effects if isinstance(each, Effect)]
    more = sum(each.low > 0 for each in known)
    less = sum(each.high < 0 for each in known)
    counts = (
        (more, "earned more than doing nothing"),
        (less, "earned less"),
        (len(effects) - more - less, "cannot be told from doing nothing yet"),
    )
    if more + less == 0:
        return f"Too early to say: none of {len(effects)} workflows can be told from doing nothing yet."
    said = [f"{count} {words}" for count, words in counts if count]
    total = len(found.workflows)
    return f"Of {total} workflows {', '.join(said[:-1])}{' and ' if said[:-1] else ''}{said[-1]}."


def trust_of(sums: Sequence[MessageSums]) -> Trust | None:
    """Add up what became of messages; None where nothing was counted."""
    trust = Trust(
        sent=sum(each.sent for each in sums),
        unsubscribed=sum(each.unsubscribed for each in sums),
        complained=sum(each.complained for each in sums),
        bounced=sum(each.bounced for each in sums),
    )
    return trust if trust.sent else None


def _ran(connection: Connection, report: Report, sums: Sequence[MessageSums], now: Moment) -> Ran:
    """Say what ran, of what is kept in sums: nothing is counted anew, however much there is."""
    day, stretch = now // DAY - 6, stretch_at(now) - 1
    learned, _ = read_learned(connection)
    return Ran(
        events=count_seen_since(connection, day) if learned.position else None,
        events_since=day * DAY,
        messages=sum(each.sent for each in sums if each.stretch >= stretch) if sums else None,
        messages_since=stretch_begins(stretch),
        workflows=tuple(
            RanWorkflow(
                each.key,
                each.funnel.considered,
                each.funnel.let_in,
                each.funnel.held_out,
                each.funnel.messages_sent,
            )
            for each in report.workflows
        ),
    )


def _line(
    workflow: Workflow,
    found: WorkflowReport | None,
    readings: Sequence[Guarded],
    breaches: Sequence[Breach],
    stops: Sequence[Stop],
    today: date,
) -> Line:
    mine = [each for each in breaches if each.workflow == workflow.key]
    money = _money(found) if found is not None else None
    return Line(
        key=workflow.key,
        name=workflow.name,
        owner=workflow.owner,
        state=state_of(workflow, mine, stops),
        guardrails=guardrails_of([each for each in readings if each.workflow == workflow.key], mine),
        review=review_of(workflow.review_by, today),
        review_by=workflow.review_by,
        earned=headline(found) if found is not None else f"{workflow.name}: {UNREAD}.",
        effect=effect_words(money.absolute, money) if money is not None else UNREAD,
        lift=money,
    )


def state_of(workflow: Workflow, breaches: Sequence[Breach], stops: Sequence[Stop]) -> State:
    """Say whether a workflow runs, and what keeps it from that."""
    if workflow.status is Status.ENDED:
        return State("ended", Tone.CALM)
    if any(each.action is Action.PAUSE for each in breaches):
        return State("paused by a guardrail", Tone.BAD)
    if any(not each.channel and each.workflow in ("", workflow.key) for each in stops):
        return State("stopped by hand", Tone.BAD)
    if workflow.status is Status.PAUSED:
        return State("paused", Tone.WARN)
    return State("live", Tone.GOOD)


def guardrails_of(readings: Sequence[Guarded], breaches: Sequence[Breach]) -> State:
    """Say how a workflow's guardrails stand."""
    broken = sorted({each.guardrail for each in breaches})
    if broken:
        return State(f"beyond: {', '.join(broken)}", Tone.BAD)
    if not readings:
        return State("none written", Tone.WARN)
    beyond = [each.guardrail for each in readings if each.reading.standing is Standing.BEYOND]
    if beyond:
        return State(f"beyond: {', '.join(beyond)}", Tone.BAD)
    if all(each.reading.standing is Standing.TOO_FEW for each in readings):
        return State("too few to say", Tone.CALM)
    return State("within", Tone.GOOD)


def review_of(review_by: str | None, today: date) -> State:
    """Say when a workflow is to be looked at again."""
    if review_by is None:
        return State("no date", Tone.CALM)
    due = date.fromisoformat(review_by)
    said = f"{due:%-d %B %Y}"
    if due < today:
        return State(f"overdue since {said}", Tone.BAD)
    is_soon = (due - today).days * DAY <= REVIEW_SOON
    return State(said, Tone.WARN if is_soon else Tone.CALM)


def _money(found: WorkflowReport) -> Lift:
    """Give the lift of net committed revenue over the holdout."""
    return next(lift for lift in holdout_lifts(found) if lift.metric is Metric.NET_COMMITTED_REVENUE)


def _needs(
    connection: Connection,
    program: Program,
    breaches: Sequence[Breach],
    stops: Sequence[Stop],
    lines: Sequence[Line],
    now: Moment,
) -> Iterator[Need]:
    for breach in breaches:
        named = program.workflows.get(breach.workflow)
        what = "is paused by a guardrail" if breach.action is Action.PAUSE else "is beyond a guardrail"
        yield Need(
            f"{named.name if named else breach.workflow} {what}: {breach.words}",
            f'Mend what people were sent, then: upsell guardrail resume {breach.workflow} --why "..."',
            Tone.BAD,
            "/guardrails",
        )
    for stop in stops:
        yield Need(
            f"Stopped by hand: {stop.words}, by {stop.by}: {stop.because}",
            "Nothing of it goes out until somebody lets it: upsell resume",
            Tone.BAD,
            "/stops",
        )
    for incident in read_incidents(connection):
        if incident.ended_at is None:
            yield Need(
                f"Broken for everyone: {incident.title}",
                f"Nobody is sold to meanwhile. Once it works: upsell incident end {incident.id}",
                Tone.BAD,
            )
    asked = count_asked_changes(connection)
    if asked:
        yield Need(
            f"{_counted(asked, 'change')} {'waits' if asked == 1 else 'wait'} for approval",
            "Another person than who proposed it looks at the difference and decides: upsell changes",
            Tone.WARN,
            "/changes",
        )
    work = count_waiting_work(connection, now)
    if work.approvals:
        yield Need(
            f"{_counted(work.approvals, 'order')} above a limit {'waits' if work.approvals == 1 else 'wait'} "
            "for an approver to decide",
            "Look at each and decide: upsell orders list --waiting-approval",
            Tone.WARN,
            "/approvals",
        )
    if work.unknown:
        yield Need(
            f"Of {_counted(work.unknown, 'message')} nobody knows whether it was sent",
            "They count as sent. Settle them: upsell outbox unknown",
            Tone.WARN,
            "/outbox?state=unknown",
        )
    if work.tasks:
        late = f", {work.overdue:,} of them overdue" if work.overdue else ""
        yield Need(
            f"{_counted(work.tasks, 'task')} open{late}",
            "What may earn most first: upsell tasks list",
            Tone.WARN if work.overdue else Tone.CALM,
            "/queue",
        )
    for line in lines:
        if line.review.tone is Tone.BAD and line.state.words != "ended":
            yield Need(
                f"The review of {line.name} is {line.review.words}",
                f"{line.owner} decides whether it goes on, and writes another review_by.",
                Tone.WARN,
                f"/workflows/{line.key}",
            )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
