-- Add the units exposed beside the holdout whose window has closed since it was last looked, each once, and
-- for how many of them something came in the window.
with closed as (
    select exposures.unit_id, exposures.workflow, exposures.stratum, exposures.arm, exposures.exposed_at
    from exposures
    where
        exposures.contrast = 'holdout'
        and exposures.exposed_at > moment(%(closed_to)s - %(window)s)
        and exposures.exposed_at <= moment(%(now)s - %(window)s)
),

hit as (
    select
        closed.unit_id, closed.workflow,
        bool_or(signals.measure = 'excess_refund_rate') as has_refund,
        bool_or(signals.measure = 'excess_ticket_rate') as has_ticket,
        bool_or(signals.measure = 'excess_downgrade_rate') as has_downgrade,
        bool_or(signals.measure = 'excess_churn_rate') as has_left
    from closed
    inner join guarded_signals as signals
        on
            closed.unit_id = signals.unit_id
            and signals.occurred_at > closed.exposed_at
            and signals.occurred_at <= closed.exposed_at + %(window)s * interval '1 microsecond'
    group by closed.unit_id, closed.workflow
)

insert into guarded_units (since, workflow, stratum, arm, units, refunds, tickets, downgrades, churned)
select
    (select max(cut) from unnest(%(cuts)b::bigint[]) as cuts (at) cross join moment(at) as cut
    where cut <= closed.exposed_at),
    closed.workflow, closed.stratum, closed.arm, count(*),
    count(*) filter (where hit.has_refund), count(*) filter (where hit.has_ticket),
    count(*) filter (where hit.has_downgrade), count(*) filter (where hit.has_left)
from closed
left join hit on closed.unit_id = hit.unit_id and closed.workflow = hit.workflow
group by 1, 2, 3, 4
on conflict (workflow, stratum, arm, since) do update
set
    units = guarded_units.units + excluded.units,
    refunds = guarded_units.refunds + excluded.refunds,
    tickets = guarded_units.tickets + excluded.tickets,
    downgrades = guarded_units.downgrades + excluded.downgrades,
    churned = guarded_units.churned + excluded.churned
