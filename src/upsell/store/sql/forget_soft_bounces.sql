-- Forget that messages came back for now: they reached the mailbox after all.
delete from soft_bounces
using unnest(%(keys)b::text[], %(ats)b::bigint[]) as told (key, at)
where soft_bounces.key = told.key and soft_bounces.bounced_at <= moment(told.at)
