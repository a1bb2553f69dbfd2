-- Whether a visitor is somebody by now: who went into a customer, or belongs to an account.
select 1
where
    exists (select from identities where gone_id = %(customer)s)
    or exists (select from members where customer_id = %(customer)s)
    or exists (select from units where unit_id = %(unit)s and household_id <> %(unit)s)
