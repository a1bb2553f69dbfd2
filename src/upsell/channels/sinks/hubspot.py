"""HubSpot: tasks of ours as tasks there, and their outcomes back.

A task is upserted by a property of its own that HubSpot holds to being unique, so repeating a request makes
no second task. What people do with it there stays: only a closing changes its status.

Source: HubSpot's reference of the CRM API v3 for tasks (batch upsert, search), and of associations v4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import msgspec

from upsell.channels.border import Border, BorderError
from upsell.channels.calling import Caller, CallError
from upsell.channels.sinks.cards import TaskCard
from upsell.channels.sinks.definition import Sort, usual_setting
from upsell.channels.sinks.desks import (
    DESK_KEYS,
    FIELD,
    OWNERS,
    TIMEOUT,
    TRAIT,
    DeskDefinition,
    ask,
    need,
    owners_of,
    queues_of,
    read_object,
)
from upsell.channels.sinks.sink import Closing, Outcome, Parcel, Reply, Sink, failed_reply, read_reply
from upsell.clock import SECOND, Moment, format_moment, parse_moment
from upsell.workspace.findings import Findings
from upsell.workspace.items import Record
from upsell.workspace.scalars import SETTING, URL
from upsell.workspace.shapes import Key, RecordOf

API: Final = "https://api.hubapi.com"
KEY_PROPERTY: Final = "upsell_task_key"
"""The property of tasks there that holds our key."""

TASKS: Final = "0-27"
"""What associations call tasks."""

MOST_HEARD: Final = 100
"""How many closed tasks are asked for at a time."""

MOST_PAGES: Final = 100
"""How often more are asked for of those that were completed at one moment."""

_SHAPE: Final = RecordOf(
    {
        "hubspot": Key(
            RecordOf(
                {
                    "token": Key(
                        SETTING,
                        "variable that holds a private app's token; without it UPSELL_SECRET_SINK_ and the "
                        "file's name",
                    ),
                    "company": Key(TRAIT, "trait of the account that holds the company's id at HubSpot"),
                    "contact": Key(TRAIT, "trait of the customer that holds the contact's id at HubSpot"),
                    "outcome": Key(
                        FIELD, "property of tasks there in which people say what came of it; without it done"
                    ),
                    "owners": OWNERS,
                    "url": Key(URL, f"where its API is; {API}"),
                    **DESK_KEYS,
                }
            ),
            "tasks at HubSpot",
            True,
        )
    }
)


class HubSpotDefinition(DeskDefinition, frozen=True, kw_only=True):
    """HubSpot as it is written."""

    company: str
    contact: str
    outcome: str

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits that hold ids at HubSpot."""
        return tuple(filter(None, (self.company, self.contact)))

    def open(self, secrets: Mapping[str, str], border: Border) -> Sink:
        """Give HubSpot with its token.

        Raises:
            ConfigError: The token is not set, or is fit for no header.
        """
        return HubSpotDesk(self, need(self.settings, secrets)[0], border)


