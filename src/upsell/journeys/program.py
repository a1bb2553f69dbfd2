"""A program: everything a workspace says, compiled, and what each event may concern.

The law: a program is an immutable value named by the hash of its text, so any past decision can
be taken again with the program that took it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.costs import Costs
from upsell.clock import DAY, Duration, Moment
from upsell.decisions.benchmarks import Benchmarks
from upsell.decisions.guardrails import Pause
from upsell.decisions.incidents import Incident
from upsell.decisions.layers import LayerShare
from upsell.decisions.policy import Policy
from upsell.decisions.queues import Queue
from upsell.decisions.rails import Spent
from upsell.decisions.stops import Stop
from upsell.journeys.segment import Segment
from upsell.journeys.workflow import Content, Workflow
from upsell.rules.compile import Rule


class Sender(msgspec.Struct, frozen=True):
    """Who mail comes from.

    Attributes:
        name: Who, for people.
        address: The address it comes from.
        postal_address: The postal address the law asks for.
        reply_to: The address answers go to; empty for ``address``.
        list_domain: The domain its lists are named under; empty for that of ``address``.
        key: What workflows call it; empty for the one that is used where none is named.
        website: Their site; empty where it is not known.
    """

    name: str
    address: str
    postal_address: str
    reply_to: str = ""
    list_domain: str = ""
    key: str = ""
    website: str = ""


class Links(msgspec.Struct, frozen=True):
    """What becomes of links in mail.

    Attributes:
        has_clicks: Whether they lead over this server, so that what follows them is known.
        has_opens: Whether mails carry a picture that tells of opening.
        has_traps: Whether mails carry a link that no person can see.
        lasts: For how long after sending they lead anywhere.
    """

    has_clicks: bool = True
    has_opens: bool = False
    has_traps: bool = False
    lasts: Duration = 90 * DAY


class Weekly(msgspec.Struct, frozen=True):
    """A time of every week in the team's zone: weekday from Monday, 0, and minute of its day."""

    weekday: int
    minute: int


class Reports(msgspec.Struct, frozen=True):
    """What the team is told by itself.

    Attributes:
        weekly: When each owner is mailed what their workflows did; None for never.
        proposals: Experiments that were proposed, in the team's words.
    """

    weekly: Weekly | None = None
    proposals: tuple[str, ...] = ()


class Accepting(msgspec.Struct, frozen=True):
    """Who may accept, and what needs somebody of the team to approve it.

    Attributes:
        roles: Roles of an account of which somebody must have one to accept for it.
        approval_above: Totals over twelve months above which an offer waits for approval, in minor units, by
            currency; empty for none.
        approvers: Who may approve, as they name themselves; empty for anybody of the team.
        approval_within: How long an approver has before the request lapses.
    """

    roles: frozenset[str] = frozenset({"admin", "billing", "owner"})
    approval_above: Mapping[str, int] = msgspec.field(default_factory=dict)
    approvers: tuple[str, ...] = ()
    approval_within: Duration = 7 * DAY


class LaunchApproval(enum.Enum):
    """Whose approval a change needs before it goes live."""

    ANOTHER_PERSON = "another_person"
    NONE = "none"


