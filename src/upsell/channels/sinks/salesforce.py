"""Salesforce: tasks of ours as tasks there, and their outcomes back.

A task is upserted by a field that is an external id and unique, so repeating a request makes no second task.
What people do with it there stays: only a closing changes its status.

Source: Salesforce's REST API developer guide ("Insert or Update (Upsert) a Record Using an External ID",
"Query"), and the OAuth 2.0 client credentials flow of its help. No formal description is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from upsell.channels.border import Border, BorderError
from upsell.channels.calling import Called, Caller, CallError
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
from upsell.clock import Moment, parse_moment, to_datetime
from upsell.workspace.findings import Findings
from upsell.workspace.items import Record
from upsell.workspace.scalars import SETTING, URL
from upsell.workspace.shapes import Key, RecordOf

VERSION: Final = "v60.0"
KEY_FIELD: Final = "Upsell_Key__c"
"""The field of tasks there that holds our key, unless the file says another."""

MOST_HEARD: Final = 200
"""How many closed tasks are asked for at a time."""

MOST_PAGES: Final = 100
"""How often more are asked for of those that were closed in one second."""

_SHAPE: Final = RecordOf(
    {
        "salesforce": Key(
            RecordOf(
                {
                    "url": Key(URL, "where it is: https://YOUR-DOMAIN.my.salesforce.com", True),
                    "client_id": Key(
                        SETTING,
                        "variable that holds the connected app's consumer key; without it "
                        "UPSELL_SECRET_SINK_, the file's name and _ID",
                    ),
                    "client_secret": Key(
                        SETTING,
                        "variable that holds its consumer secret; without it UPSELL_SECRET_SINK_ and the "
                        "file's name",
                    ),
                    "key": Key(FIELD, f"field of tasks that is an external id and unique; {KEY_FIELD}"),
                    "account": Key(TRAIT, "trait of the account that holds its id at Salesforce"),
                    "contact": Key(TRAIT, "trait of the customer that holds the contact's id at Salesforce"),
                    "outcome": Key(
                        FIELD, "field of tasks in which people say what came of it; without it done"
                    ),
                    "owners": OWNERS,
                    **DESK_KEYS,
                }
            ),
            "tasks at Salesforce",
            True,
        )
    }
)


class SalesforceDefinition(DeskDefinition, frozen=True, kw_only=True):
    """Salesforce as it is written."""

    key: str
    account: str
    contact: str
    outcome: str

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits that hold ids at Salesforce."""
        return tuple(filter(None, (self.account, self.contact)))

    def open(self, secrets: Mapping[str, str], border: Border) -> Sink:
        """Give Salesforce with its secrets.

        Raises:
            ConfigError: One of them is not set, or is fit for no header.
        """
        client_id, client_secret = need(self.settings, secrets)
        return SalesforceDesk(self, client_id, client_secret, border)


