-- Keep a device as a customer's; one that is told of again is theirs who tell it last.
insert into devices (id, customer_id, kind, address, p256dh, auth, since, told_at)
values (
    %(id)s, %(customer)s, %(kind)s, %(address)s, %(p256dh)s, %(auth)s, moment(%(now)s), moment(%(now)s)
)
on conflict (id) do update
    set customer_id = excluded.customer_id,
    p256dh = excluded.p256dh,
    auth = excluded.auth,
    since = case
        when devices.customer_id = excluded.customer_id then devices.since
        else excluded.since
    end,
    told_at = excluded.told_at
