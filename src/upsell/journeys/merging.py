"""Merging: two customers of a household that turn out to be one become one record.

The law: a merge speaks to nobody twice. Of two passages through one workflow the one exposed first
goes on and the other leaves with its messages, as one does that repeats what the other heard; of two
tasks for one reason the one opened first stays; what was spent, refused and drawn by chance before holds
for the one that stays.
"""

from __future__ import annotations

from upsell.clock import Moment
from upsell.decisions.consents import merge_consents
from upsell.decisions.contact import merge_contact
from upsell.decisions.decision import Verdict
from upsell.decisions.declines import merge_declines
from upsell.decisions.reasons import Reason
from upsell.ids import UnitId, customer_unit
from upsell.journeys.household import Enrollment, Household, Unit, Watch
from upsell.journeys.leaving import leave, withdraw_pending
from upsell.journeys.scene import Scene
from upsell.journeys.tasks import rename_holder, share_reasons
from upsell.signals.events import Event
from upsell.signals.merging import merge_profiles

_NEVER: Moment = 1 << 62


def gone_of(event: Event) -> str | None:
    """Give the customer id that goes by a ``Customers Merged``; None when the event says nothing."""
    gone_id = event.properties.get("from")
    return gone_id if isinstance(gone_id, str) and gone_id and gone_id != event.customer_id else None


def drawn_as(unit: Unit, watch: Watch) -> UnitId:
    """Give the id a unit's chance is drawn by in a workflow: the one that was exposed in it first."""
    return watch.assigned_as or unit.assigned_as or unit.id


def merge_customers(scene: Scene, event: Event) -> None:
    """Take the record that goes into the one that stays, and remove it from the household."""
    gone_id, stays_id = gone_of(event), event.customer_id
    if gone_id is None or stays_id is None:
        return
    household = scene.household
    rename_member(household, gone_id, stays_id)
    gone = household.customers.pop(gone_id, None)
    if gone is None:
        return
    stays = scene.customer(stays_id)
    losers = [*_losing_passages(stays, gone), *_repeated_passages(scene, stays, gone)]
    slot, losing = _agree_on_slot(scene, stays, gone, losers)
    merge_profiles(stays.profile, gone.profile, scene.concerns.known)
    merge_consents(stays.contact, gone.contact)
    merge_contact(stays.contact, gone.contact)
    _merge_watches(stays, gone)
    stays.enrollments.update(gone.enrollments)
    stays.trials.update(gone.trials)
    stays.slot = slot
    _merge_memberships(stays, gone)
    merge_declines(stays.declines, gone.declines)
    stays.tasks.update(gone.tasks)
    rename_holder(scene, gone.id, stays.id)
    share_reasons(scene)
    stays.discounts = sorted([*stays.discounts, *gone.discounts], key=lambda given: given.at)
    scene.refresh_facts()
    for enrollment in [*losers, *losing]:
        _give_way(scene, stays, enrollment, gone_id)


def rename_member(household: Household, gone_id: str, stays_id: str) -> bool:
    """Call a member of an account by the id that stays, with the roles of both; tell if there was one."""
    account = household.account
    if account is None:
        return False
    is_named = False
    if gone_id in household.roster:
        roles = [*household.roster.get(stays_id, ()), *household.roster.pop(gone_id)]
        household.roster[stays_id] = list(dict.fromkeys(roles))
        is_named = True
    if gone_id in household.engaged:
        household.engaged = sorted({*household.engaged, stays_id} - {gone_id})
        is_named = True
    gone, stays = customer_unit(gone_id), customer_unit(stays_id)
    for enrollment in account.enrollments.values():
        if gone in enrollment.held_slots:
            enrollment.held_slots = sorted({*enrollment.held_slots, stays} - {gone})
            is_named = True
    return is_named


