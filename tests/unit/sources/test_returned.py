"""Returned mail: one made after the shape each server publishes, and whatever else may come."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upsell.clock import DAY, from_datetime, parse_moment
from upsell.sources.mailboxes import LARGEST_MAIL, read_mails, split_mails
from upsell.sources.refusals import is_gone
from upsell.sources.reports import Kind
from upsell.sources.returned import read_returned

FOLDER = Path(__file__).parent / "returned"
KEY = "0123456789abcdef0123456789abcdef"
NOW = parse_moment("2026-01-06T00:00:00Z") or 0
CORPUS = {file.stem: file.read_bytes() for file in sorted(FOLDER.glob("*.eml"))}


def crlf(raw: bytes) -> bytes:
    return raw.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("ends", [bytes, crlf], ids=["lf", "crlf"])
@pytest.mark.parametrize(
    ("name", "is_soft", "status"),
    [
        ("postfix", False, "5.1.1"),
        ("exchange", False, "5.1.10"),
        ("gmail", False, "5.1.1"),
        ("gmail_full", True, "5.2.2"),
        ("sendmail_blocked", True, "5.7.1"),
        ("qmail", False, ""),
        ("exim", False, ""),
    ],
)
def test_a_bounce_names_the_message_the_address_and_whether_it_is_for_good(
    name: str, status: str, ends: type[bytes], *, is_soft: bool
) -> None:
    reading = read_returned(ends(CORPUS[name]), NOW)
    (report,) = reading.reports
    assert (report.kind, report.keys, report.recipients) == (Kind.BOUNCED, (KEY,), ("ada@example.com",))
    assert (report.is_soft, report.status) == (is_soft, status)
    assert report.reason
    assert not reading.unread
    assert NOW - DAY < report.at < NOW, "it is dated as it says"
    again = read_returned(ends(CORPUS[name]), NOW + DAY)
    assert again.reports[0].id == report.id, "read again it is the same"


def test_a_complaint_is_one_and_one_that_is_taken_back_is_none() -> None:
    (report,) = read_returned(CORPUS["arf"], NOW).reports
    assert (report.kind, report.keys, report.recipients) == (Kind.COMPLAINED, (KEY,), ("ada@example.com",))
    taken_back = read_returned(CORPUS["arf_not_spam"], NOW)
    assert (taken_back.reports, taken_back.passed_over) == ((), 1)


@pytest.mark.parametrize("name", ["postfix_delayed", "holiday"])
def test_what_reports_no_end_is_passed_over(name: str) -> None:
    reading = read_returned(CORPUS[name], NOW)
    assert (reading.reports, reading.unread, reading.passed_over) == ((), (), 1)


def test_a_bounce_that_names_no_message_is_kept_aside_and_says_so() -> None:
    reading = read_returned(CORPUS["no_message_id"], NOW)
    (unread,) = reading.unread
    assert (reading.reports, unread.code) == ((), "no_message")
    assert unread.message.startswith("expected the Message-ID of the mail that came back")


def test_a_report_of_several_recipients_gives_one_for_each_that_failed_or_was_reached() -> None:
    status = (
        b"Final-Recipient: rfc822; bob@example.com\nAction: delivered\nStatus: 2.0.0\n\n"
        b"Final-Recipient: rfc822; eve@example.com\nAction: teleported\nStatus: 2.0.0\n\n"
        b"Final-Recipient: rfc822; dan@example.com\nAction: relayed\nStatus: 2.0.0\n\n"
    )
    raw = CORPUS["postfix"].replace(b"Final-Recipient", status + b"Final-Recipient", 1)
    reading = read_returned(raw, NOW)
    kinds = {report.recipients[0]: report.kind for report in reading.reports}
    assert kinds == {"bob@example.com": Kind.DELIVERED, "ada@example.com": Kind.BOUNCED}
    assert [unread.code for unread in reading.unread] == ["invalid"]
    assert reading.passed_over == 1


@given(st.binary(max_size=2_000))
def test_nothing_that_comes_makes_it_break(raw: bytes) -> None:
    assert read_returned(raw, NOW).reports == ()


@given(st.data())
def test_a_returned_mail_cut_or_changed_anywhere_breaks_nothing_and_names_no_message_it_did_not(
    data: st.DataObject,
) -> None:
    raw = CORPUS[data.draw(st.sampled_from(sorted(CORPUS)))]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        upto = data.draw(st.integers(at, min(len(raw), at + 200)))
        raw = raw[:at] + data.draw(st.binary(max_size=20)) + raw[upto:]
    for report in read_returned(raw, NOW).reports:
        text = raw.decode("utf-8", "replace")
        assert report.keys
        assert all(key in text for key in report.keys)
        assert report.at <= NOW


@pytest.mark.parametrize("nesting", [50, 3_000])
def test_mails_in_mails_without_end_are_read_to_an_end(nesting: int) -> None:
    raw = b"Content-Type: message/rfc822\n\n" * nesting + CORPUS["postfix"]
    read_returned(raw, NOW)
    parts = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(nesting)
    )
    read_returned(parts + CORPUS["postfix"], NOW)


@pytest.mark.parametrize(
    ("said", "status", "is_it"),
    [
        ("550 5.1.1 user unknown", "", True),
        ("550 no such user here", "", True),
        ("550 Requested action not taken: mailbox unavailable", "", False),
        ("450 4.1.1 user unknown", "", False),
        ("552 5.2.2 mailbox full", "", False),
        ("user unknown", "5.0.0", True),
        ("mail refused", "5.0.0", False),
        ("554 5.7.1 user unknown or blocked by policy", "", False),
        ("host not found", "5.4.4", True),
        ("message expired", "5.4.7", False),
        ("account has been disabled", "5.2.1", True),
        ("tried at 10.5.1.1", "", False),
        ("", "", False),
        ("550 5.1.1", "4.2.2", False),
    ],
)
def test_only_what_says_that_nobody_is_there_is_for_good(said: str, status: str, *, is_it: bool) -> None:
    assert is_gone(said, status) is is_it


def test_an_mbox_a_maildir_and_a_single_mail_give_their_mails(tmp_path: Path) -> None:
    first, second = CORPUS["postfix"], CORPUS["qmail"]
    mbox = tmp_path / "mbox"
    mbox.write_bytes(b"From a Mon\n" + first + b"\nFrom b Tue\n" + second)
    assert [read_returned(raw, NOW).reports[0].keys for _, raw in read_mails(mbox)] == [(KEY,), (KEY,)]
    assert [name for name, _ in read_mails(mbox)] == ["mbox mail 1", "mbox mail 2"]
    assert [raw for _, raw in read_mails(FOLDER / "exim.eml")] == [CORPUS["exim"]]
    for box in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / box).mkdir(parents=True)
        (tmp_path / "Maildir" / box / f"{box}.1").write_bytes(first)
    assert [name for name, _ in read_mails(tmp_path / "Maildir")] == ["new.1", "cur.1"]
    assert len(list(read_mails(FOLDER))) == len(CORPUS)


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_a_mailbox_of_anything_is_split_without_breaking_and_loses_no_byte_of_a_single_mail(
    lines: list[bytes],
) -> None:
    text = b"\n".join(lines)
    mails = list(split_mails(text.splitlines(keepends=True), "x"))
    if text and not text.startswith(b"From "):
        assert mails == [("x", text)]


def test_of_a_mail_too_large_the_beginning_is_read() -> None:
    ((_, raw),) = split_mails([b"a" * 1_000] * 2_000, "x")
    assert len(raw) == LARGEST_MAIL


def test_the_oracle_of_dates_is_the_clock() -> None:
    (report,) = read_returned(CORPUS["postfix"], NOW).reports
    assert report.at == from_datetime(datetime(2026, 1, 5, 11, 0, 7, tzinfo=UTC))
