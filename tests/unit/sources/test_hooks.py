"""Providers' webhooks: proofs made as each provider makes them, and whatever else may come."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from tests import hooked_world as hooked
from tests.stories.world import START
from upsell.clock import DAY, HOUR, SECOND
from upsell.errors import ConfigError, IntakeError
from upsell.sources.hooks import mailgun, postmark, sendgrid, ses, sns
from upsell.sources.reports import ForgedError, Kind, Reading, keys_in

KEY = "0123456789abcdef0123456789abcdef"
ADA = "ada@example.com"


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_message_of_sns_is_proved_by_its_certificate_in_both_versions(version: str) -> None:
    envelope = sns.read_envelope(hooked.sns(hooked.ses("Bounce", KEY, ADA, START), version=version))
    sns.prove_sns(envelope, hooked.certificate(), START)
    for changed in (
        {"message": "{}"},
        {"topic_arn": hooked.TOPIC + "x"},
        {"timestamp": "2027-01-05T12:00:00.000Z"},
        {"message_id": "other"},
        {"subject": None},
        {"signature": "AAAA"},
        {"signature": "not base64"},
        {"signature_version": "3"},
        {"signature_version": "1" if version == "2" else "2"},
        {"type": "UnsubscribeConfirmation"},
    ):
        with pytest.raises(ForgedError, match=r"^expected "):
            sns.prove_sns(msgspec.structs.replace(envelope, **changed), hooked.certificate(), START)


def test_a_certificate_of_another_key_or_time_or_kind_proves_nothing() -> None:
    envelope = sns.read_envelope(hooked.sns("{}"))
    other = rsa.generate_private_key(65537, 2048)
    elliptic = ec.generate_private_key(ec.SECP256R1())
    for certificate in (
        hooked.certificate(key=other),
        hooked.certificate(key=elliptic),
        hooked.certificate(ends_at=START - DAY),
        hooked.certificate(begins_at=START + DAY),
        b"",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ):
        with pytest.raises(ForgedError, match=r"^expected "):
            sns.prove_sns(envelope, certificate, START)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-a.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem?x=1",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem#x",
        "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-a.pem",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com/other.pem",
        "https://127.0.0.1/SimpleNotificationService-a.pem",
        "https://[::1/SimpleNotificationService-a.pem",
        "file:///etc/passwd.pem",
        "",
    ],
)
def test_a_certificate_is_fetched_from_sns_of_the_topics_region_and_nowhere_else(url: str) -> None:
    with pytest.raises(ForgedError, match=r"^expected SigningCertURL"):
        sns.check_certificate_url(sns.read_envelope(hooked.sns("{}", SigningCertURL=url)))


def test_a_subscription_is_confirmed_at_an_address_of_sns_whatever_the_token_says() -> None:
    body = hooked.sns("x", kind="SubscriptionConfirmation", Token="a&Action=Publish#/../")
    url = sns.confirmation_url(sns.read_envelope(body))
    assert sns.is_sns_url(url)
    assert url.count("Action=") == 1
    assert "Token=a%26Action%3DPublish%23%2F..%2F&Version" in url
    chinese = hooked.sns("x", TopicArn="arn:aws-cn:sns:cn-north-1:123456789012:mail")
    assert sns.confirmation_url(sns.read_envelope(chinese)).startswith(
        "https://sns.cn-north-1.amazonaws.com.cn/?"
    )


def test_topics_are_arns_with_commas_between_and_anything_else_is_refused() -> None:
    assert sns.read_topics("") == frozenset()
    assert sns.read_topics(f" {hooked.TOPIC} , ,{hooked.TOPIC}.fifo") == {
        hooked.TOPIC,
        f"{hooked.TOPIC}.fifo",
    }
    for written in ("mail", hooked.TOPIC.replace("sns", "sqs"), f"{hooked.TOPIC};{hooked.TOPIC}"):
        with pytest.raises(ConfigError, match="expected UPSELL_SES_TOPICS to be ARNs"):
            sns.read_topics(written)


def test_sendgrid_is_proved_over_timestamp_and_body_by_its_key() -> None:
    body = json.dumps([hooked.sendgrid_item("bounce", KEY, ADA, START)]).encode()
    key = sendgrid.read_public_key(hooked.SENDGRID_KEY)
    headers = hooked.sendgrid_headers(body)
    signature, timestamp = headers[sendgrid.SIGNATURE], headers[sendgrid.TIMESTAMP]
    sendgrid.prove_sendgrid(key, signature, timestamp, body)
    for shown in (
        (signature, timestamp, body + b" "),
        (signature, timestamp + "1", body),
        ("AAAA", timestamp, body),
        ("é", timestamp, body),
        ("", timestamp, body),
        (signature, "", body),
    ):
        with pytest.raises(ForgedError, match=r"^expected "):
            sendgrid.prove_sendgrid(key, *shown)
    for written in ("", "AAAA", "not base64", hooked.SENDGRID_KEY[:-8]):
        with pytest.raises(ConfigError, match="expected UPSELL_SENDGRID_PUBLIC_KEY"):
            sendgrid.read_public_key(written)


def test_mailgun_is_proved_by_its_key_within_its_time() -> None:
    signature, said = mailgun.read_signed(hooked.mailgun_signed({"event": "delivered"}, START))
    assert json.loads(said) == {"event": "delivered"}
    mailgun.prove_mailgun(hooked.MAILGUN_KEY, signature, START)
    mailgun.prove_mailgun(hooked.MAILGUN_KEY, signature, START + 12 * HOUR)
    with pytest.raises(ForgedError, match="of the last 12 hours"):
        mailgun.prove_mailgun(hooked.MAILGUN_KEY, signature, START + 12 * HOUR + SECOND)
    with pytest.raises(ForgedError, match="expected a signature by"):
        mailgun.prove_mailgun("another", signature, START)
    for changed in ({"token": "b"}, {"timestamp": "1"}, {"signature": ""}, {"signature": "é"}):
        with pytest.raises(ForgedError, match=r"^expected "):
            mailgun.prove_mailgun(hooked.MAILGUN_KEY, msgspec.structs.replace(signature, **changed), START)


@pytest.mark.parametrize("is_basic", [True, False])
def test_postmark_shows_its_secret_in_basic_authorization_or_in_a_header(*, is_basic: bool) -> None:
    def prove(headers: dict[str, str]) -> None:
        postmark.prove_postmark("secret", headers.get("authorization", ""), headers.get(postmark.HEADER, ""))

    prove(hooked.postmark_headers("secret", is_basic=is_basic))
    for shown in ("Secret", "secre", "secrets", ""):
        with pytest.raises(ForgedError, match=r"^expected the secret"):
            prove(hooked.postmark_headers(shown, is_basic=is_basic))
    for header in ("Basic", "Basic !", "Bearer secret", "Basic c2VjcmV0"):
        with pytest.raises(ForgedError, match="got neither"):
            prove({"authorization": header})


def read_ses(said: dict[str, Any]) -> Reading:
    return ses.read_ses(json.dumps(said))


def read_item(said: dict[str, Any]) -> Reading:
    return sendgrid.read_sendgrid(json.dumps([said]).encode())


def read_mailgun(said: dict[str, Any]) -> Reading:
    return mailgun.read_mailgun(json.dumps(said).encode())


def postmark_bounce(**said: Any) -> Reading:
    return postmark.read_postmark(hooked.postmark_said("Bounce", KEY, ADA, START, **said))


def sendgrid_item(kind: str, **said: Any) -> Reading:
    return read_item(hooked.sendgrid_item(kind, KEY, ADA, START, **said))


def mailgun_item(kind: str, **said: Any) -> Reading:
    return read_mailgun(hooked.mailgun_said(kind, KEY, ADA, START, **said))


def ses_item(kind: str, **said: Any) -> Reading:
    return read_ses(hooked.ses(kind, KEY, ADA, START, **said))


@pytest.mark.parametrize(
    ("reading", "kind", "is_soft"),
    [
        (ses_item("Bounce"), Kind.BOUNCED, False),
        (ses_item("Bounce", bounceType="Transient"), Kind.BOUNCED, True),
        (ses_item("Bounce", bounceType="Undetermined"), Kind.BOUNCED, True),
        (ses_item("Complaint"), Kind.COMPLAINED, False),
        (ses_item("Complaint", complaintFeedbackType=None), Kind.COMPLAINED, False),
        (ses_item("Delivery"), Kind.DELIVERED, False),
        (postmark_bounce(), Kind.BOUNCED, False),
        (postmark_bounce(Type="BadEmailAddress"), Kind.BOUNCED, False),
        (postmark_bounce(Type="Blocked"), Kind.BOUNCED, True),
        (postmark_bounce(Type="SpamComplaint"), Kind.COMPLAINED, False),
        (postmark_bounce(Type="Unsubscribe"), Kind.WITHDRAWN, False),
        (sendgrid_item("bounce"), Kind.BOUNCED, False),
        (sendgrid_item("bounce", type="blocked", status=None), Kind.BOUNCED, True),
        (sendgrid_item("spamreport"), Kind.COMPLAINED, False),
        (sendgrid_item("dropped", reason="Bounced Address"), Kind.BOUNCED, False),
        (sendgrid_item("dropped", reason="Spam Reporting Address"), Kind.COMPLAINED, False),
        (sendgrid_item("unsubscribe"), Kind.WITHDRAWN, False),
        (mailgun_item("failed"), Kind.BOUNCED, False),
        (mailgun_item("failed", reason="espblock"), Kind.BOUNCED, True),
        (mailgun_item("failed", reason="suppress-complaint"), Kind.COMPLAINED, False),
        (mailgun_item("complained"), Kind.COMPLAINED, False),
        (mailgun_item("unsubscribed"), Kind.WITHDRAWN, False),
        (mailgun_item("delivered"), Kind.DELIVERED, False),
    ],
)
def test_what_each_provider_says_is_read_as_what_it_means(
    reading: Reading, kind: Kind, *, is_soft: bool
) -> None:
    (report,) = reading.reports
    assert (report.kind, report.is_soft, report.keys, report.recipients) == (kind, is_soft, (KEY,), (ADA,))
    assert report.at == START
    assert not reading.unread


@pytest.mark.parametrize(
    "reading",
    [
        ses_item("Complaint", complaintFeedbackType="not-spam"),
        ses.read_ses('{"eventType": "Send", "mail": {"messageId": "1"}}'),
        ses.read_ses("Successfully validated SNS topic for Amazon SES event publishing."),
        postmark_bounce(Type="AutoResponder"),
        sendgrid_item("deferred"),
        sendgrid_item("dropped", reason="Spam Content (if spam checker app enabled)"),
        sendgrid_item("open", sg_machine_open=True),
        mailgun_item("failed", severity="temporary"),
        mailgun_item("accepted"),
        mailgun_item("opened", **{"client-info": {"bot": "apple"}}),
    ],
)
def test_what_is_understood_and_says_no_end_is_passed_over(reading: Reading) -> None:
    assert (reading.reports, reading.unread, reading.passed_over) == ((), (), 1)


@pytest.mark.parametrize(
    "reading",
    [
        ses_item("Bounce", bounceType="Sideways"),
        ses_item("Bounce", bouncedRecipients=[]),
        ses_item("Bounce", timestamp="yesterday"),
        read_ses({"notificationType": "Teleported", "mail": {"messageId": "12345678"}}),
        read_ses({"notificationType": "Bounce", "mail": {"messageId": "12345678"}}),
        read_ses({"notificationType": "Bounce"}),
        ses.read_ses("hello"),
        postmark_bounce(Type="Sideways"),
        postmark_bounce(BouncedAt="2026-01-05"),
        postmark_bounce(MessageID=None),
        postmark.read_postmark(b'{"RecordType": "Teleported"}'),
        sendgrid_item("teleported"),
        sendgrid_item("bounce", timestamp="yesterday"),
        sendgrid_item("bounce", timestamp=-1),
        sendgrid_item("bounce", sg_event_id=None),
        mailgun_item("failed", severity="sideways"),
        mailgun_item("teleported"),
        mailgun_item("failed", id=None),
        read_mailgun({"hello": 1}),
    ],
)
def test_what_is_not_understood_is_kept_aside_with_what_was_expected_and_what_came(reading: Reading) -> None:
    (unread,) = reading.unread
    assert reading.reports == ()
    assert unread.message.startswith("expected ")
    assert "got" in unread.message
    assert unread.body


def test_without_headers_a_message_is_known_by_what_the_provider_called_it() -> None:
    said = hooked.ses("Bounce", KEY, ADA, START)
    del said["mail"]["headers"], said["mail"]["commonHeaders"]
    (report,) = read_ses(said).reports
    assert (report.keys, report.provider_ids) == ((), (f"0100{KEY[:20]}-000000",))
    (report,) = sendgrid_item("bounce", **{"smtp-id": None}).reports
    assert (report.keys, report.provider_ids) == ((), (KEY[:22],))


def test_a_moment_with_seven_digits_is_read() -> None:
    (report,) = postmark_bounce(BouncedAt="2014-08-01T13:28:10.2735393-04:00").reports
    assert report.at == 1_406_914_090_273_539


READERS: list[Callable[[bytes], Reading]] = [
    postmark.read_postmark,
    sendgrid.read_sendgrid,
    mailgun.read_mailgun,
    lambda body: mailgun.read_mailgun(mailgun.read_signed(body)[1]),
    lambda body: ses.read_ses(body.decode("utf-8", "surrogateescape")),
    lambda body: ses.read_ses(sns.read_envelope(body).message),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(READERS), st.binary(max_size=300))
def test_no_body_makes_a_reader_break(read: Callable[[bytes], Reading], body: bytes) -> None:
    with suppress(IntakeError):
        assert read(body).reports == ()


@given(st.data())
def test_a_field_of_any_other_kind_is_read_or_kept_aside_and_names_no_message_it_did_not(
    data: st.DataObject,
) -> None:
    said: dict[str, Any] = data.draw(
        st.sampled_from(
            [
                hooked.ses("Bounce", KEY, ADA, START),
                hooked.ses("Complaint", KEY, ADA, START),
                json.loads(hooked.postmark_said("Bounce", KEY, ADA, START)),
                hooked.sendgrid_item("bounce", KEY, ADA, START),
                hooked.mailgun_said("failed", KEY, ADA, START),
            ]
        )
    )
    changed = json.loads(json.dumps(said))
    inside = changed
    while True:
        name = data.draw(st.sampled_from(sorted(inside)))
        if isinstance(inside[name], dict) and inside[name] and data.draw(st.booleans()):
            inside = inside[name]
            continue
        inside[name] = data.draw(JSON)
        break
    body = json.dumps(changed).encode()
    text = json.dumps(changed, ensure_ascii=False)
    for read in (READERS[0], READERS[2], READERS[4], lambda each: sendgrid.read_sendgrid(b"[%s]" % each)):
        with suppress(IntakeError):
            for report in read(body).reports:
                assert all(key in text for key in report.keys)
                assert report.id.isprintable()


@given(st.text(max_size=60))
def test_keys_are_what_a_key_may_be_and_nothing_else(said: str) -> None:
    for key in keys_in(said):
        assert key.isascii()
        assert not set(key) & set("<>@ \t\r\n\0")
    assert keys_in(f"<{KEY}@{'x' * 10}>", KEY, None, 7) == (KEY,)
