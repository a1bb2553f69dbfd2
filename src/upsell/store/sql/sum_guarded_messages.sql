-- Add the messages of a piece of the ledger: those a provider took, and those it refused for good (RFC 5321:
-- a reply that begins with 5), which went out and came back.
insert into guarded_messages (since, stretch, workflow, channel, mailbox, sent)
select
    (select max(cut) from unnest(%(cuts)b::bigint[]) as cuts (at) cross join moment(at) as cut
    where cut <= outbox.finished_at),
    (extract(epoch from outbox.finished_at) / 2419200)::integer,
    outbox.workflow, outbox.channel, outbox.mailbox, count(*)
from events
inner join outbox on outbox.key = events.properties::json ->> 'key'
where
    events.position > %(after)s and events.position <= %(up_to)s and events.seen_at >= moment(%(since)s)
    and events.name in ('Message Sent', 'Message Failed')
    and not events.is_historical
    and outbox.channel <> 'webhook'
    and outbox.finished_at is not null
    and (events.name = 'Message Sent' or outbox.reason ~ '^5[0-9][0-9] ')
group by 1, 2, 3, 4, 5
on conflict (workflow, channel, mailbox, since, stretch) do update
set sent = guarded_messages.sent + excluded.sent
