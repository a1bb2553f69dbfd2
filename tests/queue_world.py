"""A database with work for people: five tasks of two queues, with what a page about them has to say."""

from __future__ import annotations

from tests.live_world import make_documents, open_world
from tests.stories.world import START, workflow
from upsell.clock import DAY, HOUR
from upsell.ids import account_unit
from upsell.runtime.task_desk import TaskDesk, Wanted
from upsell.workspace.documents import Documents

NOW = START + DAY
"""When the queue is looked at; one task is overdue by then."""
QUEUES = """
success:
  people:
    - {id: ana, name: Ana Ruiz, mail: ana@acme.example}
    - {id: ben, name: Ben Okoro, mail: ben@acme.example}
  give: nobody
  sla: 2 working days
renewals: {}
"""
FLOW = workflow(
    trigger="{on: Pricing Viewed, again_after: 1 days}",
    journey="[{task: {queue: success, title: Talk about annual, offer: pro-annual, chance: 0.3,"
    " talk_track: Ask what the busiest month looked like.,"
    " objections: [{says: It is too dear, answer: Two months are free.}]}}]",
    unit="account",
)


HELP = workflow(
    trigger="{on: Guide Viewed, again_after: 1 days}", journey="[{email: {content: t1, intent: help}}]"
)


def queue_documents() -> Documents:
    """Give the workspace that asks for the work."""
    return {**make_documents({"flow": FLOW, "help": HELP}), "queues.yaml": QUEUES}


def fill_queue(url: str) -> None:
    """Open work for three accounts, given to nobody: three tasks of success and two renewals, one overdue."""
    with open_world(url) as world:
        world.apply(queue_documents())
        for number in range(3):
            account = f"acme{number}"
            world.happens("Subscription Started", None, account, plan="starter", amount=4900, currency="USD")
            world.happens("Usage Recorded", None, account, metric="api_calls", quantity=850 + 100 * number)
            world.happens(
                "Customer Identified", f"ada{number}", account, email=f"ada{number}@example.com", country="DE"
            )
            world.happens("Pricing Viewed", None, account)
        world.settle()
        desk = TaskDesk(url, world.clock)
        for number, due_at in enumerate((NOW - HOUR, NOW + 5 * DAY)):
            desk.open(
                Wanted(
                    unit_id=account_unit(f"acme{number}"),
                    reason="renewal",
                    queue="renewals",
                    title=f"Renew {number}",
                    due_at=due_at,
                    value=number * 700_000,
                    by="crm",
                )
            )
