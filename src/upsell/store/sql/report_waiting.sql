-- Buyers of a stretch (since, until], and how many of them had waited for a discount; counts by section:
-- 'all', 'quarter', 'kind' (of the discount they bought under), and 'before' (how many discounts those who
-- waited had been shown before the one they bought under). A buyer is a household, by who it is today.
with whose as materialized (
    select unit_id as said, household_id as buyer
    from units
    where unit_id not in (select 'c:' || gone_id from merged_customers)
    union all
    select 'c:' || merged.gone_id as said, coalesce(units.household_id, 'c:' || merged.customer_id) as buyer
    from merged_customers as merged
    left join units on units.unit_id = 'c:' || merged.customer_id
),

told as materialized (
    select
        coalesce(whose.buyer, events.household_id) as buyer,
        events.name,
        events.occurred_at as at,
        -- PostgreSQL reads no JSON that holds a NUL.
        case when strpos(events.properties, '\u0000') = 0 then events.properties::json end as said
    from events
    left join whose on events.household_id = whose.said
    where
        events.name in ('Subscription Upgraded', 'Subscription Started', 'Order Completed', 'Offer Accepted')
        and events.occurred_at <= moment(%(until)s)
),

bought as materialized (
    select buyer, at
    from told
    where
        name in ('Subscription Upgraded', 'Order Completed')
        or (name = 'Offer Accepted' and coalesce(said ->> 'offer', '') <> all(%(trials)b::text[]))
    union
    select buyer, min(at) as at
    from told
    where
        name = 'Subscription Started'
        and coalesce(said ->> 'status', '') <> 'trialing'
        and case when json_typeof(said -> 'amount') = 'number' then (said ->> 'amount')::numeric > 0 end
    group by buyer
),

-- What was said or shown with terms: mails that were sent, and discounts of prompts.
offered as materialized (
    select
        coalesce(whose.buyer, made.unit_id) as buyer,
        made.enrollment,
        made.terms ->> 'offer' as offer,
        coalesce((made.terms ->> 'discount_rate')::float8, 0) as rate,
        coalesce((made.terms ->> 'price')::numeric, 0) as price,
        (made.terms ->> 'expires_at')::bigint as expires_at,
        made.shown_at
    from (
        select unit_id, enrollment, terms::json as terms, coalesce(finished_at, reserved_at) as shown_at
        from outbox
        where terms is not null and state in ('sent', 'unknown')
        union all
        select unit_id, enrollment, terms::json as terms, shown_at
        from showings
        where strpos(terms, '"discount_rate"') > 0
    ) as made
    left join whose on made.unit_id = whose.said
    where made.shown_at <= moment(%(until)s)
),

-- Each discount from when it was first shown; the same one said again is no other.
discounts as materialized (
    select
        buyer,
        offer,
        min(shown_at) as shown_at,
        coalesce(moment(expires_at), min(shown_at) + %(endless)s * interval '1 microsecond') as ends_at,
        row_number() over (partition by buyer order by min(shown_at), enrollment, offer, expires_at) as place
    from offered
    where rate > 0
    group by buyer, enrollment, offer, expires_at
),

discounted as materialized (
    select distinct buyer from discounts
),

looked as (
    select homes.buyer, events.name, events.occurred_at as at, events.properties
    from (
        select buyer as said, buyer from discounted
        union
        select whose.said, whose.buyer from whose inner join discounted using (buyer)
    ) as homes
    inner join events on homes.said = events.household_id
    where events.name in ('Pricing Viewed', 'Checkout Started', 'Prompt Offered')
),

-- Chances to buy at full price, while no discount was open to them.
chances as materialized (
    select every.buyer, every.at
    from (
        select buyer, shown_at as at
        from offered
        where rate = 0 and price > 0
        union
        select buyer, at
        from looked
        where
            name <> 'Prompt Offered'
            or (
                coalesce((properties::json #>> '{terms,discount_rate}')::float8, 0) = 0
                and coalesce((properties::json #>> '{terms,price}')::numeric, 0) > 0
            )
    ) as every
    where not exists (
        select from discounts
        where discounts.buyer = every.buyer and discounts.shown_at <= every.at and every.at < discounts.ends_at
    )
),

-- Discounts that came when a chance at full price had been let pass long enough before.
late as materialized (
    select distinct discounts.buyer, discounts.place
    from discounts
    inner join chances on discounts.buyer = chances.buyer
    where
        chances.at < discounts.shown_at - %(wait)s * interval '1 microsecond'
        and chances.at >= discounts.shown_at - %(reach)s * interval '1 microsecond'
        and not exists (
            select from bought
            where bought.buyer = chances.buyer and bought.at >= chances.at and bought.at < discounts.shown_at
        )
),

sold as materialized (
    select
        bought.buyer,
        bought.at,
        to_char(bought.at at time zone %(zone)s, 'YYYY "Q"Q') as quarter,
        case when discounts.buyer is null then 'none' else coalesce(known.kind, 'unknown') end as kind,
        late.buyer is not null as has_waited,
        discounts.place - 1 as before
    from bought
    left join discounts
        on
            bought.buyer = discounts.buyer
            and discounts.shown_at <= bought.at
            and bought.at < discounts.ends_at
    left join late on discounts.buyer = late.buyer and discounts.place = late.place
    left join unnest(%(offers)b::text[], %(kinds)b::text[]) as known (offer, kind)
        on discounts.offer = known.offer
    where bought.at > moment(%(since)s) and bought.at <= moment(%(until)s)
)

select
    case grouping(quarter, kind) when 3 then 'all' when 1 then 'quarter' else 'kind' end as section,
    coalesce(quarter, kind, '') as label,
    count(distinct buyer) as buyers,
    count(distinct buyer) filter (where has_waited) as waited
from sold
group by grouping sets ((), (quarter), (kind))
union all
select 'before' as section, firsts.before::text as label, count(*) as buyers, count(*) as waited
from (
    select distinct on (buyer) buyer, before
    from sold
    where has_waited
    order by buyer, at, before
) as firsts
group by firsts.before
order by section, label
