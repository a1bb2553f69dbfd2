"""The contract of a source: laws that every source keeps, to be run over examples of what its vendor sends.

For whoever writes a source: give an ``Example``, and let pytest ask each of ``LAWS``::

    @pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
    def test_my_source_keeps_the_contract(law):
        law(my_example())

Nothing here touches a database: what one of these laws says of two events, the ledger holds them to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from upsell.clock import HOUR, Moment
from upsell.errors import DefinitionError
from upsell.ids import is_anonymous
from upsell.signals.event_table import EVENT_TABLE
from upsell.signals.events import Event
from upsell.sources.bounds import FARTHEST_AHEAD, LARGEST_EVENT
from upsell.sources.definitions import read_source
from upsell.sources.reports import ForgedError, MalformedError
from upsell.sources.segment import Draft
from upsell.sources.source import Delivery, Source, Taken, read_delivery, take_delivery
from upsell.sources.table import unfit
from upsell.workspace.findings import Findings

UNKNOWN: Final = "something-nobody-ever-heard-of"
"""Stands in bodies that no source can know."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A source with examples of what its vendor sends.

    Attributes:
        source: The source, opened.
        now: The present; proofs that state a time state this one.
        makes: What deliveries of the vendor's make: for each a name, the delivery, and the names of its
            events in order, none for one that is passed over.
        seal: Proves a delivery as the vendor does; None for a source that is read by its own login, where
            nothing has to be proved.
        strip: Takes the proof from a delivery.
        signs_body: Whether the proof is of the body too, and no shared secret alone.
        unknown: A body of a kind that no source can know, as the vendor would write it; None where there is
            no such thing.
        other_version: A body of a version that is not known; None where the vendor has no versions.
        lacking: A body that is known and does not say whom it is about.
        lacks: The code with which that is kept aside.
    """

    source: Source
    now: Moment
    makes: Mapping[str, tuple[Delivery, tuple[str, ...]]]
    seal: Callable[[Delivery], Delivery] | None = None
    strip: Callable[[Delivery], Delivery] | None = None
    signs_body: bool = True
    unknown: bytes | None = None
    other_version: bytes | None = None
    lacking: bytes | None = None
    lacks: str = "missing_id"

    def sealed(self, delivery: Delivery) -> Delivery:
        """Give a delivery as it comes from the vendor."""
        return self.seal(delivery) if self.seal is not None else delivery

    def take(self, delivery: Delivery, after: int = 0) -> Taken:
        """Take a delivery that is proved now, ``after`` so long."""
        return take_delivery(self.source, self.sealed(delivery), self.now + after)

    def with_body(self, body: bytes) -> Delivery:
        """Give another body in the place of the first delivery's."""
        first = next(iter(self.makes.values()))[0]
        return msgspec.structs.replace(first, body=body)


def open_source(file: Path, secret: str) -> Source:
    """Open the source in a file ``sources/NAME.yaml`` with a secret.

    Raises:
        DefinitionError: Something is wrong with it; carries every problem.
    """
    findings = Findings()
    found = read_source(str(file), file.stem, file.read_text("utf-8"), findings)
    findings.settle()
    if found is None:
        raise DefinitionError(findings.in_order())
    return found.open(dict.fromkeys(found.settings, secret))


def each_delivery_makes_what_it_says(example: Example) -> None:
    """What the vendor sends becomes the events that are expected, and nothing is refused or kept aside."""
    for name, (delivery, expected) in example.makes.items():
        taken = example.take(delivery)
        _hold(taken.asides == (), f"{name}: kept aside: {taken.asides}")
        wrong = [each for each in taken.items if not isinstance(each, Draft)]
        _hold(not wrong, f"{name}: refused: {wrong}")
        found = tuple(event.name for event in _events(taken))
        _hold(found == expected, f"{name}: expected {expected}, got {found}")
        _hold(bool(found or taken.passed_over), f"{name}: expected that it is counted as passed over")


