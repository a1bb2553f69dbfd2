-- Discounts that were shown and may still be taken at a moment, by workflow and currency: those neither
-- taken nor expired. What was said to several people of an account, or said again, is one.
select workflow, currency, count(*) as discounts, sum(discount)::bigint as amount
from (
    select
        made.workflow,
        made.terms ->> 'currency' as currency,
        max(coalesce((made.terms ->> 'discount')::bigint, 0)) as discount
    from (
        select workflow, enrollment, terms::json as terms
        from outbox
        where terms is not null and state in ('sent', 'unknown')
        union all
        select workflow, enrollment, terms::json as terms
        from showings
        union all
        select workflow, enrollment, terms::json as terms
        from tasks
        where terms is not null
    ) as made
    left join unnest(%(enrollments)b::text[], %(offers)b::text[]) as taken (enrollment, offer)
        on made.enrollment = taken.enrollment and made.terms ->> 'offer' = taken.offer
    where
        taken.offer is null
        and (made.terms ->> 'discount_rate')::float8 > 0
        and coalesce((made.terms ->> 'expires_at')::bigint > %(now)s, true)
    group by made.workflow, made.enrollment, made.terms ->> 'offer', made.terms ->> 'currency'
) as open
group by workflow, currency
order by workflow, currency
