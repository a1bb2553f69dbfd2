"""What people answer to texts: whoever wants no more is heard in whatever words, and few others are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upsell.decisions.replies import Meaning, is_keyword, is_withdrawal, read_reply
from upsell.decisions.reply_words import STOP

# 47 CFR 64.1200(a)(10) names the first seven.
WITHDRAWALS = """
stop
quit
end
revoke
opt out
cancel
unsubscribe
STOP
Stop.
stop!!!
"STOP"
S T O P
s.t.o.p
stoooop
STOPP
Stop please
please stop
Stop it
stop texting me
STOP TEXTING ME!!!!
please don't text me anymore
Please don’t text me any more
do not text me again
dont message me
never contact me again
leave me alone
Leave me ALONE please
take me off your list
get me off this list
remove me
remove my number
Delete my number from your system
no more texts
no more messages please
No texts
I don't want these texts
i do not want to receive messages from you
I no longer want to hear from you, no longer want any
I never signed up for this
I want out
OPT-OUT
optout
opt me out
I'm opting out
Unsubscribe me now
unsub
i withdraw my consent
I revoke my permission to text
not interested
wrong number
you have the wrong person
fuck off
lose my number
go away
cease and desist
this is spam
I'm reporting you
🛑
STOP 🛑
✋ stop
st\u200bop
ＳＴＯＰ
stöp
Yes, stop
just stop
I said stop
enough!
can you stop
cancel my subscription
stop stop stop
Stop the messages, we stop by the store anyway
Stopp
bitte abmelden
Bitte keine SMS mehr!
keine weiteren Nachrichten
Schreiben Sie mir nicht mehr
Schickt mir bitte nichts nicht mehr
lass mich in Ruhe
Lassen Sie mich bitte in Ruhe
Abbestellen
ich widerspreche der Werbung
Hör auf
ich will keine Werbung
Melden Sie mich bitte ab, melde mich ab
Arrêt
ARRÊTEZ
Arrêtez de m'envoyer des messages
ne m'écrivez plus
Ne me contactez plus svp
plus de SMS
je ne veux plus
laissez-moi tranquille
désabonner
Me désinscrire
stop sms
ALTO
No me escriban más
no me manden mensajes
dejen de escribirme
déjame en paz
darme de baja
BAJA
basta
No más mensajes
Non scrivetemi più
lasciatemi in pace
cancellatemi
não me mande mais mensagens
pare de me mandar mensagens
Parem de enviar
geen berichten meer
laat me met rust
uitschrijven
avsluta
стоп
не пишите мне больше
退订
配信停止
수신거부
ストップ
बंद
إلغاء
הסר
не присылайте
Je ne veux plus de messages
quit sending me texts
end these texts
No quiero recibir mensajes
""".strip().splitlines()

ORDINARY = """
stop by the store at 5
I'll stop in tomorrow
the bus stop is closed
Don't stop the good work
please don't stop texting me
can you cancel my order
the end of the month works
I quit smoking
the end of the month works, send it then
cancel my order, the offer was bad
""".strip().splitlines()

OTHER = """

thanks!
yes
no
ok see you at 5
How much is the big plan?
my report stopped working
sounds good 👍
Ja, gern
Merci beaucoup
gracias
please send me the offer again
I love the weekend deals
call me tomorrow
what does it cost per month
the store opens at nine
I need more reports
trend
nonstop
endless
cancelled flights are the worst
fine
I don't need it today
drop me a line tomorrow
let me be clear
we go away this weekend, so Monday
I did not text you yesterday
Ich habe keine Mail bekommen
Ich schreibe morgen
je veux plus de rapports
ik heb geen vragen meer
no quiero esperar
non voglio aspettare
""".splitlines()


@pytest.mark.parametrize("text", WITHDRAWALS)
def test_whoever_wants_no_more_is_heard_in_any_words(text: str) -> None:
    assert read_reply(text) is Meaning.STOP


@pytest.mark.parametrize("text", ORDINARY)
def test_what_only_has_a_word_of_it_is_for_a_person(text: str) -> None:
    assert read_reply(text) is Meaning.PERHAPS_STOP


@pytest.mark.parametrize("text", OTHER)
def test_an_ordinary_answer_withdraws_nothing(text: str) -> None:
    assert read_reply(text) is Meaning.OTHER


@pytest.mark.parametrize(
    "text", ["HELP", "help!", "Info", "AIDE", "Hilfe bitte", "ayuda", "Who is this?", "помощь"]
)
def test_help_is_asked_for_in_many_languages(text: str) -> None:
    assert read_reply(text) is Meaning.HELP


@pytest.mark.parametrize("text", ["START", "unstop", "Start again", "opt-in", "subscribe please"])
def test_texts_are_asked_for_again_by_a_keyword_alone(text: str) -> None:
    assert read_reply(text) is Meaning.START
    assert read_reply(f"{text} the day with coffee tips") is not Meaning.START


def test_each_keyword_is_one() -> None:
    assert [keyword for keyword in sorted(STOP) if not is_withdrawal(keyword)] == []


@given(
    st.sampled_from(sorted(STOP)),
    st.sampled_from(["{}", " {} ", "{}!", "“{}”", "{}\n", "\u200f{}", "{} 🙏", "...{}...", "please {}"]),
    st.sampled_from([str, str.upper, str.capitalize]),
)
@settings(max_examples=50)
def test_a_keyword_is_one_however_it_is_dressed(keyword: str, dress: str, case: type[str]) -> None:
    assert is_withdrawal(dress.format(case(keyword)))


@given(st.text(max_size=200))
@settings(max_examples=50)
def test_whatever_is_said_is_read(text: str) -> None:
    assert read_reply(text) in Meaning


def test_a_text_is_read_in_time_that_does_not_explode() -> None:
    assert read_reply("no " * 50_000) is Meaning.OTHER
    assert read_reply("stop in " * 50_000) is Meaning.PERHAPS_STOP


def test_what_carriers_answer_themselves_is_one_word_and_no_more() -> None:
    assert is_keyword(" Stop\n")
    assert not is_keyword("stop please")
