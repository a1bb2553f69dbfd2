"""The words of the page of an offer, and of the page by which one goes back, in each language.

The laws: every language says the same things; no sentence presses, and none promises more than the terms do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.channels.languages import ENGLISH, GERMAN


class OfferWords(msgspec.Struct, frozen=True):
    """The words of one language; names in braces are filled in."""

    language: str
    whom: str
    whom_of_account: str
    why_title: str
    why_passed: str
    metric: str
    used: str
    included: str
    used_caption: str
    gain_title: str
    compare_title: str
    compare_caption: str
    have: str
    offered: str
    price: str
    has: str
    has_not: str
    unstated: str
    cost_title: str
    quantity: str
    proof_title: str
    others_title: str
    since: str
    month_from: str
    overage: str
    promise_title: str
    confirm: str
    confirm_missing: str
    confirm_reason: str
    decline_title: str
    decline_said: str
    feature: str
    later_hint: str
    never_hint: str
    accepted_before: str
    declined_title: str
    declined_later: str
    declined_never: str
    declined_open: str
    over_said: str
    gone_said: str
    over_advice: str
    write_to: str
    has_it: str
    role_advice: str
    ask_why: str
    ask_because: str
    ask_button: str
    ask_done: str
    ask_team: str
    quote_link: str
    back_link: str
    back_title: str
    back_question: str
    back_accepted: str
    back_promised: str
    back_nothing: str
    back_none_title: str
    back_none: str
    back_because: str
    back_button: str
    back_hint: str
    back_done_title: str
    back_since: str
    back_question_at_once: str
    back_hint_at_once: str
    back_refund_until: str
    back_pending: str
    back_returned: str
    back_returned_somewhere: str
    back_refunded: str
    back_then: str
    back_gives: str
    back_credits: str
    back_keeps: str
    back_costs_nothing: str
    back_silent: str


_ENGLISH: Final = OfferWords(
    language=ENGLISH,
    whom="For {address}",
    whom_of_account="For {address}, {account}",
    why_title="Why you see this",
    why_passed="You had used {share} of what your plan includes when we wrote.",
    metric="What",
    used="Used",
    included="Included",
    used_caption="What you use this period, beside what is included",
    gain_title="What it does",
    compare_title="Now and then",
    compare_caption="What you have beside what is offered",
    have="{name} (yours now)",
    offered="{name} (offered)",
    price="Price",
    has="Yes",
    has_not="No",
    unstated="not stated",
    cost_title="What it costs",
    quantity="For {quantity} units, {price} each.",
    proof_title="What you have had from it so far",
    others_title="What others say",
    since="Since {day}: {what}.",
    month_from="In the month from {day}: {what}.",
    overage="{paid} paid for use beyond your limits in the last 12 months.",
    promise_title="If it disappoints",
    confirm="This message was for me, {address}, and I may decide this for {account}.",
    confirm_missing="Tick that you may decide this for {account}. Nothing was charged.",
    confirm_reason="So that a forwarded mail cannot charge a company.",
    decline_title="Not for you?",
    decline_said="Then stay as you are. Nothing changes.",
    feature="What is missing?",
    later_hint="Not now: we leave you in peace with this for a while.",
    never_hint="No: we do not ask for this again.",
    accepted_before="You took {name} on {day}, at the terms on this page.",
    declined_title="Thank you for saying so",
    declined_later="You said not now on {day}. Nothing changed.",
    declined_never="You said no on {day}. Nothing changed, and we do not ask for this again.",
    declined_open="Should you change your mind, it is still here.",
    over_said="These terms held until {day} and are over. Nothing was charged.",
    gone_said="This offer is made no more. Nothing was charged.",
    over_advice="If you still want it, ask us for today's terms: answer the message you came from.",
    write_to="Or write to",
    has_it="You have {name} already. There is nothing to buy here.",
    role_advice="Pass the message to them, or answer it and we ask them.",
    ask_why="Your role may not decide this for your account. Those who may get a mail with this offer.",
    ask_because="What should they know? You need not say.",
    ask_button="Ask a colleague who may",
    ask_done="Those who may decide were asked. Nothing happens unless one of them says yes.",
    ask_team="Nobody is known who may decide for your account, so our team looks for somebody.",
    quote_link="Look at the quote",
    back_link="Changed your mind? Go back to what you had",
    back_title="Go back to what you had?",
    back_question="Tell us, and our team takes you back from {name}. You need not explain.",
    back_accepted="You took {name} on {day}.",
    back_promised="What was promised then",
    back_nothing="Nothing was promised in words then. Tell us all the same, and we sort it out with you.",
    back_none_title="There is nothing to go back from",
    back_none="We find no offer that you took. If that is wrong, answer the message you came from.",
    back_because="What went wrong? You need not say.",
    back_button="Take me back",
    back_hint="Our team gets this at once, with the promise above, and writes to you. Nothing changes "
    "before that.",
    back_done_title="We have it",
    back_since="You told us on {day}. Our team has it, with what was promised, and writes to you.",
    back_question_at_once="One button takes you back from {name}. You need not explain.",
    back_hint_at_once="It is done at once, as promised above, and confirmed to you by mail.",
    back_refund_until="The guarantee holds until {day}: what you paid is given back.",
    back_pending="You told us on {day}. It is being done, and is confirmed to you by mail.",
    back_returned="Done. You are back on {name}.",
    back_returned_somewhere="Done. You are back on what you had.",
    back_refunded="What you paid is given back under the guarantee.",
    back_then="What happens then",
    back_gives="{amount} is given back to what you paid with; your bank may take some days to show it.",
    back_credits="{amount}, for the time you paid and do not use, is taken off your next invoices.",
    back_keeps="You keep {name} until {day}, which is paid. After that nothing is charged for it.",
    back_costs_nothing="Nothing is charged, and there is nothing to be given back.",
    back_silent="What you get back cannot be said just now: our payment provider does not answer. "
    "You are told by mail.",
)

_GERMAN: Final = OfferWords(
    language=GERMAN,
    whom="Für {address}",
    whom_of_account="Für {address}, {account}",
    why_title="Warum Sie das sehen",
    why_passed="Sie hatten {share} dessen genutzt, was Ihr Tarif enthält, als wir schrieben.",
    metric="Was",
    used="Genutzt",
    included="Enthalten",
    used_caption="Was Sie in diesem Zeitraum nutzen, neben dem, was enthalten ist",
    gain_title="Was es bringt",
    compare_title="Jetzt und dann",
    compare_caption="Was Sie haben, neben dem, was angeboten wird",
    have="{name} (haben Sie)",
    offered="{name} (angeboten)",
    price="Preis",
    has="Ja",
    has_not="Nein",
    unstated="nicht angegeben",
    cost_title="Was es kostet",
    quantity="Für {quantity} Einheiten, je {price}.",
    proof_title="Was Sie bisher davon hatten",
    others_title="Was andere sagen",
    since="Seit dem {day}: {what}.",
    month_from="Im Monat ab dem {day}: {what}.",
    overage="{paid} in den letzten 12 Monaten für Nutzung über Ihre Grenzen hinaus gezahlt.",
    promise_title="Falls es enttäuscht",
    confirm="Diese Nachricht war für mich, {address}, und ich darf das für {account} entscheiden.",
    confirm_missing="Bitte bestätigen Sie, dass Sie das für {account} entscheiden dürfen. Es wurde nichts "
    "berechnet.",
    confirm_reason="Damit eine weitergeleitete E-Mail keine Firma etwas kosten kann.",
    decline_title="Nichts für Sie?",
    decline_said="Dann bleibt alles, wie es ist.",
    feature="Was fehlt?",
    later_hint="Nicht jetzt: Wir lassen Sie damit eine Weile in Ruhe.",
    never_hint="Nein: Wir fragen danach nicht wieder.",
    accepted_before="Sie haben {name} am {day} genommen, zu den Bedingungen auf dieser Seite.",
    declined_title="Danke, dass Sie es gesagt haben",
    declined_later="Sie haben am {day} „nicht jetzt“ gesagt. Es hat sich nichts geändert.",
    declined_never="Sie haben am {day} abgelehnt. Es hat sich nichts geändert, und wir fragen danach nicht "
    "wieder.",
    declined_open="Falls Sie es sich anders überlegen: Es ist noch da.",
    over_said="Diese Bedingungen galten bis zum {day} und sind abgelaufen. Es wurde nichts berechnet.",
    gone_said="Dieses Angebot gibt es nicht mehr. Es wurde nichts berechnet.",
    over_advice="Wenn Sie es noch möchten, fragen Sie nach den heutigen Bedingungen: Antworten Sie auf die "
    "Nachricht.",
    write_to="Oder schreiben Sie an",
    has_it="Sie haben {name} schon. Hier gibt es nichts zu kaufen.",
    role_advice="Geben Sie die Nachricht weiter, oder antworten Sie, und wir fragen nach.",
    ask_why="Ihre Rolle darf das für Ihr Konto nicht entscheiden. Wer es darf, bekommt eine E-Mail damit.",
    ask_because="Was sollten sie wissen? Sie müssen es nicht sagen.",
    ask_button="Jemanden fragen, der es darf",
    ask_done="Wer entscheiden darf, wurde gefragt. Ohne ein Ja geschieht nichts.",
    ask_team="Niemand ist bekannt, der für Ihr Konto entscheiden darf; unser Team sucht jemanden.",
    quote_link="Das Angebot als Dokument",
    back_link="Anders überlegt? Zurück zu dem, was Sie hatten",
    back_title="Zurück zu dem, was Sie hatten?",
    back_question="Sagen Sie es uns, und unser Team stellt Sie von {name} zurück. Sie müssen nichts "
    "begründen.",
    back_accepted="Sie haben {name} am {day} genommen.",
    back_promised="Was damals versprochen wurde",
    back_nothing="Damals wurde nichts in Worten versprochen. Sagen Sie es uns trotzdem, und wir klären es "
    "mit Ihnen.",
    back_none_title="Es gibt nichts, wovon Sie zurückkönnten",
    back_none="Wir finden kein Angebot, das Sie genommen haben. Wenn das nicht stimmt, antworten Sie auf "
    "die Nachricht.",
    back_because="Was war nicht gut? Sie müssen es nicht sagen.",
    back_button="Stellen Sie mich zurück",
    back_hint="Unser Team bekommt das sofort, mit dem Versprechen oben, und schreibt Ihnen. Vorher "
    "ändert sich nichts.",
    back_done_title="Wir haben es",
    back_since="Sie haben es uns am {day} gesagt. Unser Team hat es, mit dem, was versprochen wurde, und "
    "schreibt Ihnen.",
    back_question_at_once="Ein Knopf stellt Sie von {name} zurück. Sie müssen nichts begründen.",
    back_hint_at_once="Das geschieht sofort, wie oben versprochen, und wird Ihnen per E-Mail bestätigt.",
    back_refund_until="Die Garantie gilt bis zum {day}: Was Sie gezahlt haben, wird erstattet.",
    back_pending="Sie haben es uns am {day} gesagt. Es wird erledigt und Ihnen per E-Mail bestätigt.",
    back_returned="Erledigt. Sie haben wieder {name}.",
    back_returned_somewhere="Erledigt. Sie haben wieder, was Sie vorher hatten.",
    back_refunded="Was Sie gezahlt haben, wird nach der Garantie erstattet.",
    back_then="Was dann geschieht",
    back_gives="{amount} werden auf dem Weg erstattet, auf dem Sie gezahlt haben; bis Ihre Bank es zeigt, "
    "können einige Tage vergehen.",
    back_credits="{amount} für die Zeit, die Sie bezahlt haben und nicht nutzen, werden von Ihren nächsten "
    "Rechnungen abgezogen.",
    back_keeps="Sie behalten {name} bis {day}; so lange ist es bezahlt. Danach wird dafür nichts mehr "
    "berechnet.",
    back_costs_nothing="Es wird nichts abgebucht, und es gibt nichts zu erstatten.",
    back_silent="Was Sie zurückbekommen, lässt sich gerade nicht sagen: Unser Zahlungsdienst antwortet "
    "nicht. Sie erfahren es per E-Mail.",
)

OFFER_WORDS: Final[Mapping[str, OfferWords]] = {ENGLISH: _ENGLISH, GERMAN: _GERMAN}
