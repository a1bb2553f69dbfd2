"""One message to one person is shown on each device, and counts once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.push_servers import VAPID_KEY
from tests.sinks import GATEWAY_SECRET
from tests.stories.world import START
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.devices import Device, DeviceKind, Notification
from upsell.channels.push import PushChannel, combine, devices_of
from upsell.config import Settings
from upsell.decisions.addresses import devices_address
from upsell.errors import ConfigError
from upsell.runtime.carriers import open_channels

ANN = devices_address("ann")
PHONE = Device(DeviceKind.APP, "token-of-a-phone")
LAPTOP = Device(DeviceKind.WEB, "https://web.push.apple.com/laptop")
DESKTOP = Device(DeviceKind.WEB, "https://web.push.apple.com/desktop")


def letter(*devices: Device, to: str = ANN, key: str = "k1") -> Letter:
    return Letter(key, "Acme", "", to, "T", "", "x", START, notification=Notification(devices=devices))


class Remembering:
    """Answers as it is told, by device, and remembers what it was handed."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.pushed: list[tuple[str, Device]] = []

    async def push(self, letter: Letter, device: Device) -> Receipt:
        self.pushed.append((letter.key, device))
        name = device.address.rpartition("/")[2]
        return Receipt(letter.key, self.answers.get(name, Answer.ACCEPTED), name)

    async def close(self) -> None:
        pass


def send(channel: PushChannel, *letters: Letter, within: float = 5.0) -> list[Receipt]:
    return asyncio.run(channel.send(letters, within))


def test_each_device_goes_by_whoever_reaches_its_kind() -> None:
    web, apps = Remembering(), Remembering()
    channel = PushChannel({DeviceKind.WEB: web, DeviceKind.APP: apps})
    receipts = send(channel, letter(LAPTOP, PHONE, DESKTOP), letter(PHONE, key="k2"))
    assert sorted(web.pushed, key=repr) == sorted([("k1", LAPTOP), ("k1", DESKTOP)], key=repr)
    assert sorted(apps.pushed) == [("k1", PHONE), ("k2", PHONE)]
    assert [(each.key, each.answer) for each in receipts] == [
        ("k1", Answer.ACCEPTED),
        ("k2", Answer.ACCEPTED),
    ]


def test_a_token_that_is_the_address_is_a_device_too_and_is_told_once() -> None:
    own = Device(DeviceKind.APP, "token-of-a-tablet")
    assert devices_of(letter(LAPTOP, to="token-of-a-tablet")) == (LAPTOP, own)
    assert devices_of(letter(own, to="token-of-a-tablet")) == (own,)
    assert devices_of(letter(LAPTOP)) == (LAPTOP,), "what stands for all devices is none itself"


def test_a_device_nobody_reaches_does_not_keep_the_others_from_it() -> None:
    channel = PushChannel({DeviceKind.WEB: Remembering()})
    assert send(channel, letter(PHONE, LAPTOP))[0].answer is Answer.ACCEPTED
    (alone,) = send(channel, letter(PHONE))
    assert alone.answer is Answer.REFUSED
    assert "UPSELL_FCM_SERVICE_ACCOUNT_KEY" in alone.detail


def test_what_was_not_begun_in_time_is_no_attempt() -> None:
    web = Remembering()
    (receipt,) = send(PushChannel({DeviceKind.WEB: web}), letter(LAPTOP), within=0.0)
    assert (receipt.answer, receipt.is_begun, web.pushed) == (Answer.NOT_NOW, False, [])


@pytest.mark.parametrize(
    ("answers", "together"),
    [
        ([Answer.ACCEPTED, Answer.UNKNOWN, Answer.NOT_NOW, Answer.REFUSED], Answer.ACCEPTED),
        ([Answer.UNKNOWN, Answer.NOT_NOW, Answer.REFUSED], Answer.UNKNOWN),
        ([Answer.NOT_NOW, Answer.REFUSED], Answer.NOT_NOW),
        ([Answer.REFUSED, Answer.REFUSED], Answer.REFUSED),
        ([], Answer.REFUSED),
    ],
)
def test_one_answer_speaks_for_all(answers: Sequence[Answer], together: Answer) -> None:
    assert combine("k", [Receipt("k", answer, "x") for answer in answers]).answer is together


_receipts = st.builds(
    Receipt,
    st.just("k"),
    st.sampled_from(Answer),
    st.just("x"),
    is_begun=st.booleans(),
    pause=st.integers(0, 100),
    gone=st.lists(st.text("ab", min_size=1, max_size=1), max_size=1).map(tuple),
)


@settings(max_examples=50)
@given(st.lists(_receipts, min_size=1, max_size=5))
def test_nobody_is_told_again_where_one_device_may_have_shown_it(receipts: list[Receipt]) -> None:
    told = combine("k", receipts)
    may_be_shown = any(each.answer in (Answer.ACCEPTED, Answer.UNKNOWN) for each in receipts)
    assert (told.answer in (Answer.ACCEPTED, Answer.UNKNOWN)) == may_be_shown
    assert combine("k", receipts[::-1]).answer is told.answer
    assert sorted(told.gone) == sorted(device for each in receipts for device in each.gone)


WEB = Settings(push_vapid_private_key=VAPID_KEY, push_contact="mailto:ops@acme.example")
OUT = "https://upsell.acme.example"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (WEB, "UPSELL_PUBLIC_URL"),
        (replace(WEB, public_url="http://upsell.acme.example"), "UPSELL_PUBLIC_URL"),
        (replace(WEB, push_hosts="127.0.0.1, push.acme.example"), "UPSELL_PUBLIC_URL"),
        (replace(WEB, public_url=OUT, push_contact=""), "UPSELL_PUSH_CONTACT"),
        (
            Settings(push_url="http://127.0.0.1:1/", fcm_service_account_key="{}"),
            "one of Firebase and a gateway",
        ),
        (Settings(push_url="http://gateway.example/", gateway_secret=GATEWAY_SECRET), "loopback"),
    ],
)
def test_what_is_set_up_wrongly_is_told_before_anything_begins(settings: Settings, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        open_channels(settings)


def test_pushes_leave_this_machine_when_their_links_lead_back_to_it_and_stay_on_it_otherwise() -> None:
    assert isinstance(open_channels(replace(WEB, public_url=OUT))["push"], PushChannel)
    local = open_channels(replace(WEB, push_hosts="127.0.0.1"))["push"]
    (receipt,) = asyncio.run(local.send([letter(LAPTOP)], 5.0))
    assert receipt.answer is Answer.REFUSED
    assert "UPSELL_PUBLIC_URL" in receipt.detail


def test_browsers_and_a_gateway_for_apps_stand_beside_each_other() -> None:
    both = replace(WEB, push_hosts="127.0.0.1", push_url="http://127.0.0.1:1/", gateway_secret=GATEWAY_SECRET)
    (receipt,) = asyncio.run(open_channels(both)["push"].send([letter(PHONE)], 5.0))
    assert receipt.answer is Answer.NOT_NOW, "the gateway was asked, and is not there"
