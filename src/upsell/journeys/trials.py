"""Trials: what was granted is ended or converted, whatever becomes of the passage that granted it.

The law: of each trial that was granted billing hears once, that the paid terms were taken or that it is
over. The passage tells it as it walks; where the passage leaves before, the trial goes on with its unit,
says nothing to anybody, and only billing is told.
"""

from __future__ import annotations

from typing import Final

import msgspec

from upsell.clock import Duration, Moment
from upsell.decisions.reach import TRIAL
from upsell.ids import bare, is_account
from upsell.journeys.effects import Speak, message_key
from upsell.journeys.household import Enrollment, Trial, Unit
from upsell.journeys.scene import Scene
from upsell.signals.events import MESSAGE_SENT, MESSAGE_UNKNOWN, OFFER_ACCEPTED, RECEIPTS, Event

ACCEPTED: Final = "trial.accepted"
ENDED: Final = "trial.ended"

CLOSING: Final = frozenset({ACCEPTED, ENDED})
"""What billing is told of a trial's end: neither a pause nor lost eligibility may keep it back."""

CONVERT: Final = ".convert"
END: Final = ".end"
EARLY: Final = ".early"
LATE: Final = ".late"
REMIND: Final = ".remind."
TAKES: Final = ".takes"
"""What the steps of a trial are called behind its own id."""


def begin_trial(enrollment: Enrollment, grant: Speak, lasts: Duration) -> None:
    """Remember the trial that a passage grants, from what billing is told of it."""
    enrollment.trial = Trial(grant, grant.reserved_at + lasts, keys=[])


def note_paid_terms(enrollment: Enrollment, offer: str | None, key: str) -> None:
    """Remember that a passage says the paid terms of its trial under a key, or reminds of them."""
    trial = enrollment.trial
    if trial is None or trial.keys is None or offer not in (None, trial.grant.offer) or key in trial.keys:
        return
    trial.keys = [*trial.keys, key]


def trials_of(unit: Unit) -> list[Trial]:
    """Give the trials of a unit, those that go on without their passage first."""
    passages = (each.trial for each in unit.enrollments.values())
    return [*unit.trials.values(), *(trial for trial in passages if trial is not None)]


def is_under_way(trial: Trial, offer: str, now: Moment) -> bool:
    """Tell whether a trial of an offer goes on at ``now``: neither over nor told to billing as taken."""
    return trial.grant.offer == offer and not trial.told and now < trial.ends_at


def says_paid_terms(unit: Unit, enrollment: str, offer: str, shown_at: Moment, now: Moment) -> bool:
    """Tell whether what a passage showed are the paid terms of a trial that is under way."""
    return any(
        is_under_way(trial, offer, now)
        and trial.grant.enrollment == enrollment
        and shown_at >= trial.grant.reserved_at
        for trial in trials_of(unit)
    )


def note_grant(enrollment: Enrollment, event: Event) -> None:
    """Take what became of telling billing: a trial was granted where it was told, or nobody can say."""
    if enrollment.trial is not None and event.name in (MESSAGE_SENT, MESSAGE_UNKNOWN):
        enrollment.trial.is_granted = True
    else:
        enrollment.trial = None


def ends_at(enrollment: Enrollment, step_id: str, up_to: Duration) -> Moment | None:
    """Give when a wait of a trial is over, by the end that was told; None for another wait."""
    trial = enrollment.trial
    if trial is None:
        return None
    if step_id == trial.step + LATE:
        return trial.ends_at
    return trial.grant.reserved_at + up_to if step_id == trial.step + EARLY else None


def way_out(enrollment: Enrollment, now: Moment) -> str | None:
    """Give where a passage goes that stands at a reminder of no more use, None where it stays.

    That is so when the paid terms were taken, and when the trial is over.
    """
    trial = enrollment.trial
    if trial is None or not is_reminding(enrollment):
        return None
    return trial.step + TAKES if trial.is_accepted or trial.ends_at <= now else None


def stay_within(scene: Scene, unit: Unit, enrollment: Enrollment, to: str) -> None:
    """Let the trial of a passage go on by itself when its steps are left, or begun anew."""
    if enrollment.trial is not None and not to.startswith(enrollment.trial.step + "."):
        let_go(scene, unit, enrollment)


