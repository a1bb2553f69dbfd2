"""Laws of reading files: what becomes an event, what is refused and where, whatever the format."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest

from tests.unit.sources.files import NOW, moment, read, write
from upsell.errors import ConfigError, DefinitionError
from upsell.sources.defaults import default_mapping
from upsell.sources.mapping import parse_mapping
from upsell.sources.rejects import Reject, write_rejects
from upsell.sources.relations import choose_files
from upsell.sources.staging import Staging

LINES = """\
files: {log: {match: 'log*'}}
records:
  - from: log
    event: {of: page}
    customer: user
    occurred_at: {of: ts, unit: ms}
    properties: {n: n}
"""

ROWS = (
    '{"page":"B","user":"u1","ts":1767225660000,"n":2}\n'
    '{"page":"A","user":"u1","ts":1767225600000,"n":null}\n'
)


def csv(zone: str = "", unit: str = "iso") -> str:
    """Give the mapping of a CSV file with columns user, time and name."""
    return (
        f"{zone}\nfiles: {{rows: {{match: '*.csv*'}}}}\n"
        "records:\n"
        f"  - {{from: rows, event: {{of: name}}, customer: user, occurred_at: {{of: time, unit: {unit}}}}}\n"
    )


def test_events_come_in_order_of_time_whatever_the_order_of_lines(tmp_path: Path) -> None:
    events, rejects, counts = read(tmp_path, LINES, write(tmp_path, "log.jsonl", ROWS))
    assert [(event.name, event.properties) for event in events] == [("A", {}), ("B", {"n": 2})]
    assert events[0].occurred_at == events[0].seen_at == moment("2026-01-01T00:00:00Z")
    assert (rejects, counts.events, counts.customers) == ([], 2, 1)


def test_gzip_zstandard_and_parquet_say_the_same_as_plain_text(tmp_path: Path) -> None:
    plain = write(tmp_path, "log.jsonl", ROWS)
    packed = write(tmp_path, "log_packed.jsonl.gz", gzip.compress(ROWS.encode(), mtime=0))
    with duckdb.connect() as connection:
        lines = "columns = {'line': 'varchar'}, delim = '|', quote = '', header = false"
        connection.execute(
            f"copy (from read_csv('{plain}', {lines})) to '{tmp_path}/log.jsonl.zst' "
            "(format csv, header false, delim '|', quote '')"
        )
        connection.execute(f"copy (from read_json('{plain}')) to '{tmp_path}/log.parquet' (format parquet)")
    paths = [plain, packed, tmp_path / "log.jsonl.zst", tmp_path / "log.parquet"]
    said = [
        [(e.name, e.occurred_at, e.customer_id, e.properties) for e in read(tmp_path, LINES, path)[0]]
        for path in paths
    ]
    assert all(each == said[0] for each in said)
    assert len(said[0]) == 2


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("s", "1767225600"),
        ("ms", "1767225600000"),
        ("us", "1767225600000000"),
        ("iso", "2026-01-01T01:00:00+01:00"),
        ("iso", "2025-12-31T19:00:00-0500"),
    ],
)
def test_every_unit_of_time_means_the_same_moment(tmp_path: Path, unit: str, written: str) -> None:
    path = write(tmp_path, "rows.csv", f"user,time,name\nu,{written},X\n")
    (event,) = read(tmp_path, csv(unit=unit), path)[0]
    assert event.occurred_at == moment("2026-01-01T00:00:00Z")


def test_a_time_without_a_zone_is_refused_unless_the_mapping_states_one(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.csv", "user,time,name\nu,2026-07-01 02:00:00,X\nu,2026-07-01,Y\n")
    events, rejects, _ = read(tmp_path, csv(), path)
    assert not events
    assert [(reject.line, "with a zone" in reject.reason) for reject in rejects] == [(2, True), (3, True)]
    path = write(tmp_path, "rows.csv", "user,time,name\nu,2026-05-01 02:00:00,X\nu,2026-05-01,Y\n")
    events, rejects, _ = read(tmp_path, csv("zone: Europe/Paris"), path)
    assert [event.occurred_at for event in events] == [
        moment("2026-04-30T22:00:00Z"),
        moment("2026-05-01T00:00:00Z"),
    ]


def test_every_bad_line_is_refused_with_its_line_and_the_good_ones_are_kept(tmp_path: Path) -> None:
    huge = '{"page":"A","user":"u","ts":1767225600000,"n":"' + "x" * 40_000 + '"}'
    lines = [
        '{"page":"A","user":"u","ts":1767225600000,"n":1}',
        "",
        '{"page":"\\u00e4","user":"\xff"}',
        '{"page":"A","user":"u","ts":1767225600000',
        "[1, 2]",
        '{"page":"A","user":" ","ts":1767225600000}',
        '{"user":"u","ts":1767225600000}',
        '{"page":"A","user":"u","ts":4102444800000}',
        '{"page":"A","user":"u","ts":-1}',
        '{"page":"A","user":"u"}',
        huge,
        '{"page":"A","user":"u","ts":1767225600000,"n":2}',
    ]
    path = write(tmp_path, "log.jsonl", "\n".join(lines).encode("latin-1"))
    events, rejects, counts = read(tmp_path, LINES, path)
    assert [event.properties["n"] for event in events] == [1, 2]
    assert counts.rejected == len(rejects) == 9
    said = {reject.line: reject.reason for reject in rejects}
    assert {line: reason.split(",")[0] for line, reason in said.items()} == {
        3: "expected UTF-8 text",
        4: "expected a JSON object on the line",
        5: "expected a JSON object on the line",
        6: "expected a customer or an account",
        7: "expected the name of an event",
        8: "expected a time no more than a day ahead",
        9: "expected a time from 1970 on",
        10: "expected a number of ms since 1970",
        11: "expected at most 32768 bytes",
    }
    assert rejects[1].row == lines[3]


def test_bad_rows_of_csv_are_refused_with_their_line(tmp_path: Path) -> None:
    good = b"user,time,name\nu,2026-01-01T00:00:00Z,A\n"
    text = good + b"u,2026-01-01T00:00:00Z\nu,\xff,B\nu,x,y,z\nu,nonsense,C\n"
    events, rejects, _ = read(tmp_path, csv(), write(tmp_path, "rows.csv", text))
    assert [event.name for event in events] == ["A"]
    assert [(reject.file, reject.line) for reject in rejects] == [("rows.csv", line) for line in (3, 4, 5, 6)]


def test_ids_in_csv_keep_their_zeros(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.csv", "user,time,name\n007,2026-01-01T00:00:00Z,A\n")
    assert read(tmp_path, csv(), path)[0][0].customer_id == "007"


def test_the_same_file_gives_the_same_ids_and_equal_rows_keep_apart(tmp_path: Path) -> None:
    path = write(tmp_path, "log.jsonl", ROWS + ROWS)
    first, second = (read(tmp_path, LINES, path)[0] for _ in range(2))
    assert [event.id for event in first] == [event.id for event in second]
    assert len({event.id for event in first}) == 4


def test_one_row_may_say_several_things_in_the_order_of_the_records(tmp_path: Path) -> None:
    mapping = """\
