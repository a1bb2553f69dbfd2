"""Reply words: how people say in many languages that they want no more texts, some again, or help.

For ``replies``, which reads them. Everything here is written as ``replies`` makes a text plain: in lower
case, without accents and apostrophes, with single blanks. Where it is in doubt a phrase stands here: a text
less does less harm than one that was not wanted. Source of the first seven words: 47 CFR 64.1200(a)(10).
"""

from __future__ import annotations

from typing import Final

POLITE: Final = frozenset(
    """
    please pls plz now immediately today thanks thank you ty ok okay hi hello hey hallo yes no just sir madam
    bitte danke sofort jetzt ja nein svp sil vous plait te merci maintenant oui por favor porfavor gracias ya
    per favore grazie ora obrigado obrigada agora alsjeblieft aub graag nu tack takk tak prosze lutfen
    """.split()
)
"""Words that change nothing of what is asked for."""

STOP: Final = frozenset(
    phrase.strip()
    for phrase in """
    stop, quit, end, revoke, opt out, cancel, unsubscribe,
    optout, stopall, stop all, stopit, stop it, stop this, stop that, unsub, remove, remove me, delete me,
    halt,
    cease, desist, enough, no more, end it, end this, end all, cancel it, cancel this, cancel all, cancel me,
    cancel everything, cancel subscription, cancel my subscription, quit it, out, off, go away, get lost,
    nope stop,
    unsuscribe, unsubcribe, unsubscribed, arret, arrett, arrete, arretez, arreter, desabonner, desinscrire,
    desinscription, desabonnement, resilier, annuler, fin,
    stopp, abmelden, abmeldung, abbestellen, austragen, loschen, beenden, ende, schluss, aufhoren, widerruf,
    widerrufen, widerspruch, kundigen, abbruch, stoppen,
    alto, parar, pare, paren, para, detener, detengan, detenga, cancelar, cancele, baja, salir, terminar,
    basta,
    eliminar, borrar, anular,
    ferma, fermate, annulla, cancella, cancellami, disiscrivi, disiscrivimi, smetti, smettila, smettetela,
    sair, cancela, remover, descadastrar, parem, chega, anula,
    afmelden, uitschrijven, opzeggen, stoppe, avmeld, afmeld, frameld, avsluta, avregistrera, avanmal, lopeta,
    koniec, wypisz, rezygnuje, zrusit, odhlasit, dur, iptal, ret, durdur,
    стоп, хватит, отписаться, отпишите, отмена, отписка, στοπ, 停止, 配信停止, 解除, ストップ, 退订, 退訂,
    取消,
    수신거부, 중지, 그만, توقف, الغاء, إلغاء, ايقاف, إيقاف, הסר, עצור, बंद, बंद करो, रोको, रोकें
    """.split(",")
)
"""What is a withdrawal when it is all that is said."""

START: Final = frozenset(
    phrase.strip()
    for phrase in """
    start, unstop, subscribe, resubscribe, opt in, optin, start again, anmelden, alta, inscription, sabonner,
    suscribir, suscribirme, iscrivimi, aanmelden
    """.split(",")
)
"""What asks for texts again when it is all that is said."""

HELP: Final = frozenset(
    phrase.strip()
    for phrase in """
    help, info, help me, information, who is this, who are you, who dis, aide, hilfe, ayuda, aiuto, ajuda,
    hulp,
    hjalp, hjelp, apua, pomoc, yardim, помощь, помогите, βοηθεια, ヘルプ, 帮助, 幫助, 도움말, مساعدة, עזרה,
    मदद,
    wer ist das, wer sind sie, qui est ce, qui etes vous, quien es, quien eres, chi sei, quem e
    """.split(",")
)
"""What asks who we are when it is all that is said."""

_THINGS = (
    r"(texts?|texting|txts?|txting|sms|messag\w*|msgs?|contact\w*|spam\w*|send\w*|writ\w*|bother\w*|harass\w*"
    r"|notif\w*|alerts?|promos?|promotion\w*|marketing|ads?|adverti\w*|offers?|newsletters?|mails?|emails?)"
)

