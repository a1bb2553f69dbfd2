"""Pages of what can be wrong with contact hours: the team's own, and those of the law."""

from __future__ import annotations

from typing import Final

from upsell.workspace.codes.page import Page

_ROW = "    source: the example act\n    as_of: 2026-01-01\n    holidays: open\n"

PAGES: Final = (
    Page(
        code="law-without-reason",
        meaning="Contact hours by law are turned off for a channel they bind, without a reason.",
        remedy="Say what counsel said, and when: {law: {off_because: ...}}.",
        wrong="""\
# upsell.yaml
policy: {hours: {sms: {law: false}}}
""",
        right="""\
# upsell.yaml
policy: {hours: {sms: {law: {off_because: "counsel, 2026-09-01: only staff are texted"}}}}
""",
    ),
    Page(
        code="never-open",
        meaning="Hours of a channel, or of a row of the law, open at no time of the week.",
        why="The law holds besides the team's own hours: where they never meet, nobody is sent anything.",
        remedy="Give other times or days.",
        wrong="""\
# upsell.yaml
policy: {hours: {sms: {from: "21:00", to: "23:00"}}}
""",
        right="""\
# upsell.yaml
policy: {hours: {sms: {from: "10:00", to: "18:00"}}}
""",
        is_lint=True,
    ),
    Page(
        code="period",
        meaning="A row of the law ends before it begins.",
        remedy="valid_until is the first day on which the row no longer holds; let it come after valid_from.",
        wrong=f"""\
# contact_hours.yaml
FR:
  - hours: {{mon: "10:00-13:00"}}
    valid_from: 2026-03-01
    valid_until: 2026-02-01
{_ROW}""",
        right=f"""\
# contact_hours.yaml
FR:
  - hours: {{mon: "10:00-13:00"}}
    valid_from: 2026-03-01
    valid_until: 2027-02-01
{_ROW}""",
    ),
    Page(
        code="duplicate-day",
        meaning="A row of the law gives one day of the week twice.",
        remedy="Write several spans of one day as a list.",
        wrong=f"""\
# contact_hours.yaml
FR:
  - hours: {{mon-wed: "10:00-13:00", wed: "14:00-20:00"}}
{_ROW}""",
        right=f"""\
# contact_hours.yaml
FR:
  - hours: {{mon-tue: "10:00-13:00", wed: ["10:00-13:00", "14:00-20:00"]}}
{_ROW}""",
    ),
)
"""The pages, in the order in which they are listed."""