zone: UTC
files: {terms: {match: '*.csv', columns: {begins: date, ends: date, seats: integer}}}
records:
  - {from: terms, account: who, occurred_at: begins, event: Subscription Started,
     properties: {subscription_id: id, plan: plan, quantity: seats, renews_at: ends}}
  - {from: terms, account: who, skip: ends is null, occurred_at: ends, event: Subscription Canceled,
     properties: {subscription_id: id}}
  - {from: terms, account: who, customer: who || '-admin', role: "'admin'", occurred_at: begins,
     account_traits: {plan: plan}}
"""
    text = "id,who,plan,seats,begins,ends\ns1,a,pro,5,2026-01-01,2026-02-01\ns2,b,pro,,2026-01-01,\n"
    events, rejects, counts = read(tmp_path, mapping, write(tmp_path, "terms.csv", text))
    assert [(event.name, event.account_id, event.properties) for event in events] == [
        (
            "Subscription Started",
            "a",
            {
                "subscription_id": "s1",
                "plan": "pro",
                "quantity": 5,
                "renews_at": "2026-02-01T00:00:00.000000Z",
            },
        ),
        ("Subscription Started", "b", {"subscription_id": "s2", "plan": "pro"}),
        ("Account Identified", "a", {"plan": "pro", "role": "admin"}),
        ("Account Identified", "b", {"plan": "pro", "role": "admin"}),
        ("Subscription Canceled", "a", {"subscription_id": "s1"}),
    ]
    assert (rejects, counts.skipped) == ([], 0)


def test_a_row_that_every_record_leaves_out_is_counted_and_no_other(tmp_path: Path) -> None:
    mapping = LINES + "    skip: page = 'A'\n"
    _, rejects, counts = read(tmp_path, mapping, write(tmp_path, "log.jsonl", ROWS))
    assert (counts.events, counts.skipped, rejects) == (1, 1, [])


def test_names_that_are_not_listed_may_be_left_out(tmp_path: Path) -> None:
    mapping = LINES.replace("{of: page}", "{of: page, names: {A: Page A}, others: skip}")
    events, _, counts = read(tmp_path, mapping, write(tmp_path, "log.jsonl", ROWS))
    assert ([event.name for event in events], counts.skipped) == (["Page A"], 1)


def test_rows_may_be_joined_and_grouped_before_they_are_read(tmp_path: Path) -> None:
    mapping = """\
zone: UTC
files:
  lines: {match: 'lines*', columns: {pence: integer}}
  owners: {match: 'owners*'}
tables:
  orders: >-
    select order_id, owner, sum(pence) as pence, min(time) as time
    from lines join owners using (order_id) group by all
records:
  - {from: orders, event: Order Completed, customer: owner, occurred_at: time, properties: {amount: pence}}
