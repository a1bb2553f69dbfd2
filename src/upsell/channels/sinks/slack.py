"""Slack: a message for each task, changed while it changes, and buttons that say what came of it.

Slack holds no key of ours to being unique: a message carries it as metadata, and before another is posted,
for a new task or in place of a message that somebody deleted, the channel is looked through for it. What the
buttons say comes in as a source (recipe ``slack``). The law: nothing that a task says pings anybody but its
owner. Source: Slack's reference of chat.postMessage, chat.update, conversations.history, message metadata,
Block Kit, and formatting text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from upsell.channels.border import Border, BorderError
from upsell.channels.calling import Caller, CallError
from upsell.channels.sinks.cards import TaskCard
from upsell.channels.sinks.definition import Sort, usual_setting
from upsell.channels.sinks.desks import (
    DESK_KEYS,
    OWNERS,
    TEXT_ID,
    TIMEOUT,
    DeskDefinition,
    ask,
    need,
    owners_of,
    queues_of,
    read_object,
)
from upsell.channels.sinks.sink import Closing, Outcome, Parcel, Reply, Sink, failed_reply, read_reply
from upsell.clock import SECOND, Moment
from upsell.decisions.task_outcomes import TaskOutcome
from upsell.workspace.findings import Findings
from upsell.workspace.items import Record
from upsell.workspace.scalars import SETTING, URL
from upsell.workspace.shapes import Key, RecordOf

API: Final = "https://slack.com/api"
EVENT_TYPE: Final = "upsell_task"
"""The type of a message's metadata."""

ANSWERS: Final[Mapping[TaskOutcome, str]] = {
    TaskOutcome.MEETING_SET: "Meeting set",
    TaskOutcome.WON: "Won",
    TaskOutcome.NOT_NOW: "Not now",
    TaskOutcome.LOST: "Lost",
    TaskOutcome.NO_ANSWER: "No answer",
}
"""The buttons: what each closes a task as, and what stands on it."""

MOST_TEXT: Final = 3_000
"""Characters a section of Block Kit holds."""

MOST_TITLE: Final = 150
"""Characters a header of Block Kit holds."""

_PAGE: Final = 100
_PAGES: Final = 5
_CLOSED: Final = " closed"
_DELETED: Final = "message_not_found"

_SHAPE: Final = RecordOf(
    {
        "slack": Key(
            RecordOf(
                {
                    "channel": Key(TEXT_ID, "id of the channel, such as C0123456789", True),
                    "token": Key(
                        SETTING,
                        "variable that holds the app's bot token (xoxb-...); without it UPSELL_SECRET_SINK_ "
                        "and the file's name",
                    ),
                    "owners": OWNERS,
                    "url": Key(URL, f"where its API is; {API}"),
                    **DESK_KEYS,
                }
            ),
            "a channel at Slack",
            True,
        )
    }
)


class SlackDefinition(DeskDefinition, frozen=True, kw_only=True):
    """Slack as it is written."""

    channel: str
    traits: tuple[str, ...] = ()

    def open(self, secrets: Mapping[str, str], border: Border) -> Sink:
        """Give Slack with its token.

        Raises:
            ConfigError: The token is not set, or is fit for no header.
        """
        return SlackDesk(self, need(self.settings, secrets)[0], border)