def _losing_passages(stays: Unit, gone: Unit) -> list[Enrollment]:
    """Of two passages through one workflow, the one that leaves: not the one exposed or entered first."""
    losers = [
        max((mine, stays), (other, gone), key=_lateness)[0]
        for mine in stays.enrollments.values()
        for other in gone.enrollments.values()
        if (mine.workflow, mine.key) == (other.workflow, other.key)
    ]
    return sorted(losers, key=lambda enrollment: enrollment.id)


def _repeated_passages(scene: Scene, stays: Unit, gone: Unit) -> list[Enrollment]:
    """Passages that would not have been opened had one been known to be the other, who was through.

    The other was exposed in the workflow and may not enter it again yet, so the rest is not said twice.
    """
    repeated = []
    for unit, other in ((stays, gone), (gone, stays)):
        going = {enrollment.workflow for enrollment in other.enrollments.values()}
        for enrollment in unit.enrollments.values():
            watch = other.watches.get(enrollment.workflow)
            workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
            if watch is None or workflow is None or enrollment.after_goal or enrollment.workflow in going:
                continue
            if enrollment.key and enrollment.key not in watch.entered:
                continue
            if watch.exposed_at is None or watch.entered_at is None:
                continue
            apart, again_after = abs(enrollment.entered_at - watch.entered_at), workflow.trigger.again_after
            if again_after is None or apart < again_after:
                repeated.append(enrollment)
    return sorted(repeated, key=lambda enrollment: enrollment.id)


def _lateness(passage: tuple[Enrollment, Unit]) -> tuple[bool, bool, Moment, Moment, str]:
    """Rank passages: one past its goal, then one that was exposed, then the first exposed and entered."""
    enrollment, unit = passage
    watch = unit.watches.get(enrollment.workflow)
    exposed_at = watch.exposed_at if watch is not None and enrollment.exposed else None
    return (
        not enrollment.after_goal,
        not enrollment.exposed,
        exposed_at if exposed_at is not None else _NEVER,
        enrollment.entered_at,
        enrollment.id,
    )


def _agree_on_slot(
    scene: Scene, stays: Unit, gone: Unit, losers: list[Enrollment]
) -> tuple[str | None, list[Enrollment]]:
    """Give who holds the one slot, the earlier of two, and the customer's own passages that lose it.

    Passages through the workflow that holds it share it, whichever of both they were of.
    """
    leaving = {enrollment.id for enrollment in losers}
    household = scene.household
    own = {**stays.enrollments, **gone.enrollments}
    shared = household.account.enrollments if household.account is not None else {}
    held = {slot for unit in (stays, gone) if (slot := _slot_without(scene, unit, leaving)) is not None}
    holding = sorted(held, key=lambda slot: _held_since(own.get(slot) or shared.get(slot), slot))
    for slot in holding[1:]:
        if slot in shared:
            kept = [unit_id for unit_id in shared[slot].held_slots if unit_id != stays.id]
            shared[slot].held_slots = kept
    if not holding:
        return None, []
    winner = own.get(holding[0]) or shared.get(holding[0])
    losing = [
        each
        for each in own.values()
        if each.id not in leaving and (winner is None or each.workflow != winner.workflow)
        if each.id in holding or _sells(scene, each)
    ]
    return holding[0], sorted(losing, key=lambda each: each.id)


def _slot_without(scene: Scene, unit: Unit, leaving: set[str]) -> str | None:
    """Give what holds a unit's slot when some passages leave: one that shared it, where its holder does."""
    holder = unit.enrollments.get(unit.slot or "")
    if holder is None or holder.id not in leaving:
        return unit.slot
    sharing = [
        each
        for each in unit.enrollments.values()
        if each.workflow == holder.workflow and each.id not in leaving and _sells(scene, each)
    ]
    heir = min(sharing, key=lambda each: (each.entered_at, each.id), default=None)
    return heir.id if heir is not None else None


