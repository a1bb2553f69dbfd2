"""Consent and refusal: withdrawn is withdrawn, never is never, and a ground is named where one is asked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.world import CATALOG, DAY, HOUR, START, Reason, Story, make_program, workflow

GATE = "{on: Feature Gate Hit, again_after: 1 hour}"
OFFER = "[{email: {content: t1, offer: pro-annual}}]"
HELP = "[{email: {content: t1, intent: help}}]"
CHAT = CATALOG.replace(
    "offers:",
    "  chat: {name: Chat, tier: 1, price: {month: 9}, family: chat}\noffers:\n"
    "  chat: {kind: cross-sell, plan: chat, title: Chat}",
)


def told(
    journey: str, policy: str = "", catalog: str = CATALOG, goal: str = "Subscription Upgraded"
) -> Story:
    text = workflow(trigger=GATE, journey=journey, goal=f"{{event: {goal}, within: 30 days}}")
    return Story(make_program({"w": text}, policy=policy, catalog=catalog))


def asked(story: Story) -> bool | Reason:
    """Let a gate be hit: whether a mail went out, or else why not."""
    before = len(story.mails())
    story.after(2 * HOUR).happens("Feature Gate Hit")
    return True if len(story.mails()) > before else story.reasons()[-1]


def test_not_now_rests_and_is_asked_again_after() -> None:
    story = told(OFFER)
    assert asked(story) is True
    story.happens("Offer Declined", offer="pro-annual", answer="not_now")
    assert asked(story) is Reason.DECLINED
    story.after(31 * DAY)
    assert asked(story) is True


def test_never_is_never_whichever_offer_asks() -> None:
    story = told("[{email: {content: t1, offer: pro-trial}}]")
    story.happens("Offer Declined", offer="pro-annual", answer="never")
    story.happens("Offer Declined", offer="pro-annual", answer="not_now").after(400 * DAY)
    assert asked(story) is Reason.DECLINED


def test_a_decline_ends_the_journey_that_would_ask_again() -> None:
    mails = [f"{{email: {{content: {name}, offer: pro-annual}}}}" for name in ("t1", "t2")]
    story = told(f"[{mails[0]}, {{wait: 3 days}}, {mails[1]}]")
    assert asked(story) is True
    story.happens("Offer Declined", offer="pro-annual").after(4 * DAY)
    assert (story.contents(), story.reasons()[-1]) == (["t1"], Reason.DECLINED)


def test_what_one_member_declines_is_not_asked_of_the_account() -> None:
    text = workflow(trigger="{on: Asked}", journey=OFFER, unit="account")
    story = Story(make_program({"w": text}), "a:acme").member("ada", "admin")
    story.happens("Offer Declined", by="ada", offer="pro-annual").happens("Asked", by="ada")
    assert story.reasons() == [Reason.DECLINED]


def test_an_objection_is_a_trait_that_rules_can_ask() -> None:
    text = workflow(
        trigger="{on: Asked}", journey=HELP, eligible="[\"customer.objection = 'too_expensive'\"]"
    )
    story = Story(make_program({"w": text})).happens("Asked")
    assert story.reasons() == [Reason.INELIGIBLE]
    story.happens("Offer Declined", offer="pro-annual", reason="too_expensive", feature="sso")
    story.happens("Asked")
    assert len(story.mails()) == 1
    assert story.unit().profile.traits["missing_feature"] == "sso"


@pytest.mark.parametrize(
    ("channel", "purpose", "family", "journey", "answer"),
    [
        ("email", "", "", HELP, Reason.NO_CONSENT),
        ("*", "", "", HELP, Reason.NO_CONSENT),
        ("*", "profiling", "", HELP, True),
        ("*", "profiling", "", OFFER, Reason.NO_CONSENT),
        ("email", "", "chat", OFFER, True),
        ("email", "", "chat", "[{email: {content: t1, offer: chat}}]", Reason.NO_CONSENT),
        ("*", "", "", "[{task: {queue: q, title: Call, offer: pro-annual, due: 1 day}}]", Reason.NO_CONSENT),
    ],
)
def test_a_withdrawal_acts_at_once_on_all_it_names_and_nothing_else(
    channel: str, purpose: str, family: str, journey: str, answer: bool | Reason
) -> None:
    story = told(journey, catalog=CHAT)
    story.happens("Consent Withdrawn", channel=channel, purpose=purpose, family=family)
    assert asked(story) is answer


def test_consent_for_one_family_undoes_no_withdrawal_of_all() -> None:
    story = told("[{email: {content: t1, offer: chat}}]", catalog=CHAT)
    story.happens("Consent Withdrawn", channel="email").after(DAY)
    story.happens("Consent Given", channel="email", family="chat")
    assert asked(story) is Reason.NO_CONSENT
    story.happens("Consent Given", channel="email", proof="web form", text_version="3")
    assert asked(story) is True
    proof = story.unit().contact.proofs["email"]
    assert (proof.how, proof.text_version) == ("web form", "3")


def test_where_grounds_are_asked_one_must_hold_and_the_message_says_which() -> None:
    policy = "policy: {consent: {email: {bases: [consent, soft-opt-in]}}}"
    story = told(OFFER, policy, goal="Offer Accepted")
    assert asked(story) is Reason.NO_CONSENT
    story.happens("Subscription Started", plan="starter", amount=4900)
    assert len(story.mails()) == 1, "something similar was sold: the candidate that waited is let in"
    story.happens("Consent Given", channel="email")
    assert asked(story) is True
    bases = [event.properties["basis"] for event in story.recorded() if event.name == "Message Reserved"]
    assert bases == ["soft-opt-in", "consent"]


SIMILAR = "policy: {consent: {email: {bases: [soft-opt-in]}}}"
SHOP = (
    CATALOG
    + """