class SlackDesk:
    """Slack with its token."""

    def __init__(self, definition: SlackDefinition, token: str, border: Border) -> None:
        """Open nothing yet."""
        self._as = definition
        self._token = token
        self._caller = Caller(border, connections=1, timeout=TIMEOUT)

    async def deliver(self, parcel: Parcel, now: Moment) -> Reply:
        """Post a message for a task, or change the one that is there; see ``Sink.deliver``."""
        card = self._as.card_of(parcel)
        if card is None:
            return Reply(Outcome.TAKEN, "no task for it")
        try:
            return await self._show(card, now)
        except (BorderError, CallError) as error:
            return failed_reply(error)

    async def knock(self, now: Moment) -> Reply:
        """See whether the token is good; see ``Sink.knock``."""
        try:
            reply, _ = await self._ask("auth.test", {}, now)
        except (BorderError, CallError) as error:
            return failed_reply(error)
        return reply

    async def closings(self, since: Moment) -> list[Closing]:  # noqa: ARG002  # as every desk's
        """Give none: the buttons tell of them at once, by a source."""
        return []

    async def close(self) -> None:
        """Close every kept connection."""
        await self._caller.close()

    async def _show(self, card: TaskCard, now: Moment) -> Reply:
        known = card.vendor_id.removesuffix(_CLOSED)
        reply, ts, why = await self._write(card, known or await self._find(card, now), now)
        if why == _DELETED:
            card = msgspec.structs.replace(card, vendor_id="")
            reply, ts, _ = await self._write(card, await self._find(card, now), now)
        if reply.outcome is not Outcome.TAKEN:
            return reply
        if card.closed_at is None or card.vendor_id.endswith(_CLOSED):
            return msgspec.structs.replace(reply, vendor_id=card.vendor_id or ts)
        told = {"channel": self._as.channel, "thread_ts": ts, "text": _escaped(_closed_text(card))}
        reply, _ = await self._ask("chat.postMessage", told, now)
        return msgspec.structs.replace(
            reply, vendor_id=ts + _CLOSED if reply.outcome is Outcome.TAKEN else ts
        )

    async def _write(self, card: TaskCard, ts: str, now: Moment) -> tuple[Reply, str, str]:
        """Bring a message to what a task is now, or post it; give the reply, its ``ts`` and Slack's error."""
        said: dict[str, object] = {
            "channel": self._as.channel,
            "text": _escaped(card.title),
            "blocks": write_blocks(card, self._as.owners),
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": card.key}},
        }
        method = "chat.update" if ts else "chat.postMessage"
        reply, answer = await self._ask(method, said | ({"ts": ts} if ts else {}), now)
        return reply, str(answer.get("ts") or ts), str(answer.get("error") or "")

    async def _find(self, card: TaskCard, now: Moment) -> str:
        """Give the message of a task that was posted without our hearing of it; empty for none."""
        cursor = ""
        for _ in range(_PAGES):
            asked: dict[str, object] = {
                "channel": self._as.channel,
                "oldest": str(card.opened_at // SECOND - 1),
                "include_all_metadata": True,
                "limit": _PAGE,
            }
            reply, answer = await self._ask(
                "conversations.history", asked | ({"cursor": cursor} if cursor else {}), now
            )
            if reply.outcome is not Outcome.TAKEN:
                raise CallError(f"did not show its messages: {reply.said}", is_sent=True)
            for message in answer.get("messages") or []:
                metadata = message.get("metadata") or {}
                if (metadata.get("event_payload") or {}).get("key") == card.key:
                    return str(message.get("ts", ""))
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        return ""

    async def _ask(
        self, method: str, said: Mapping[str, object], now: Moment
    ) -> tuple[Reply, dict[str, Any]]:
        """Call a method; Slack says with 200 too that it did not do it."""
        answer = await ask(self._caller, "POST", f"{self._as.where.rstrip('/')}/{method}", self._token, said)
        reply = read_reply(answer, now)
        if reply.outcome is not Outcome.TAKEN:
            return reply, {}
        content = read_object(answer)
        if content.get("ok") is not True:
            return Reply(Outcome.FAILED, f"{method}: {content.get('error', 'no reason')}"), content
        return Reply(Outcome.TAKEN, "ok"), content


def write_blocks(card: TaskCard, owners: Mapping[str, str]) -> Sequence[Mapping[str, object]]:
    """Write a task in Block Kit; while it is open with a button for each answer.

    A button's value is the id of the account or customer, its block is the task's key, and its action says
    the outcome and whose id it is: the recipe of the source reads these.
    """
    owner = f"<@{owners[card.owner]}>" if card.owner in owners else _escaped(card.owner or "nobody yet")
    whose = f"Account {card.account_id}" if card.account_id else f"Customer {card.customer_id}"
    due = f"<!date^{card.due_at // SECOND}^{{date_short_pretty}} {{time}}|soon>"
    blocks: list[Mapping[str, object]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(card.title, MOST_TITLE)}},
    ]
    if card.text:
        blocks.append(_section(_escaped(card.text)))
    line = f"{_escaped(whose)} · {_escaped(card.queue)} · {owner}"
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": f"{line} · due {due}"}]})
    if card.closed_at is not None:
        return [*blocks, _section(f"*{_escaped(_closed_text(card))}*")]
    kind, whose_id = ("account", card.account_id) if card.account_id else ("customer", card.customer_id)
    buttons = [
        {
            "type": "button",
            "action_id": f"upsell:{outcome.value}:{kind}",
            "text": {"type": "plain_text", "text": words},
            "value": whose_id,
        }
        for outcome, words in ANSWERS.items()
    ]
    return [*blocks, {"type": "actions", "block_id": card.key, "elements": buttons}]


def _section(text: str) -> Mapping[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, MOST_TEXT)}}


def _closed_text(card: TaskCard) -> str:
    return f"Closed: {card.outcome.replace('_', ' ') or 'done'}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _escaped(text: str) -> str:
    """Write a text so that Slack shows it as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _read(name: str, written: Record, findings: Findings) -> SlackDefinition | None:  # noqa: ARG001  # as every sort's
    said = written.record("slack")
    if said is None:
        return None
    return SlackDefinition(
        name=name,
        place=written.place,
        where=said.text("url", API),
        channel=said.text("channel"),
        settings=(said.text("token", usual_setting(name)),),
        owners=owners_of(said),
        queues=queues_of(said),
    )


SLACK: Final = Sort("messages about tasks in a channel of Slack", _SHAPE, _read)
"""The sort of sink that is Slack."""