def an_event_carries_the_name_of_its_source(example: Example) -> None:
    """Ids of two sources never clash, for each event says which source it is of."""
    for name, event in _made(example):
        _hold(event.source == example.source.name, f"{name}: expected the source's name, got {event.source}")
        _hold(event.seen_at == example.now, f"{name}: expected it to be seen now")


def what_is_told_again_is_the_same_event(example: Example) -> None:
    """A delivery that comes again, also an hour later, has the same ids and says the same: nothing is new."""
    for name, (delivery, _) in example.makes.items():
        first, again = _marks(example.take(delivery)), _marks(_take_later(example, delivery))
        _hold(first == again, f"{name}: expected the same ids and contents when told again, got {again}")


def no_two_events_share_an_id(example: Example) -> None:
    """One id stands for one event: the ledger refuses another under it."""
    seen: dict[str, tuple[str, bytes]] = {}
    for name, (delivery, _) in example.makes.items():
        for key, content in _marks(example.take(delivery)):
            other = seen.setdefault(key, (name, content))
            _hold(other[1] == content, f"{name} and {other[0]} share the id {key} and say different things")


def every_event_is_about_somebody(example: Example) -> None:
    """An event names a customer or an account, by an id of those that are known."""
    for name, event in _made(example):
        about = (event.customer_id, event.account_id)
        _hold(any(about), f"{name}: expected a customer or an account")
        _hold(not is_anonymous(event.customer_id or ""), f"{name}: expected a known customer")


def every_time_is_in_range(example: Example) -> None:
    """An event happened since 1970 and not after tomorrow."""
    for name, event in _made(example):
        _hold(0 <= event.occurred_at <= example.now + FARTHEST_AHEAD, f"{name}: {event.occurred_at}")


def every_fixed_event_says_what_the_table_says(example: Example) -> None:
    """An event of the table has the table's properties in the table's kinds, and is none of Upsell's own."""
    for name, event in _made(example):
        known = EVENT_TABLE.get(event.name)
        _hold(known is None or not known.is_ours, f"{name}: {event.name} is what Upsell itself records")
        _hold(unfit(event.name, event.properties) is None, f"{name}: {unfit(event.name, event.properties)}")


def what_is_forged_is_refused(example: Example) -> None:
    """Without its proof, with another body under its proof, or with a bent proof, nothing is read."""
    if example.seal is None or example.strip is None:
        return
    for name, (delivery, _) in example.makes.items():
        good = example.seal(delivery)
        for what, forged in _forgeries(example, good):
            try:
                take_delivery(example.source, forged, example.now)
            except ForgedError as error:
                shown = str(error)
                _hold(
                    not any(secret in shown for secret in example.source.secrets), f"{name}: a secret shows"
                )
            else:
                msg = f"{name}: expected ForgedError for {what}, got it taken"
                raise AssertionError(msg)


def a_body_that_is_none_is_malformed(example: Example) -> None:
    """What cannot be read at all is refused by name, whatever it is, and never breaks anything."""
    for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}'):
        try:
            taken = example.take(example.with_body(body))
        except (ForgedError, MalformedError) as error:
            # A vendor that signs text alone cannot have signed bytes that are none.
            _hold(bool(str(error)), "expected words that say what came")
        else:
            _hold(not taken.items, f"expected MalformedError for {body[:10]!r}, got events")


def odd_bodies_make_no_event(example: Example) -> None:
    """A body in JSON that is none of the vendor's makes no event, and is refused or kept aside."""
    for body in (b"null", b"0", b'""', b"[]", b"{}", b"[[]]", b'{"type": {}, "data": [null]}'):
        try:
            taken = example.take(example.with_body(body))
        except MalformedError:
            continue
        _hold(not taken.items, f"expected no event of {body!r}, got {taken.items}")


def an_unknown_kind_is_kept_aside(example: Example) -> None:
    """A kind that nobody knows makes nothing and is kept, with the reason and with what came."""
    if example.unknown is not None:
        taken = example.take(example.with_body(example.unknown))
        _hold(taken.items == (), f"expected no event, got {taken.items}")
        _hold([each.code for each in taken.asides] == ["unknown_kind"], f"got {taken.asides}")
        _hold(UNKNOWN in taken.asides[0].body, "expected the body to be kept")