products:
  calls: {kind: pack, name: Calls, limits: {api_calls: 500}}
  voice: {kind: add-on, name: Voice, family: voice}
  both: {kind: bundle, name: Both, contains: [starter, voice], family: suite}
items:
  shirt: {name: Shirt, family: clothes}
  mug: {name: Mug}
"""
).replace("offers:", "offers:\n  voice: {kind: cross-sell, product: voice, title: Voice}", 1)
VOICE = "[{email: {content: t1, offer: voice}}]"


@pytest.mark.parametrize(
    ("journey", "said", "answer"),
    [
        (OFFER, {"items": ["calls"], "amount": 4_000}, True),
        (OFFER, {"products": [{"product_id": "mug"}], "amount": 900}, True),
        (OFFER, {"items": [{"id": "mug", "price": 900}]}, True),
        (OFFER, {"items": ["mug"]}, Reason.NO_CONSENT),
        (OFFER, {"items": ["mug"], "amount": 0}, Reason.NO_CONSENT),
        (
            OFFER,
            {"items": [{"id": "mug", "price": 0}, {"id": "shirt", "price": 900}], "amount": 900},
            Reason.NO_CONSENT,
        ),
        (OFFER, {"items": ["shirt", "unheard-of"], "amount": 900}, Reason.NO_CONSENT),
        (OFFER, {"amount": 900}, Reason.NO_CONSENT),
        (VOICE, {"items": ["calls"], "amount": 4_000}, Reason.NO_CONSENT),
        (VOICE, {"items": ["voice"], "amount": 4_000}, True),
        (VOICE, {"items": ["both"], "amount": 4_000}, True),
        (OFFER, {"items": ["both"], "amount": 4_000}, True),
    ],
)
def test_an_order_that_was_paid_for_something_similar_is_a_ground(
    journey: str, said: dict[str, Any], answer: bool | Reason
) -> None:
    story = told(journey, SIMILAR, SHOP).happens("Order Completed", order_id="1", **said)
    assert asked(story) is answer


def test_a_trial_is_no_sale_until_it_is_paid_for() -> None:
    story = told(OFFER, SIMILAR)
    story.happens("Subscription Started", plan="starter", amount=4900, status="trialing")
    assert asked(story) is Reason.NO_CONSENT
    story.happens("Subscription Canceled").after(31 * DAY)
    assert asked(story) is Reason.NO_CONSENT
    story.happens("Subscription Started", plan="starter", amount=4900)
    assert asked(story) is True


def test_an_add_on_that_is_subscribed_to_is_a_sale_of_its_family() -> None:
    story = told(VOICE, SIMILAR, SHOP.replace("kind: add-on, name: Voice", "kind: service, name: Voice"))
    assert asked(story) is Reason.NO_CONSENT
    story.happens("Subscription Started", plan="voice", amount=900, subscription_id="v")
    assert asked(story) is True


def test_what_somebody_bought_before_they_joined_an_account_is_their_ground_and_no_others() -> None:
    text = workflow(trigger=GATE, journey=OFFER)
    program = make_program({"w": text}, policy=SIMILAR, catalog=SHOP)
    alone = Story(program).happens("Order Completed", order_id="1", items=["mug"], amount=900)
    story = Story(program, "a:acme").member("ada").member("bob")
    story.household.customers["ada"] = alone.unit("c:ada")
    for name, reasons in (("bob", [Reason.NO_CONSENT]), ("ada", [])):
        before = len(story.mails())
        story.happens("Feature Gate Hit", by=name)
        assert (len(story.mails()) == before) is bool(reasons), name
    story.happens("Order Completed", by="ada", order_id="2", items=["mug"], amount=900)
    story.happens("Feature Gate Hit", by="bob")
    assert story.mails()[-1].customer_id == "bob", "bought as a member, it is the account's"


def test_of_what_was_bought_the_families_alone_are_kept_with_their_last_moment() -> None:
    story = told(OFFER, SIMILAR, SHOP)
    story.happens("Order Completed", order_id="1", items=["mug", "shirt"], amount=900).after(DAY)
    story.happens("Order Completed", order_id="2", items=["mug"], amount=900, ago=3 * DAY)
    story.happens("Order Completed", order_id="3", items=["shirt"], amount=900)
    assert story.unit().profile.bought == {"": START, "clothes": START + DAY}


def test_a_legitimate_interest_holds_while_its_rule_is_true() -> None:
    interest = "event_count('Feature Gate Hit', interval '7 days') >= 2"
    grounds = f'{{bases: [legitimate-interest], interest: "{interest}"}}'
    policy = f"policy: {{consent: {{email: {grounds}}}}}"
    story = told(HELP, policy)
    assert asked(story) is Reason.NO_CONSENT
    assert asked(story) is True


def test_service_needs_no_ground_but_the_contract() -> None:
    policy = "policy: {consent: {email: {bases: [consent]}}}"
    story = told("[{email: {content: t1, intent: service}}]", policy)
    assert asked(story) is True


@pytest.mark.parametrize("channel", ["Email", " EMAIL ", "e-mail", "all", "Any", "fax"])
def test_a_withdrawal_holds_in_whatever_words_a_source_says_the_channel(channel: str) -> None:
    story = told(HELP)
    story.happens("Consent Withdrawn", channel=channel)
    assert asked(story) is Reason.NO_CONSENT


@pytest.mark.parametrize(
    "purpose", ["Marketing", "offers", "promotional", "PROFILING", "personalisation", "x"]
)
def test_a_withdrawal_holds_in_whatever_words_a_source_says_the_purpose(purpose: str) -> None:
    story = told(OFFER)
    story.happens("Consent Withdrawn", channel="email", purpose=purpose)
    assert asked(story) is Reason.NO_CONSENT


def test_what_is_withdrawn_in_unknown_words_is_given_back_in_the_same_words_alone() -> None:
    story = told(HELP).happens("Consent Withdrawn", channel="fax")
    story.after(HOUR).happens("Consent Given", channel="email")
    assert asked(story) is Reason.NO_CONSENT
    story.after(HOUR).happens("Consent Given", channel="Fax")
    assert asked(story) is True


def test_consent_in_unknown_words_is_no_ground() -> None:
    story = told(HELP, "policy: {consent: {email: {bases: [consent]}}}\n")
    story.happens("Consent Given", channel="fax").happens("Consent Given", channel="email", purpose="x")
    assert asked(story) is Reason.NO_CONSENT
    story.happens("Consent Given", channel="E-Mail", purpose="Newsletter")
    assert asked(story) is True


@pytest.mark.parametrize(("channel", "given"), [("email", "email"), ("*", "*"), ("email", "*")])
def test_consent_to_marketing_undoes_no_withdrawal_of_profiling(channel: str, given: str) -> None:
    story = told(OFFER).happens("Consent Withdrawn", channel=channel, purpose="profiling")
    story.after(HOUR).happens("Consent Given", channel=given)
    assert asked(story) is Reason.NO_CONSENT
    story.after(HOUR).happens("Consent Given", channel=given, purpose="profiling")
    assert asked(story) is True


def test_whoever_marks_a_mail_as_spam_gets_none_until_they_say_so() -> None:
    mails = [f"{{email: {{content: {name}, intent: help}}}}" for name in ("t1", "t2")]
    story = told(f"[{mails[0]}, {{wait: 3 days}}, {mails[1]}]")
    assert asked(story) is True
    story.happens("Message Complained", key=story.mails()[-1].key).after(4 * DAY)
    assert (story.contents(), story.reasons()[-1]) == (["t1"], Reason.NO_RECIPIENT)
    assert asked(story) is Reason.NO_CONSENT
    story.after(HOUR).happens("Consent Given", channel="email").after(HOUR)
    assert story.contents() == ["t1", "t1"]


@pytest.mark.parametrize(
    ("kind", "is_refused"), [("soft", False), ("Transient", False), ("hard", True), (None, True)]
)
def test_only_an_address_that_refused_for_good_is_written_to_no_more(
    kind: str | None, *, is_refused: bool
) -> None:
    story = told(HELP).happens("Message Bounced", kind=kind)
    assert asked(story) is (Reason.ADDRESS_SUPPRESSED if is_refused else True)


BUNDLE = CHAT.replace(
    "offers:",
    "products:\n  suite: {name: Suite, kind: bundle, price: {month: 50}, contains: [pro, chat]}\noffers:",
).replace(
    "  chat: {kind: cross-sell",
    "  suite: {kind: upgrade, product: suite, title: Suite}\n  chat: {kind: cross-sell",
)


def test_a_bundle_is_not_offered_to_whoever_withdrew_for_the_family_of_a_part() -> None:
    story = told("[{email: {content: t1, offer: suite}}]", catalog=BUNDLE)
    story.happens("Consent Withdrawn", channel="email", family="chat")
    assert asked(story) is Reason.NO_CONSENT


@pytest.mark.parametrize("answer", ["Never", "NEVER", "never this", "never_again", "no-never"])
def test_never_is_never_in_whatever_words_it_is_said(answer: str) -> None:
    story = told(OFFER).happens("Offer Declined", offer="pro-annual", answer=answer).after(100 * DAY)
    assert asked(story) is Reason.DECLINED


def test_never_to_what_a_message_offered_is_never_to_the_thing_it_offered() -> None:
    catalog = CATALOG.replace("offers:", "offers:\n  fit: {kind: upgrade, plan: fitting, title: Fit}")
    story = told("[{email: {content: t1, offer: fit}}, {wait: 1 days}]", catalog=catalog)
    story.happens("Subscription Started", plan="starter", amount=1900, currency="USD", interval="month")
    for _ in range(40):
        story.happens("Usage Recorded", metric="api_calls", quantity=40).after(DAY)
    assert asked(story) is True
    story.happens("Offer Declined", offer="fit", key=story.mails()[-1].key, answer="never").after(100 * DAY)
    for _ in range(40):
        story.happens("Usage Recorded", metric="api_calls", quantity=40).after(DAY)
    assert asked(story) is Reason.DECLINED


def test_never_to_paying_by_the_year_is_never_on_any_plan() -> None:
    catalog = CATALOG.replace("price: {month: 49}", "price: {month: 49, year: 490}").replace(
        "offers:", "offers:\n  yearly: {kind: upgrade, interval: year, title: Yearly}"
    )
    story = told("[{email: {content: t1, offer: yearly}}]", catalog=catalog)
    story.happens("Subscription Started", plan="starter", amount=4900, currency="USD", interval="month")
    story.happens("Offer Declined", offer="yearly", answer="never")
    story.happens("Subscription Changed", plan="pro", amount=14900, currency="USD", interval="month")
    assert asked(story) is Reason.DECLINED


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({}, Reason.NO_CONSENT),
        ({"proof": "box"}, Reason.NO_CONSENT),
        ({"text_version": "3"}, Reason.NO_CONSENT),
        ({"proof": "box", "text_version": "3"}, True),
    ],
)
def test_where_proof_is_asked_for_consent_alone_is_no_ground(
    said: dict[str, str], *, answer: bool | Reason
) -> None:
    story = told(HELP, "policy: {consent: {email: {bases: [proven-consent]}}}")
    given: dict[str, Any] = {"channel": "email", **said}
    story.happens("Consent Given", **given)
    assert asked(story) == answer