class Program(msgspec.Struct, frozen=True):
    """A compiled workspace.

    Attributes:
        version: Hash of the workspace's text.
        currency: ISO 4217 code reports are in.
        zone: IANA name of the team's zone.
        sender: Who mail comes from where a workflow names nobody.
        catalog: What can be bought or offered.
        signals: Named conclusions, by name.
        policy: What holds over every workflow.
        workflows: The definitions that are live, paused or ended now, by key.
        earlier: Versions of workflows that some enrollment may still walk, by version.
        stage: Gives a unit's lifecycle stage, a text; None where it cannot be told.
        incidents: Incidents for everyone, from whatever moment each holds.
        sold_out: When the stock or budget of an offer ran out, by offer, for those that ever did.
        segments: Named audiences, by name, none before one whose events its rule counts.
        spent: The discount budgets of workflows that ran out, by workflow.
        benchmarks: What peers use, each from the moment it was made.
        layers: What each workflow that is in a layer has of it, by key.
        pauses: Pauses of workflows by a guardrail that was broken, from whatever moment each holds, by key.
        reports: What the team is told by itself.
        costs: What messages and people's time cost, for reports.
        senders: Further senders, brands of the team's, by the name workflows call them.
        stops: What somebody stopped by hand, from whatever moment each holds.
        links: What becomes of links in mail.
        locale: Locale of templates whose files name none, and of whoever told us no other.
        accepting: Who may accept, and what needs approval.
        own_mails: The workspace's templates of mails about orders, by name, in place of the shipped ones.
        queues: Queues of tasks that are written, by name.
        launch_approval: Whose approval a change needs before it goes live.
    """

    version: str
    currency: str
    zone: str
    sender: Sender
    catalog: Catalog
    signals: Mapping[str, Rule]
    policy: Policy
    workflows: Mapping[str, Workflow]
    earlier: Mapping[str, Workflow] = msgspec.field(default_factory=dict)
    stage: Rule | None = None
    incidents: tuple[Incident, ...] = ()
    sold_out: Mapping[str, Moment] = msgspec.field(default_factory=dict)
    segments: Mapping[str, Segment] = msgspec.field(default_factory=dict)
    spent: Mapping[str, Spent] = msgspec.field(default_factory=dict)
    benchmarks: Benchmarks = msgspec.field(default_factory=dict)
    layers: Mapping[str, LayerShare] = msgspec.field(default_factory=dict)
    pauses: Mapping[str, tuple[Pause, ...]] = msgspec.field(default_factory=dict)
    reports: Reports = Reports()
    costs: Costs = msgspec.field(default_factory=Costs)
    senders: Mapping[str, Sender] = msgspec.field(default_factory=dict)
    stops: tuple[Stop, ...] = ()
    links: Links = Links()
    locale: str = "en"
    accepting: Accepting = Accepting()
    own_mails: Mapping[str, Content] = msgspec.field(default_factory=dict)
    queues: Mapping[str, Queue] = msgspec.field(default_factory=dict)
    launch_approval: LaunchApproval = LaunchApproval.ANOTHER_PERSON

    def sender_of(self, workflow: Workflow | None) -> Sender:
        """Give who mail of a workflow comes from: the one it names, while there is one of that name."""
        return self.sender if workflow is None else self.senders.get(workflow.sender, self.sender)

    def of_version(self, key: str, version: str) -> Workflow | None:
        """Give the workflow as an enrollment entered it; None when that version is not kept."""
        live = self.workflows.get(key)
        if live is not None and live.version == version:
            return live
        return self.earlier.get(version)


def with_earlier(program: Program, workflows: Iterable[Workflow]) -> Program:
    """Give the program with earlier versions of workflows beside it, for units that entered them."""
    kept = {workflow.version: workflow for workflow in workflows}
    return msgspec.structs.replace(program, earlier=kept)


def with_incidents(program: Program, incidents: tuple[Incident, ...]) -> Program:
    """Give the program with the incidents for everyone that are known."""
    return msgspec.structs.replace(program, incidents=incidents)


def with_pauses(program: Program, pauses: Iterable[Pause]) -> Program:
    """Give the program with the pauses of its workflows that are known."""
    by_workflow: dict[str, tuple[Pause, ...]] = {}
    for pause in pauses:
        by_workflow[pause.workflow] = (*by_workflow.get(pause.workflow, ()), pause)
    return msgspec.structs.replace(program, pauses=by_workflow)


def with_stops(program: Program, stops: tuple[Stop, ...]) -> Program:
    """Give the program with what is known to have been stopped by hand."""
    return msgspec.structs.replace(program, stops=stops)


def with_sold_out(
    program: Program, sold_out: Mapping[str, Moment], spent: Mapping[str, Spent] | None = None
) -> Program:
    """Give the program with when its offers, and the discount budgets of its workflows, ran out."""
    return msgspec.structs.replace(program, sold_out=sold_out, spent=spent or {})


def with_benchmarks(program: Program, benchmarks: Benchmarks) -> Program:
    """Give the program with what peers use."""
    return msgspec.structs.replace(program, benchmarks=benchmarks)
