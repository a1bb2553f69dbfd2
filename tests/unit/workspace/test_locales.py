"""Money, dates and numbers are written as the reader's locale writes them, with the currency's own digits."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from babel.numbers import format_currency, format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st
from liquid.exceptions import LiquidError

from tests.unit.workspace.mails import content_of, mjml, of_mails, problems, told_of
from upsell.clock import parse_moment
from upsell.money import Money, minor_digits
from upsell.workspace.compile import _template_scopes, compile_documents
from upsell.workspace.filters import FILTERS, TOLD
from upsell.workspace.findings import Findings
from upsell.workspace.liquid_environment import html_environment, text_environment
from upsell.workspace.locales import (
    Amount,
    Instant,
    Manner,
    fallbacks,
    find_locale,
    format_money,
    format_number,
    format_share,
    is_currency,
    spoken,
    told_number,
    told_share,
)
from upsell.workspace.settings import compile_settings
from upsell.workspace.template_reference import templates_page
from upsell.workspace.versions import workflow_version

LOCALES = st.sampled_from(
    ["en", "de", "de-AT", "de-CH", "fr", "pt-BR", "ja", "hi", "ar", "en-GB", "es", "pl"]
)
CURRENCIES = st.sampled_from(["USD", "EUR", "GBP", "JPY", "KWD", "CHF", "BRL", "INR", "ISK", "CLP", "TND"])
AT = parse_moment("2026-11-26T23:30:00Z")
GERMAN = Manner("de", "Europe/Berlin")


@given(st.integers(-(10**12), 10**12), CURRENCIES, LOCALES)
def test_an_amount_is_written_as_babel_writes_it_with_the_digits_it_is_counted_in(
    amount: int, currency: str, locale: str
) -> None:
    digits = minor_digits(currency)
    # The oracle quantizes by Babel's own pattern of the locale; ours gives it the digits of ISO 4217.
    known = format_currency(
        Decimal(amount).scaleb(-digits),
        currency,
        locale=locale.replace("-", "_"),
        currency_digits=True,
    )
    said = format_money(Money(amount, currency), locale)
    if currency not in ("ISK", "CLP"):  # where the CLDR agrees with ISO 4217 in every locale
        assert said == known
    assert sum(each.isdigit() for each in said) >= digits


@given(st.integers(-(10**9), 10**9), LOCALES)
def test_numbers_and_shares_are_written_as_babel_writes_them(thousandths: int, locale: str) -> None:
    number, name = Decimal(thousandths).scaleb(-3), locale.replace("-", "_")
    assert format_number(number, locale) == format_decimal(number, locale=name)
    whole = Decimal(thousandths).scaleb(-2)
    assert format_share(whole, locale) == format_percent(whole, locale=name)


def test_minor_units_may_be_left_out_where_there_are_none() -> None:
    assert format_money(Money(4900, "USD"), "en", is_short=True) == "$49"
    assert format_money(Money(4950, "USD"), "en", is_short=True) == "$49.50"
    assert format_money(Money(4900, "JPY"), "ja", is_short=True) == format_money(Money(4900, "JPY"), "ja")


@pytest.mark.parametrize(
    ("written", "locale"),
    [
        ("de", "de"),
        ("pt_br", "pt-BR"),
        ("DE-at", "de-AT"),
        (" en ", "en"),
        ("zh-TW", "zh-Hant-TW"),
        ("deutsch", None),
        ("xx", None),
        ("", None),
        ("de/../..", None),
        ("en;q=0.8", None),
    ],
)
def test_a_locale_is_read_as_people_and_machines_write_it(written: str, locale: str | None) -> None:
    assert find_locale(written) == locale


@given(st.text(max_size=20))
def test_no_text_breaks_the_reading_of_locales(text: str) -> None:
    found = find_locale(text)
    assert found is None or find_locale(found) == found


def test_a_reader_gets_the_exact_locale_then_the_language_then_the_workspaces() -> None:
    assert fallbacks(["de-AT"], "en") == ("de-AT", "de", "en")
    assert fallbacks([None, "fr"], "en") == ("fr", "en")
    assert fallbacks(["nonsense", "fr"], "en") == ("fr", "en")
    assert fallbacks([7, ""], "en") == ("en",)
    assert fallbacks(["en-GB"], "en") == ("en-GB", "en")


def test_numbers_are_in_the_language_of_the_text_and_the_country_of_the_reader() -> None:
    assert spoken("de-AT", "de") == "de-AT"
    assert spoken("fr", "en") == "en"


def render(source: str, **facts: object) -> str:
    return text_environment().from_string(source).render(locale=GERMAN, **facts)


def test_facts_print_in_the_locale_by_themselves_and_still_compare() -> None:
    assert AT is not None
    facts: dict[str, object] = {
        "price": Amount(Money(123450, "EUR"), GERMAN),
        "nothing": Amount(Money(0, "EUR"), GERMAN),
        "at": Instant(AT, GERMAN),
        "many": told_number(12345.0, GERMAN),
        "few": told_number(1234, GERMAN),
        "share": told_share(0.075, GERMAN),
    }
    said = render("{{ price }}|{{ at }}|{{ many }}|{{ few }}|{{ share }}", **facts)
    assert said == "1.234,50\xa0€|27. November 2026|12.345|1.234|7,5\xa0%"
    tests = {
        "price == 1234.5": "y",
        "price > 1234": "y",
        "nothing > 0": "n",
        "nothing == 0": "y",
        "at > '2026-11-26'": "y",
        "at > '2027'": "n",
        "many == 12345": "y",
        "few > 1233.9": "y",
        "share > 0.07": "y",
        "nothing": "y",
    }
    for test, answer in tests.items():
        assert render(f"{{% if {test} %}}y{{% else %}}n{{% endif %}}", **facts) == answer, test
    assert render("{{ many | plus: 1 | number }} {{ few | times: 2 }}", **facts) == "12.346 2468"
    assert render("{{ few | append: ' reports' }}{% echo few %}", **facts) == "1.234 reports1.234"
    assert render("{% capture said %}{{ few }}{% endcapture %}{{ said }}", **facts) == "1.234"
    html = html_environment().from_string("{{ price }}").render(locale=GERMAN, **facts)
    assert html == "1.234,50\xa0€"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ price | money }}", "1.234,00\xa0€"),
        ("{{ price | money: style: 'short' }}", "1.234\xa0€"),
        ("{{ 4950 | money: 'CHF' }}", "49,50\xa0CHF"),
        ("{{ at | date }}", "27. November 2026"),
        ("{{ at | date: 'short' }}", "27.11.26"),
        ("{{ at | date: 'full' }}", "Freitag, 27. November 2026"),
        ("{{ at | date: 'time' }}", "00:30"),
        ("{{ at | date: 'd. MMM' }}", "27. Nov."),
        ("{{ at | date: '%Y-%m-%d' }}", "2026-11-27"),
        ("{{ '2026-11-26' | date }}", "26. November 2026"),
        ("{{ '2026-11-26T09:00:00Z' | date: 'time' }}", "10:00"),
        ("{{ 1234.5678 | number }}", "1.234,568"),
        ("{{ '1234.5' | number: 2 }}", "1.234,50"),
        ("{{ 0.8 | percent }}", "80\xa0%"),
        ("{{ 0.125 | percent: 0 }}", "12\xa0%"),
    ],
)
def test_filters_write_as_the_locale_and_zone_do(source: str, said: str) -> None:
    assert AT is not None
    assert render(source, price=Amount(Money(123400, "EUR"), GERMAN), at=Instant(AT, GERMAN)) == said


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ 4900 | money }}", "expected a currency"),
        ("{{ 4900 | money: 'EURO' }}", "expected a currency"),
        ("{{ 49.5 | money: 'EUR' }}", "whole number of minor units"),
        ("{{ price | money: 'USD' }}", "expected EUR"),
        ("{{ price | money: style: 'long' }}", 'style: "short"'),
        ("{{ price | times: 12 }}", "money and moments are not reckoned with"),
        ("{{ 12 | minus: price }}", "money and moments are not reckoned with"),
        ("{{ 'soon' | date }}", "expected a moment"),
        ("{{ at | date: 'lon' }}", "such as long"),
        ("{{ 'many' | number }}", "expected a number"),
        ("{{ 'nan' | number }}", "expected a number"),
        ("{{ 1 | number: 'two' }}", "how many digits"),
        ("{{ true | percent }}", "expected a number"),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_reason(source: str, said: str) -> None:
    assert AT is not None
    with pytest.raises(LiquidError, match=said):
        render(source, price=Amount(Money(4900, "EUR"), GERMAN), at=Instant(AT, GERMAN))


@pytest.mark.parametrize("name", sorted({*html_environment().filters} - {"default"}))
def test_no_filter_makes_a_blank_of_what_has_no_value(name: str) -> None:
    for source in (f"{{{{ gone.x | {name} }}}}", f"{{{{ 'a' | {name}: gone.x }}}}"):
        for environment in (html_environment(), text_environment()):
            with pytest.raises(LiquidError):
                environment.from_string(source).render(gone={})


@pytest.mark.parametrize(
    "source",
    [
        "{% within 'p', a: gone.x %}{{ a }}{% endwithin %}",
        "{% within 'p', a: gone.x %}{{ a | upcase }}{% endwithin %}",
        "{% within 'p' for gone.x as a %}{{ a }}{% endwithin %}",
        "{% within 'p' with gone.x as a %}{{ a }}{% endwithin %}",
        "{% assign a = gone.x %}{{ a }}",
        "{% capture a %}{{ gone.x }}{% endcapture %}",
        "{% echo gone.x %}",
        "{% for a in gone.x %}{{ a }}{% endfor %}",
        "{{ list | where: 'a', 'b' | first }}",
        "{{ list | map: 'z' | first }}",
    ],
)
def test_no_tag_makes_a_blank_of_what_has_no_value(source: str) -> None:
    with pytest.raises(LiquidError):
        html_environment().from_string(source).render(gone={}, list=[{"a": "c"}])


def test_every_currency_of_the_catalog_can_be_written() -> None:
    assert is_currency("EUR")
    assert not is_currency("eur")
    assert not is_currency("EURO")


def mail(words: str, head: str = "subject: Tips") -> str:
    return f"---\n{head}\n---\n<p>{words}</p>\n"


def test_a_template_is_kept_in_each_of_its_locales() -> None:
    content = content_of(
        {
            "tips.html": mail("Hello"),
            "tips.de.mjml": mjml("<mj-text>Hallo</mj-text>", "subject: Tipps"),
            "tips.de.txt": "Hallo, als Text\n",
            "tips.pt_BR.html": mail("Olá"),
        }
    )
    assert content.html == "<p>Hello</p>\n"
    assert {*content.locales} == {"de", "pt-BR"}
    assert content.locales["de"].subject == "Tipps"
    assert content.locales["de"].text == "Hallo, als Text\n"


def test_the_workspace_says_in_which_locale_a_template_without_one_is_written() -> None:
    files = {"tips.en.html": mail("Hello"), "tips.html": mail("Hallo")}
    assert content_of(files, locale="de").html == "<p>Hallo</p>\n"
    assert told_of(files) == [("file-name", "templates/tips.html", 1)]
    only = {"tips.de.html": mail("Hallo")}
    assert content_of(only, locale="de").html == "<p>Hallo</p>\n"
    told = problems(only)
    assert [each.code for each in told if each.file == "templates/tips.de.html"] == ["missing-file"]


def test_names_are_held_to_in_every_locale() -> None:
    files = {"tips.html": mail("Hello"), "tips.de.html": mail("{{ custommer.email }}")}
    assert ("unknown-variable", "templates/tips.de.html", 4) in told_of(files)


def test_a_language_that_stops_in_the_middle_of_a_journey_is_told() -> None:
    files = {"tips.html": mail("Hello"), "tips.de.html": mail("Hallo"), "tips.fr.html": mail("Bonjour")}
    (problem,) = problems(files)
    assert (problem.code, problem.file, problem.line) == ("missing-locale", "workflows/room.yaml", 12)
    assert problem.message == "expected upgrade in de, fr too, as tips is, got none"


def test_what_may_be_absent_is_told_where_nothing_asks_for_it() -> None:
    asked = {
        "{{ offer.guarantee }}": True,
        "{% if offer.guarantee %}{{ offer.guarantee }}{% endif %}": False,
        "{{ offer.guarantee | default: 'none' }}": False,
        "{% if offer.title %}{{ offer.guarantee }}{% endif %}": True,
        "{% unless offer.guarantee %}-{% else %}{{ offer.guarantee }}{% endunless %}": False,
        "{% if offer.trial_days > 3 %}{{ offer.trial_days }}{% endif %}": False,
        "{{ offer.title }}": False,
        "{{ links.unsubscribe }}": True,
        "{% for each in offer.features %}{{ each }}{% endfor %}": True,
        "{% if fit.plan %}{{ fit.name }}{% endif %}": True,
        "{% if fit.name %}{{ fit.name }}{% endif %}": False,
        "{% if proof.value.ever %}{{ proof.value.ever.sentence }}{% endif %}": False,
    }
    for words, is_told in asked.items():
        told = problems({"tips.html": mail("Hello"), "upgrade.html": mail(words)})
        assert [each.code for each in told] == (["unguarded-fact"] if is_told else []), words


def test_a_preheader_stands_hidden_at_the_head_of_the_html_and_not_in_the_text() -> None:
    head = "subject: Tips\npreheader: Tips & tricks for {{ customer.first_name }}"
    for name, source in (
        ("tips.mjml", mjml("<mj-text>Hello</mj-text>", head)),
        ("tips.html", mail("Hello", head)),
    ):
        content = content_of({name: source})
        said = html_environment().from_string(content.html).render(customer={"first_name": "<Ada>"})
        body = said.partition("<body")[2].partition(">")[2] or said
        assert body.startswith('<div style="display:none;')
        assert "Tips &amp; tricks for &lt;Ada&gt;&#847;" in body
        assert "tricks" not in content.text
        assert content.preheader == "Tips & tricks for {{ customer.first_name }}"


def test_a_name_in_a_preheader_is_held_to() -> None:
    head = "subject: Tips\npreheader: For {{ customer.firstname }}"
    assert told_of({"tips.html": mail("Hello", head)}) == [("unknown-variable", "templates/tips.html", 3)]


def test_what_a_compiler_makes_of_a_mail_is_no_part_of_the_version() -> None:
    documents = of_mails({"tips.mjml": mjml("<mj-text>Hello</mj-text>")})
    workflow = compile_documents(documents).program.workflows["room"]
    content = workflow.contents["tips"]
    other = msgspec.structs.replace(content, html=f"{content.html}<!-- newer -->", text="other")
    recompiled = msgspec.structs.replace(workflow, contents={**workflow.contents, "tips": other})
    assert workflow_version(recompiled) == workflow.version
    said = compile_documents(of_mails({"tips.mjml": mjml("<mj-text>Hello!</mj-text>")})).program
    assert said.workflows["room"].version != workflow.version


def test_the_reference_says_of_filters_what_they_give() -> None:
    english = Manner("en")
    price, at = (
        Amount(Money(4900, "USD"), english),
        Instant(parse_moment("2026-11-26T09:00:00Z") or 0, english),
    )
    offer = {"price": price, "expires_at": at}
    for name, told in TOLD.items():
        said = text_environment().from_string(told.example).render(locale=english, offer=offer)
        assert said == told.gives, name
    assert TOLD.keys() == FILTERS.keys()


def test_the_reference_knows_every_name_that_templates_may_use() -> None:
    page = templates_page()
    scopes = _template_scopes(compile_settings(None, Findings()), None)
    for root, fields in scopes.items():
        assert f"| `{root}" in page
        row = next(line for line in page.splitlines() if line.startswith(f"| `{root}"))
        assert root == "proof" or all(f"`{field}`" in row for field in fields or ())
