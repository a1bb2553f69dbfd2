-- A row for each unit of a kind with the relation u beside it that rules are asked over. The offset keeps the
-- planner from reading what is kept again wherever a rule names it. An id that went is no unit.
units
left join units as payers
    on units.household_id = payers.unit_id and payers.unit_id like 'a:%%' and %(reads_account)s
left join audience_facts as facts on units.household_id = facts.payer_id
left join audience_carts as carts on units.unit_id = carts.unit_id
cross join lateral (
    select
        units.unit_id,
        moment(%(now)s) as now,
        case when %(reads_customer)s then json_of(units.state) #> '{profile,traits}' end as customer,
        json_of(payers.state) #> '{profile,traits}' as account,
        facts.plan,
        facts.subscription,
        carts.cart,
        facts.used as usage,
        facts.limits,
        facts.days_to_limit,
        facts.days_to_limit_at_least,
        facts.days_to_limit_at_most
    offset 0
) as u
where
    units.unit_id like %(kind)s
    and (
        %(of_accounts)s
        or not exists (select from identities where identities.gone_id = substr(units.unit_id, 3))
    )