def an_unknown_version_is_kept_aside(example: Example) -> None:
    """A body of a version that is not known makes nothing, whatever stands in it."""
    if example.other_version is not None:
        taken = example.take(example.with_body(example.other_version))
        _hold(taken.items == (), f"expected no event, got {taken.items}")
        _hold([each.code for each in taken.asides] == ["unknown_version"], f"got {taken.asides}")


def what_lacks_an_id_is_kept_aside(example: Example) -> None:
    """A body that does not say whom it is about makes nothing, and says what it lacks."""
    if example.lacking is not None:
        taken = example.take(example.with_body(example.lacking))
        _hold(taken.items == (), f"expected no event, got {taken.items}")
        _hold({each.code for each in taken.asides} == {example.lacks}, f"got {taken.asides}")


def nothing_that_is_kept_holds_a_secret(example: Example) -> None:
    """A secret that stands in a body is in nothing that is kept of it; no body is kept beyond 32 KiB."""
    for secret in example.source.secrets:
        told = {UNKNOWN: secret, "type": secret, "padding": "x" * 2 * LARGEST_EVENT}
        try:
            taken = example.take(example.with_body(msgspec.json.encode(told)))
        except MalformedError as error:
            _hold(secret not in str(error), "a secret is told")
            continue
        for each in taken.asides:
            _hold(secret not in each.body, "a secret is kept")
            _hold(secret not in each.message, "a secret is told")
            _hold(len(each.body) <= LARGEST_EVENT + len(secret), "too much is kept")


Law = Callable[[Example], None]

LAWS: Final[tuple[Law, ...]] = (
    each_delivery_makes_what_it_says,
    an_event_carries_the_name_of_its_source,
    what_is_told_again_is_the_same_event,
    no_two_events_share_an_id,
    every_event_is_about_somebody,
    every_time_is_in_range,
    every_fixed_event_says_what_the_table_says,
    what_is_forged_is_refused,
    a_body_that_is_none_is_malformed,
    odd_bodies_make_no_event,
    an_unknown_kind_is_kept_aside,
    an_unknown_version_is_kept_aside,
    what_lacks_an_id_is_kept_aside,
    nothing_that_is_kept_holds_a_secret,
)
"""Every law; each raises AssertionError with what was expected and what came."""


def _hold(is_so: bool, words: str) -> None:
    """Hold an example to something.

    Raises:
        AssertionError: It is not so.
    """
    if not is_so:
        raise AssertionError(words)


def _events(taken: Taken) -> Iterator[Event]:
    return (each.event for each in taken.items if isinstance(each, Draft))


def _made(example: Example) -> Iterator[tuple[str, Event]]:
    for name, (delivery, _) in example.makes.items():
        for event in _events(example.take(delivery)):
            yield name, event


def _marks(taken: Taken) -> list[tuple[str, bytes]]:
    return [(each.event.id, each.hash) for each in taken.items if isinstance(each, Draft)]


def _take_later(example: Example, delivery: Delivery) -> Taken:
    """Take a delivery an hour later, read as it was proved then."""
    return read_delivery(example.source, delivery, example.now + HOUR)


def _forgeries(example: Example, good: Delivery) -> Iterator[tuple[str, Delivery]]:
    """Give what somebody without the secret could send."""
    if example.strip is not None:
        yield "a delivery without its proof", example.strip(good)
    if example.signs_body:
        yield "another body", msgspec.structs.replace(good, body=good.body + b" ")
    bare = example.strip(good).headers if example.strip is not None else good.headers
    for name, said in good.headers.items():
        if bare.get(name) == said:
            continue
        for what, bent in (("an empty", ""), ("a bent", _bent(said)), ("another", "x")):
            yield f"{what} {name}", msgspec.structs.replace(good, headers={**good.headers, name: bent})


def _bent(said: str) -> str:
    """Give a text with its middle letter changed for another of its kind."""
    at = len(said) // 2
    other = "0" if said[at : at + 1] != "0" else "1"
    return f"{said[:at]}{other}{said[at + 1 :]}"