def _sells(scene: Scene, enrollment: Enrollment) -> bool:
    version = scene.program.of_version(enrollment.workflow, enrollment.version)
    return version is not None and version.takes_slot and not enrollment.after_goal


def _held_since(enrollment: Enrollment | None, slot: str) -> tuple[Moment, str]:
    """Rank holders of a slot; one of another account, which cannot leave from here, comes first."""
    return (enrollment.entered_at if enrollment is not None else 0, slot)


def _merge_watches(stays: Unit, gone: Unit) -> None:
    """Merge what each workflow remembers, and keep by whose id its chance is drawn."""
    for key in sorted({*stays.watches, *gone.watches}):
        mine = stays.watches.setdefault(key, Watch())
        other = gone.watches.get(key, Watch())
        chance = _drawn_first(mine, drawn_as(stays, mine), other, drawn_as(gone, other))
        _merge_watch(mine, other)
        mine.assigned_as = chance
        if any(going.workflow == key for unit in (stays, gone) for going in unit.enrollments.values()):
            mine.waiting = None
        for unit in (stays, gone):
            for going in unit.enrollments.values():
                if going.workflow == key:
                    mine.queue.pop(going.key, None)
    if _is_earlier(gone.exposed_at, stays.exposed_at):
        stays.assigned_as = gone.assigned_as or gone.id
        stays.exposed_at = gone.exposed_at


def _merge_memberships(stays: Unit, gone: Unit) -> None:
    """Let the one that stays be in what either was in, since the earlier; the rules are asked next."""
    if gone.segments is None:
        return
    merged = stays.segments = stays.segments if stays.segments is not None else {}
    for name, other in gone.segments.items():
        mine = merged.setdefault(name, other)
        mine.since = _first(mine.since, other.since)


def _drawn_first(mine: Watch, mine_as: UnitId, other: Watch, other_as: UnitId) -> UnitId | None:
    if _is_earlier(other.exposed_at, mine.exposed_at):
        return other_as
    return mine_as if mine.exposed_at is not None else None


def _merge_watch(mine: Watch, other: Watch) -> None:
    mine.true_since = _first(mine.true_since, other.true_since)
    mine.has_fired = mine.has_fired or other.has_fired
    mine.ask_at = _first(mine.ask_at, other.ask_at)
    entered = [at for at in (mine.entered_at, other.entered_at) if at is not None]
    mine.entered_at = max(entered, default=None)
    is_mine_later = _is_earlier(other.exposed_at, mine.exposed_at)
    mine.sides = {**mine.sides, **other.sides} if is_mine_later else {**other.sides, **mine.sides}
    mine.exposed_at = _first(mine.exposed_at, other.exposed_at)
    mine.entered = {**other.entered, **mine.entered}
    if mine.waiting is None or (other.waiting is not None and other.waiting.since < mine.waiting.since):
        mine.waiting = other.waiting
    queue = sorted({**other.queue, **mine.queue}.items(), key=lambda each: (each[1].since, each[0]))
    mine.queue = dict(queue)
    if not mine.crossed_in:
        mine.crossed, mine.crossed_in = list(other.crossed), other.crossed_in
    elif mine.crossed_in == other.crossed_in:
        mine.crossed = sorted({*mine.crossed, *other.crossed})


def _give_way(scene: Scene, unit: Unit, enrollment: Enrollment, gone_id: str) -> None:
    """End a passage that the other's replaces, or only what it had reserved when its version is gone."""
    workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
    if workflow is not None:
        leave(scene, unit, workflow, enrollment, Verdict(Reason.MERGED, gone_id))
        return
    withdraw_pending(scene, enrollment, Reason.MERGED)
    unit.enrollments.pop(enrollment.id, None)


def _is_earlier(at: Moment | None, than: Moment | None) -> bool:
    return at is not None and (than is None or at < than)


def _first(one: Moment | None, other: Moment | None) -> Moment | None:
    return min((at for at in (one, other) if at is not None), default=None)
