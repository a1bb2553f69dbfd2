"""A simulated company: all its accounts living side by side, and hearing what reaches them.

A source of timed events that answers to mail. The law: it knows nothing of workflows or arms
beyond the messages that arrived, so what it does because of them is what they caused.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from upsell.clock import Moment
from upsell.runtime.company import Company, index_of
from upsell.runtime.lives import Life
from upsell.signals.events import Event


class Simulation:
    """The accounts of a company, lived forward together."""

    def __init__(self, company: Company) -> None:
        """Bring every account to life; nothing has happened yet."""
        self.company = company
        self._lives = [Life(company, index) for index in range(company.accounts)]
        self._agenda: list[tuple[Moment, int]] = []
        for index in range(company.accounts):
            self._plan(index)
        heapify(self._agenda)

    def history(self) -> list[Event]:
        """Give what happened before the simulated year: sign-ups and subscriptions, in order of time."""
        return self.take_until(self.company.starts_at - 1)

    def next_at(self) -> Moment | None:
        """Give when something next happens, None when nothing more will."""
        return self._agenda[0][0] if self._agenda else None

    def take_until(self, at: Moment) -> list[Event]:
        """Give what happens up to and including ``at``, in order of time."""
        happened: list[Event] = []
        while self._agenda and self._agenda[0][0] <= at:
            _, index = heappop(self._agenda)
            happened += self._lives[index].live_until(at)
            self._plan(index)
        happened.sort(key=lambda event: (event.occurred_at, event.id))
        return happened

    def hear(self, account: str, workflow: str, at: Moment, arm: str | None = None) -> None:
        """Let a message of a workflow, said in an arm where it has any, reach an account at ``at``."""
        index = index_of(account)
        self._lives[index].hear(workflow, at, arm)
        self._plan(index)

    def _plan(self, index: int) -> None:
        # An entry that a later one made useless finds nothing to do when its time comes.
        next_at = self._lives[index].next_at()
        if next_at is not None:
            heappush(self._agenda, (next_at, index))