class SalesforceDesk:
    """Salesforce with its secrets."""

    def __init__(
        self, definition: SalesforceDefinition, client_id: str, client_secret: str, border: Border
    ) -> None:
        """Open nothing yet."""
        self._as = definition
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._caller = Caller(border, connections=1, timeout=TIMEOUT)
        self._token = ""

    async def deliver(self, parcel: Parcel, now: Moment) -> Reply:
        """Make a task there, or bring it to what it is now; see ``Sink.deliver``."""
        card = self._as.card_of(parcel)
        if card is None:
            return Reply(Outcome.TAKEN, "no task for it")
        path = f"sobjects/Task/{self._as.key}/{quote(card.key, safe='')}"
        try:
            answer = await self._ask("PATCH", path, self._fields(card))
            made = read_object(answer) if answer.is_success and answer.body else {}
        except (BorderError, CallError) as error:
            return failed_reply(error)
        if not answer.is_success:
            return read_reply(answer, now)
        return Reply(Outcome.TAKEN, str(answer.status), vendor_id=str(made.get("id", "")))

    async def knock(self, now: Moment) -> Reply:
        """See whether the secrets are good and tasks there have our field; see ``Sink.knock``."""
        try:
            answer = await self._ask(
                "GET", "query?" + urlencode({"q": f"SELECT {self._as.key} FROM Task LIMIT 1"})
            )
        except (BorderError, CallError) as error:
            return failed_reply(error)
        reply = read_reply(answer, now)
        return msgspec.structs.replace(reply, said=reply.said[:3]) if answer.is_success else reply

    async def closings(self, since: Moment) -> list[Closing]:
        """Give tasks of ours that were closed there since a moment; see ``Desk.closings``.

        Where there are more than are given, these reach past that moment: its own are given all.
        """
        told, behind = list[Closing](), f"LastModifiedDate >= {_second(since)}"
        for _ in range(MOST_PAGES):
            records, is_last = await self._closed(behind)
            told += [closing for each in records if (closing := self._closing(each)) is not None]
            if is_last:
                return told
            at = parse_moment(str(records[-1].get("LastModifiedDate")))
            if at is None:
                raise CallError("did not say when a task was changed", is_sent=True)
            if at > since and len(told) >= MOST_HEARD:
                return told
            # Moments are to the second and many may share one, so it goes on by the id as well.
            passed = f"LastModifiedDate = {_second(at)} AND Id > '{records[-1].get('Id')}'"
            behind = f"(LastModifiedDate > {_second(at)} OR ({passed}))"
        raise CallError(f"over {MOST_PAGES * MOST_HEARD:,} tasks were closed in one second", is_sent=True)

    async def _closed(self, behind: str) -> tuple[list[dict[str, Any]], bool]:
        """Give the first tasks of ours, of those behind something, that are closed; and whether it is all."""
        names = ", ".join(filter(None, ("Id", self._as.key, "LastModifiedDate", self._as.outcome)))
        asked = (
            f"SELECT {names} FROM Task WHERE {self._as.key} != null AND IsClosed = true "
            f"AND {behind} ORDER BY LastModifiedDate, Id LIMIT {MOST_HEARD}"
        )
        answer = await self._ask("GET", "query?" + urlencode({"q": asked}))
        if not answer.is_success:
            raise CallError(f"did not say what was closed: {answer.said()}", is_sent=True)
        said = read_object(answer)
        records = said.get("records", [])
        # An answer may hold fewer than were asked for, and says so.
        return records, not records or (len(records) < MOST_HEARD and said.get("done") is not False)

    async def close(self) -> None:
        """Close every kept connection."""
        await self._caller.close()

    async def _ask(self, method: str, path: str, body: object = None) -> Called:
        """Ask with a token, and once more with a new one where that is no longer good."""
        url = f"{self._as.where.rstrip('/')}/services/data/{VERSION}/{path}"
        if self._token:
            answer = await ask(self._caller, method, url, self._token, body)
            if answer.status != HTTPStatus.UNAUTHORIZED:
                return answer
        self._token = await self._new_token()
        return await ask(self._caller, method, url, self._token, body)

    async def _new_token(self) -> str:
        said = urlencode({"grant_type": "client_credentials", **self._client}).encode()
        url = f"{self._as.where.rstrip('/')}/services/oauth2/token"
        answer = await self._caller.call(
            "POST", url, {"content-type": "application/x-www-form-urlencoded"}, said
        )
        token = read_object(answer).get("access_token") if answer.is_success else None
        if not isinstance(token, str):
            raise CallError(f"let us not in: {answer.said()}", is_sent=True)
        return token

    def _fields(self, card: TaskCard) -> dict[str, str]:
        said = {
            "Subject": card.title[:255],
            "Description": card.text,
            "ActivityDate": f"{to_datetime(card.due_at):%Y-%m-%d}",
        }
        if card.closed_at is not None or not card.vendor_id:
            said["Status"] = "Not Started" if card.closed_at is None else "Completed"
        for field, trait in (("WhatId", self._as.account), ("WhoId", self._as.contact)):
            if trait and card.traits.get(trait):
                said[field] = str(card.traits[trait])
        if card.owner in self._as.owners:
            said["OwnerId"] = self._as.owners[card.owner]
        if self._as.outcome and card.outcome:
            said[self._as.outcome] = card.outcome
        return said

    def _closing(self, said: Mapping[str, Any]) -> Closing | None:
        key, at = said.get(self._as.key), parse_moment(str(said.get("LastModifiedDate")))
        if not isinstance(key, str) or not key or at is None:
            return None
        return Closing(key, at, str(said.get(self._as.outcome) or "") if self._as.outcome else "")


def _second(at: Moment) -> str:
    """Write a moment as queries do, down to the second."""
    return f"{to_datetime(at):%Y-%m-%dT%H:%M:%SZ}"


def _read(name: str, written: Record, findings: Findings) -> SalesforceDefinition | None:  # noqa: ARG001  # as every sort's
    said = written.record("salesforce")
    if said is None:
        return None
    usual = usual_setting(name)
    return SalesforceDefinition(
        name=name,
        place=written.place,
        where=said.text("url"),
        settings=(said.text("client_id", f"{usual}_ID"), said.text("client_secret", usual)),
        key=said.text("key", KEY_FIELD),
        account=said.text("account"),
        contact=said.text("contact"),
        outcome=said.text("outcome"),
        owners=owners_of(said),
        queues=queues_of(said),
    )


SALESFORCE: Final = Sort("tasks at Salesforce, whose outcomes come back", _SHAPE, _read)
"""The sort of sink that is Salesforce."""
