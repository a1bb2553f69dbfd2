"""The contract of a channel catches whoever breaks it: each of these breaks one law."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import pytest

from tests.channel_examples import EXAMPLES
from upsell.channels.channel import Answer, Channel, Letter, Receipt
from upsell.testing import channel_contract as contract


class Wrapped:
    """A channel that keeps the contract; what is made of it does not."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        return await self._channel.send(letters, within)

    async def close(self) -> None:
        await self._channel.close()


class Forgetting(Wrapped):
    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        return (await super().send(letters, within))[1:]


class Hoping(Wrapped):
    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        told = await super().send(letters, within)
        return [
            msgspec.structs.replace(each, answer=Answer.ACCEPTED) if each.answer is Answer.UNKNOWN else each
            for each in told
        ]


class Insisting(Wrapped):
    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        told = {each.key: each for each in await super().send(letters, within)}
        unsure = [each for each in letters if told[each.key].answer is Answer.UNKNOWN]
        again = await super().send(unsure, within) if unsure else []
        return list((told | {each.key: each for each in again}).values())


class Dawdling(Wrapped):
    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        return await super().send(letters, within + 10)


class Nameless(Wrapped):
    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        keys = {f"other{id(self)}-{number}": each.key for number, each in enumerate(letters)}
        renamed = [msgspec.structs.replace(each, key=key) for key, each in zip(keys, letters, strict=True)]
        told = await super().send(renamed, within)
        return [msgspec.structs.replace(each, key=keys[each.key]) for each in told]


class Fussy(Wrapped):
    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        for letter in letters:
            if not letter.recipient:
                msg = "expected a recipient"
                raise ValueError(msg)
        return await super().send(letters, within)


@pytest.mark.parametrize(
    ("breaks", "law"),
    [
        (Forgetting, contract.every_letter_has_one_receipt),
        (Hoping, contract.accepted_is_only_what_was_taken),
        (Hoping, contract.what_may_have_been_taken_is_unknown),
        (Insisting, contract.what_may_have_been_taken_is_unknown),
        (Dawdling, contract.nothing_is_begun_after_its_time),
        (Dawdling, contract.a_slow_provider_is_left_the_rest),
        (Nameless, contract.a_key_that_comes_again_is_taken_once),
        (Fussy, contract.nothing_about_one_letter_is_raised),
    ],
)
def test_a_channel_that_breaks_a_law_is_caught(
    breaks: Callable[[Channel], Channel], law: contract.Law
) -> None:
    good = EXAMPLES["webhooks"]
    broken = msgspec.structs.replace(good, opens=lambda stand_in: breaks(good.opens(stand_in)))
    with pytest.raises((AssertionError, ValueError), match="expected"):
        law(broken)
