-- Take back messages that no provider has been spoken to about, and with them their places at addresses.
with withdrawn as (
    update outbox
    set state = 'withdrawn', reason = taken.reason, finished_at = moment(%(now)s)
    from unnest(%(keys)b::text[], %(reasons)b::text[]) as taken (key, reason)
    where outbox.key = taken.key and outbox.state in ('reserved', 'claimed')
    returning outbox.key
)

delete from places using withdrawn
where places.key = withdrawn.key