class HubSpotDesk:
    """HubSpot with its token."""

    def __init__(self, definition: HubSpotDefinition, token: str, border: Border) -> None:
        """Open nothing yet."""
        self._as = definition
        self._token = token
        self._caller = Caller(border, connections=1, timeout=TIMEOUT)

    async def deliver(self, parcel: Parcel, now: Moment) -> Reply:
        """Make a task there, or bring it to what it is now; see ``Sink.deliver``."""
        card = self._as.card_of(parcel)
        if card is None:
            return Reply(Outcome.TAKEN, "no task for it")
        told = {"idProperty": KEY_PROPERTY, "id": card.key, "properties": self._properties(card)}
        vendor_id = ""
        try:
            answer = await self._ask("POST", "/crm/v3/objects/tasks/batch/upsert", {"inputs": [told]})
            reply = read_reply(answer, now)
            if reply.outcome is not Outcome.TAKEN:
                return reply
            results = read_object(answer).get("results")
            # 207: the batch was taken and the task in it was not.
            if answer.status == HTTPStatus.MULTI_STATUS or not isinstance(results, list) or not results:
                return Reply(Outcome.FAILED, answer.said())
            vendor_id = str(results[0].get("id", ""))
            for kind, trait in (("company", self._as.company), ("contact", self._as.contact)):
                whose = card.traits.get(trait) if trait else None
                if whose:
                    path = f"/crm/v4/objects/{TASKS}/{quote(vendor_id)}/associations/default/{kind}/"
                    linked = await self._ask("PUT", path + quote(str(whose), safe=""))
                    if not linked.is_success:
                        # It is there, though it failed: known, its status is not set again.
                        return msgspec.structs.replace(read_reply(linked, now), vendor_id=vendor_id)
        except (BorderError, CallError) as error:
            return msgspec.structs.replace(failed_reply(error), vendor_id=vendor_id)
        return Reply(Outcome.TAKEN, str(answer.status), vendor_id=vendor_id)

    async def knock(self, now: Moment) -> Reply:
        """See whether the token is good and tasks there have our property; see ``Sink.knock``."""
        try:
            answer = await self._ask("GET", f"/crm/v3/properties/tasks/{KEY_PROPERTY}")
            if answer.status == HTTPStatus.NOT_FOUND:
                said = f"tasks there have no property {KEY_PROPERTY} yet; the guide says how it is made"
                return Reply(Outcome.FAILED, said)
            reply = read_reply(answer, now)
            if reply.outcome is Outcome.TAKEN and read_object(answer).get("hasUniqueValue") is not True:
                return Reply(Outcome.FAILED, f"the property {KEY_PROPERTY} there does not hold unique values")
        except (BorderError, CallError) as error:
            return failed_reply(error)
        return msgspec.structs.replace(reply, said=reply.said[:3])

    async def closings(self, since: Moment) -> list[Closing]:
        """Give tasks of ours that were completed there since a moment; see ``Desk.closings``.

        Where there are more than are given, these reach past that moment: its own are given all.
        """
        told, at, passed = list[Closing](), since * 1_000 // SECOND, ""
        for _ in range(MOST_PAGES):
            found = await (self._completed_at(at, passed) if passed else self._completed_since(at))
            said = [each.get("properties") or {} for each in found]
            told += [closing for each in said if (closing := self._closing(each)) is not None]
            is_full = len(found) >= MOST_HEARD
            if passed:
                at, passed = (at, str(found[-1].get("id"))) if is_full else (at + 1, "")
                continue
            if not is_full:
                return told
            last = parse_moment(str(said[-1].get("hs_lastmodifieddate")))
            if last is None:
                raise CallError("did not say when a task was changed", is_sent=True)
            if last * 1_000 // SECOND > at:
                at = last * 1_000 // SECOND
                if len(told) >= MOST_HEARD:
                    return told
            else:
                passed = "0"
        raise CallError(f"over {MOST_PAGES * MOST_HEARD:,} tasks were completed at one moment", is_sent=True)

    async def _completed_since(self, at: int) -> list[dict[str, Any]]:
        """Give the first tasks of ours, by when they were changed, completed since a millisecond."""
        since = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(at)}
        return await self._search([since], "hs_lastmodifieddate")

    async def _completed_at(self, at: int, passed: str) -> list[dict[str, Any]]:
        """Give the first tasks of ours behind an id, by their ids, completed at a millisecond.

        A search sorts by one property, so those of one moment are gone through by themselves.
        """
        only = {"operator": "BETWEEN", "value": str(at), "highValue": str(at)}
        within = {"propertyName": "hs_lastmodifieddate", **only}
        behind = {"propertyName": "hs_object_id", "operator": "GT", "value": passed}
        return await self._search([within, behind], "hs_object_id")

    async def _search(self, filters: Sequence[Mapping[str, str]], by: str) -> list[dict[str, Any]]:
        """Give the first tasks of ours that are completed and pass filters."""
        ours = {"propertyName": KEY_PROPERTY, "operator": "HAS_PROPERTY"}
        completed = {"propertyName": "hs_task_status", "operator": "EQ", "value": "COMPLETED"}
        asked = {
            "filterGroups": [{"filters": [ours, completed, *filters]}],
            "properties": [KEY_PROPERTY, "hs_lastmodifieddate", *filter(None, [self._as.outcome])],
            "sorts": [by],
            "limit": MOST_HEARD,
        }
        answer = await self._ask("POST", "/crm/v3/objects/tasks/search", asked)
        if not answer.is_success:
            raise CallError(f"did not say what was closed: {answer.said()}", is_sent=True)
        found: list[dict[str, Any]] = read_object(answer).get("results", [])
        return found

    async def close(self) -> None:
        """Close every kept connection."""
        await self._caller.close()

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        return await ask(self._caller, method, self._as.where.rstrip("/") + path, self._token, body)

    def _properties(self, card: TaskCard) -> dict[str, str]:
        is_closed = card.closed_at is not None
        said = {
            "hs_timestamp": format_moment(card.due_at),
            "hs_task_subject": card.title,
            "hs_task_body": card.text,
        }
        if is_closed or not card.vendor_id:
            said["hs_task_status"] = "COMPLETED" if is_closed else "NOT_STARTED"
        if card.owner in self._as.owners:
            said["hubspot_owner_id"] = self._as.owners[card.owner]
        if self._as.outcome and card.outcome:
            said[self._as.outcome] = card.outcome
        return said

    def _closing(self, said: Mapping[str, Any]) -> Closing | None:
        key, at = said.get(KEY_PROPERTY), parse_moment(str(said.get("hs_lastmodifieddate")))
        if not isinstance(key, str) or not key or at is None:
            return None
        outcome = str(said.get(self._as.outcome) or "") if self._as.outcome else ""
        return Closing(key, at, outcome)


def _read(name: str, written: Record, findings: Findings) -> HubSpotDefinition | None:  # noqa: ARG001  # as every sort's
    said = written.record("hubspot")
    if said is None:
        return None
    return HubSpotDefinition(
        name=name,
        place=written.place,
        where=said.text("url", API),
        settings=(said.text("token", usual_setting(name)),),
        company=said.text("company"),
        contact=said.text("contact"),
        outcome=said.text("outcome"),
        owners=owners_of(said),
        queues=queues_of(said),
    )


HUBSPOT: Final = Sort("tasks at HubSpot, whose outcomes come back", _SHAPE, _read)
"""The sort of sink that is HubSpot."""