def hear_trial(enrollment: Enrollment, event: Event) -> None:
    """Take an acceptance of the paid terms of the trial a passage granted, whatever mail it came from."""
    trial = enrollment.trial
    if trial is not None and _is_acceptance(trial, event):
        trial.is_accepted = True
        known = enrollment.heard.setdefault(trial.step, [])
        known.extend(["accepted"] if "accepted" not in known else [])


def let_go(scene: Scene, unit: Unit, enrollment: Enrollment) -> None:
    """Let the trial of a passage go on with its unit, as the passage leaves or goes on elsewhere.

    What billing is being told of its end already is told, so it is not taken back.
    """
    trial = enrollment.trial
    if trial is None or trial.is_apart:
        return
    trial.is_apart = True
    closings = (trial.step + CONVERT, trial.step + END)
    if enrollment.step in closings and enrollment.pending:
        trial.told = enrollment.pending.pop()
    unit.trials[trial.grant.key] = msgspec.structs.replace(trial)
    _close(scene, unit, unit.trials[trial.grant.key])


def settle_trials(scene: Scene, unit: Unit, event: Event, *, is_about: bool) -> None:
    """Take receipts and acceptances for the trials that go on without their passage."""
    key = event.properties.get("key")
    is_receipt = event.name in RECEIPTS
    for trial in list(unit.trials.values()):
        if is_about and _is_acceptance(trial, event):
            trial.is_accepted = True
            _close(scene, unit, trial)
        elif is_receipt and key == trial.grant.key and not trial.is_granted:
            trial.is_granted = event.name in (MESSAGE_SENT, MESSAGE_UNKNOWN)
            if trial.is_granted:
                _close(scene, unit, trial)
            else:
                unit.trials.pop(trial.grant.key)
        elif is_receipt and trial.told and key == trial.told:
            unit.trials.pop(trial.grant.key)


def end_trials(scene: Scene, unit: Unit) -> None:
    """Tell billing of the trials that go on without their passage and are over now."""
    for trial in list(unit.trials.values()):
        _close(scene, unit, trial)


def trials_due(unit: Unit) -> list[Moment]:
    """Give when trials end that a passage would remind of, or that go on without one."""
    reminding = [enrollment.trial for enrollment in unit.enrollments.values() if is_reminding(enrollment)]
    going = [trial for trial in unit.trials.values() if not trial.told]
    return [trial.ends_at for trial in (*reminding, *going) if trial is not None]


def is_reminding(enrollment: Enrollment) -> bool:
    """Tell whether a passage is at the reminder of its trial."""
    trial = enrollment.trial
    if trial is None or trial.is_apart:
        return False
    return (enrollment.step or "").startswith(trial.step + REMIND)


def is_timely(trial: Trial, event: Event) -> bool:
    """Tell whether what an event says may be an answer to a trial: it came after it, and is no history.

    Nor is it one to begin another: that takes no paid terms.
    """
    if event.is_historical or event.occurred_at < trial.grant.reserved_at:
        return False
    return not (event.name == OFFER_ACCEPTED and event.properties.get("trial_days"))


def _is_acceptance(trial: Trial, event: Event) -> bool:
    """Tell whether an acceptance takes the paid terms of a trial: under a key, what its passage showed."""
    said = event.properties
    key, is_of_offer = said.get("key"), said.get("offer") == trial.grant.offer
    is_known = key is None or trial.keys is None or key in trial.keys
    is_named = (is_of_offer and is_known) or key == trial.grant.key
    return event.name == OFFER_ACCEPTED and is_named and is_timely(trial, event)


def _close(scene: Scene, unit: Unit, trial: Trial) -> None:
    """Tell billing what became of a trial, once; of one that was never granted nothing."""
    is_over = trial.ends_at <= scene.now
    if trial.told or not (trial.is_accepted or is_over):
        return
    if not trial.is_granted:
        if is_over:
            unit.trials.pop(trial.grant.key)
        return
    grant = trial.grant
    step = trial.step + (CONVERT if trial.is_accepted else END)
    person = "" if is_account(unit.id) else bare(unit.id)
    trial.told = message_key(grant.enrollment, step, grant.visit, person, TRIAL)
    scene.effects.append(
        msgspec.structs.replace(
            grant, key=trial.told, step=step, unit_id=unit.id, customer_id=person, reserved_at=scene.now
        )
    )