_DINGE = r"(sms|nachrichten?|texte?|werbung|mails?|infos?|angebote?|kontakt\w*)"

PHRASES: Final = (
    # English.
    rf"\b(quit|cease|end|cancel|enough|halt)( (all|the|these|those|this|that|my|your|of|with|any"
    rf"|me))* {_THINGS}\b",
    r"(\b(dont|do not|never|please no)|(?<!did )\bnot) (ever )?"
    r"(text|txt|message|msg|contact|write|bother|send|sms|spam|email)\b",
    rf"\bno (more|further|longer) .{{0,20}}\b{_THINGS}\b|\bno {_THINGS}$",
    r"\bleave (me|us) (the (fuck|hell) )?(alone|be)\b|\blet (me|us) be$",
    r"\b(take|get|keep) (me|us|my (number|phone|name)) (off|out)\b",
    r"\b(remove|delete|erase|forget) (me|us|my (number|phone|name|info|data|contact|details))\b",
    r"\bopt(ing|ed)?( me)? ?out\b|\bun ?subscri\w*\b|\bunsub\b",
    r"\b(revoke|withdraw)\w*\b.*\b(consent|permission)\b|\b(revoke|withdraw) it\b",
    r"\b(dont|do not|no longer|didnt|did not|never) (want|wanna|wish|sign(ed)? up|subscribed?|consent(ed)?"
    r"|agreed?|ask(ed)?) (to (receive|get|hear|be (contact|text|messag|bother|spam)\w*)|these|any|this|texts?"
    r"|messages?|sms|for|from you)\b|\bnever (signed up|subscribed|consented)\b",
    r"\bi (want|wanna) (out|off|you to stop|this to stop|it to stop|them to stop)\b",
    r"\b(not interested|wrong (number|person)|lose my number|go away$|get lost|(fuck|piss|bugger|sod) off"
    r"|screw you|fuck you|cease and desist|do not call|stop calling|stop contacting)\b",
    r"\b(block|report)(ing)? (you|this|as spam|u)\b|\b(this is|its) (spam|harassment|illegal)\b|^spam$",
    # German.
    rf"\bkeine? (weiteren? )?{_DINGE} mehr\b",
    rf"(^|\b(bitte|will|mochte|wunsche|mir) )keine? (weiteren? )?{_DINGE}\b",
    r"\b(schreib|schick|send|kontaktier|text|melde|belastig|sims)\w* ((sie|mir|mich|uns|bitte"
    r"|auch|bloss) )*nichts?\b",
    r"\bnicht mehr (an)?(schreiben|kontaktieren|texten|senden|schicken|melden|belastigen|simsen)\b",
    r"\b(lass|lasst|lassen sie) (mich|uns) (bitte |endlich )?in (ruhe|frieden)\b",
    r"\b(abmeld\w*|abbestell\w*|austrag\w*|widerruf\w*|widersprech\w*|widerspruch)\b|\bmelde? mich .*ab\b",
    r"\b(hor|hort|horen sie) (bitte |endlich |damit )*auf\b|\b(will|mochte|wunsche) .*\bnichts? mehr\b",
    r"\bkein interesse\b|\bfalsche nummer\b|\bloschen sie\b|\bverpiss",
    # French.
    r"\b(ne|n|de ne plus) .*\b[mtl]?(envoy\w*|ecri\w*|contact\w*|text\w*|derang\w*|ecrive\w*|recevoir)\b",
    r"\bplus (de|aucun) (sms|messages?|textos?|pub\w*|mails?)\b",
    r"\b(veux|souhaite) (pas|plus(?! de (?!sms|mess|texto|pub)))\b",
    r"\barret\w* (de|d|ca|les|vos|tout|svp)\b|\bstop (sms|pub|aux?)\b|\bpas interesse\w*\b",
    r"\bmauvais numero\b",
    r"\blaiss\w* (moi|nous) (tranquille|en paix)\b|\bdesabonn\w*|\bdesinscri\w*|\bfich\w* moi la paix\b",
    r"\b(retir\w*|supprim\w*|enlev\w*) (moi|mon numero|mes donnees)\b",
    # Spanish.
    r"\bno (me )?(envi\w+|mand\w+|escrib\w+|contact\w+|molest\w+|texte\w+)\b|\bno mas$",
    r"\bno (me )?(quiero|deseo) (mas|recibir|mensajes|sms|est[eoa]s?)\b",
    r"\bno mas (mensajes|sms|textos|spam|pub\w*)\b",
    r"\b(deja|dejen|deje|dejad|para|paren|pare) de\b|\b(dejame|dejenme|dejeme) en paz\b|\bbasta\b",
    r"\b(dar|darme|dame|denme|deme|doy)( me)? de baja\b|\bnumero equivocado\b|\bno me interesa\b",
    r"\b(elimin\w+|borr\w+|quit\w+) (mi numero|mis datos|me)\b|\b(eliminenme|borrenme|quitenme)\b",
    # Italian.
    r"\bnon (mi |ci )?(scriv\w+|mand\w+|invi\w+|contatt\w+|disturb\w+)\b|\bbasta\b|\bsmett\w+ di\b",
    r"\bnon voglio (piu|ricevere|messaggi|sms|quest[eio])\b",
    r"\b(lasciatemi|lasciami|mi lasci) in pace\b|\bcancella\w*mi\b|\bdisiscri\w*|\bnumero sbagliato\b",
    # Portuguese.
    r"\bnao (me )?(envi\w+|mand\w+|escrev\w+|contat\w+|contact\w+|incomod\w+)\b|\bparem? de\b",
    r"\bnao quero (mais|receber|mensagens|sms)\b",
    r"\bdeix\w+( me)? em paz\b|\bdescadastr\w*|\b(me )?(remov|retir)\w+ (me|da lista|meu numero)\b",
    r"\bchega de\b",
    # Dutch and its neighbours.
    r"\bgeen (sms\w*|berichten|reclame|mails?|aanbiedingen|contact) meer\b",
    r"\bniet meer (sms\w*|sturen|schrijven|contacteren|berichten|appen)\b",
    r"\blaat (me|mij|ons) met rust\b|\bschrijf (me|mij) uit\b|\buitschrijven\b|\bafmelden\b",
    r"\bverkeerd nummer\b",
    r"\b(inga|ikke|ingen) (fler|flere) (sms|meddelanden|beskeder|meldinger)\b|\blamna mig i fred\b",
    # Others, where a few words are sure.
    r"не (пишите|пиши|присылаите|шлите|звоните|беспокойте)|отпис|больше не|отстаньте",
    r"送らないで|不要再发|不要再發|别再发|別再發|退订|退訂|配信停止|수신거부|보내지 마|لا ترسل|אל תשלח",
)
"""What is a withdrawal wherever it stands."""

ORDINARY: Final = (
    r"\bstop (by|in|at(?! once)|over|off|for(?! (good|ever))|here|there|near|into|between)\b",
    r"\bstop (sign|light|watch|loss)\b",
    r"\b(bus|tram|train|metro|pit|rest|non|full|next|first|last|truck|door|subway|short|quick|one) stop\b",
    r"\b(dont|do not|never|cant|cannot|wont|will not|didnt|did not|doesnt|does not|nothing can"
    r"|non) (ever )?stop"
    r"( (texting|sending|messaging|writing|contacting)( (me|us))?)?\b",
)
"""Where the word stop is about something else, or about the contrary: a person looks at it."""

DOUBTFUL: Final = (
    r"\b(stop|stopp|end|quit|cancel|revoke|remove|unsubscribe|kundig\w*|abbestell\w*|resili\w*)\b"
)
"""Words of a withdrawal that is perhaps none."""