"""
    rows = "order_id,pence,time\n1,5,2026-01-01\n1,7,2026-01-02\n2,1,2026-01-01\n"
    lines = write(tmp_path, "lines.csv", rows)
    owners = write(tmp_path, "owners.csv", "order_id,owner\n1,u\n2,v\n")
    events, _, _ = read(tmp_path, mapping, lines, owners)
    assert [(event.customer_id, event.properties["amount"]) for event in events] == [("u", 12), ("v", 1)]


def test_a_wrong_expression_is_told_with_its_line_and_what_would_be_right(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, LINES.replace("customer: user", "customer: usr"), write(tmp_path, "log.jsonl", ROWS))
    (problem,) = caught.value.problems
    assert problem.line == 5
    assert '"user"' in (problem.hint or "")


def test_a_number_as_time_needs_its_unit(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="unit s, ms or us"):
        read(tmp_path, LINES.replace(", unit: ms", ""), write(tmp_path, "log.jsonl", ROWS))


def test_infinite_numbers_are_no_values(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'A' as page, 'u' as user, 1767225600000 as ts, 'nan'::double as n) "
            f"to '{path}' (format parquet)"
        )
    assert read(tmp_path, LINES, path)[0][0].properties == {}


def test_files_are_numbered_by_name_not_by_the_order_they_were_given(tmp_path: Path) -> None:
    one, two = write(tmp_path, "log1.jsonl", ROWS), write(tmp_path, "log2.jsonl", ROWS)
    assert read(tmp_path, LINES, one, two)[0] == read(tmp_path, LINES, two, one)[0]


@pytest.mark.parametrize(
    ("name", "said"),
    [("other.jsonl", "named like log"), ("log.txt", "ending in .jsonl"), (None, "got nothing there")],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str | None, said: str) -> None:
    path = write(tmp_path, name, ROWS) if name else tmp_path / "log.jsonl"
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, LINES, path)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"page":"A","user":"u","ts":1767225600000,"n":{"a":NaN}}', "expected JSON"),
        ('{"page":"A","user":"u","ts":1767225600000,"n":[-Infinity]}', "expected JSON"),
        ('{"page":"A","user":"u","ts":1767225600000,"n":' + "[" * 5_000 + "]" * 5_000 + "}", "expected JSON"),
        ('{"page":"A","user":"u\\u0000","ts":1767225600000}', "printable"),
        ('{"page":"A\\nB","user":"u","ts":1767225600000}', "printable"),
        ('{"page":"Message Sent","user":"u","ts":1767225600000}', "what Upsell itself records"),
    ],
)
def test_what_http_would_refuse_is_refused_in_files_and_stops_nothing(
    tmp_path: Path, row: str, reason: str
) -> None:
    lines = LINES.replace(
        "match: 'log*'", "match: 'log*', columns: {page: varchar, user: varchar, ts: bigint, n: json}"
    )
    good = '{"page":"nan [inf]","user":"u","ts":1767225600000,"n":{"a":"NaN"}}\n'
    events, rejects, counts = read(tmp_path, lines, write(tmp_path, "log.jsonl", f"{good}{row}\n{good}"))
    assert [event.properties for event in events] == [{"n": {"a": "NaN"}}] * 2
    assert [reject.line for reject in rejects] == [2]
    assert reason in rejects[0].reason
    assert counts.rejected == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.jsonl.gz", b"no gzip"),
        ("log.jsonl.gz", gzip.compress(ROWS.encode(), mtime=0)[:-9]),
        ("log.parquet", b"PAR1"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_told_by_its_name(
    tmp_path: Path, name: str, content: bytes
) -> None:
    with pytest.raises(ConfigError, match=name):
        read(tmp_path, LINES, write(tmp_path, name, content))


def test_of_a_folder_neither_other_files_nor_the_rejects_of_an_earlier_run_are_read(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.ndjson.gz", "import.rejects.jsonl", "customers.csv", "README.md"):
        write(tmp_path, name, "")
    chosen = choose_files(default_mapping(), [tmp_path])
    assert [file.path.name for file in chosen] == ["a.jsonl", "b.ndjson.gz"]


def test_only_what_was_seen_before_the_end_is_counted(tmp_path: Path) -> None:
    rows = parse_mapping("map.yaml", LINES)
    path = write(tmp_path, "log.jsonl", ROWS + ROWS.replace("u1", "u2").replace("17672", "17673"))
    with Staging(tmp_path) as staging:
        staging.load(rows, choose_files(rows, [path]), NOW)
        before = staging.counts(moment("2026-01-01T00:01:00Z"))
        every = staging.counts()
    assert (before.events, before.customers, before.by_name) == (1, 1, {"A": 1})
    assert (every.events, every.customers, every.by_name) == (4, 2, {"A": 2, "B": 2})


def test_where_rejects_cannot_be_written_it_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can be written"):
        write_rejects(tmp_path / "nowhere" / "x.jsonl", [Reject("f", 1, "r")])
