-- One row per deal: its first opening, and its first closing after it, with amount and currency where readable.
with told as (
    select
        unit_id,
        name,
        cast(properties as json) ->> '$.deal_id' as deal_id,
        lower(cast(properties as json) ->> '$.outcome') as outcome,
        upper(cast(properties as json) ->> '$.currency') as currency,
        cast(properties as json) ->> '$.amount' as amount_text,
        occurred_at at time zone 'UTC' as told_at,
        row_number() over (
            partition by unit_id, name, cast(properties as json) ->> '$.deal_id'
            order by occurred_at, properties collate "C"
        ) as place
    from events
    where name in ('Deal Opened', 'Deal Closed') and is_household and occurred_at <= $as_of
),

numbered as (
    select
        unit_id,
        name,
        deal_id,
        outcome,
        currency,
        told_at,
        case when amount_text ~ '^[0-9]{1,12}([.]0)?$' then cast(cast(amount_text as double) as bigint) end
        as amount
    from told
    where place = 1 and deal_id is not null
)

select
    opened.unit_id,
    opened.deal_id,
    opened.told_at as opened_at,
    closed.told_at as closed_at,
    closed.outcome,
    case when closed.amount is null then opened.amount else closed.amount end as amount,
    case when closed.amount is null then opened.currency else closed.currency end as currency
from numbered as opened
left join numbered as closed
    on
        opened.unit_id = closed.unit_id
        and opened.deal_id = closed.deal_id
        and closed.name = 'Deal Closed'
        and closed.told_at >= opened.told_at
where opened.name = 'Deal Opened'
