-- Say that an owner is about to be mailed their week; no row when that was said before. What is sent to
-- owners concerns no household, and no dispatcher claims it.
insert into outbox (
    key, shard, household_id, unit_id, customer_id, enrollment, workflow, version, step, visit,
    channel, intent, content, trigger, reserved_at, state, attempts, next_attempt_at, sending_at
)
values (
    %(key)s, 0, '', '', '', '', '', '', 'weekly', 0,
    'email', 'service', %(owner)s, '{}', moment(%(now)s), 'sending', 1, moment(%(now)s), moment(%(now)s)
)
on conflict do nothing
returning key
