-- Claim notices that are due, until a moment.
update breaches
set notice = 'sending', notice_attempts = notice_attempts + 1, notice_at = moment(%(until)s)
where number in (
    select number
    from breaches
    where notice = 'due' and notice_at <= moment(%(now)s)
    order by number
    limit 100
    for update skip locked
)
returning number, workflow, guardrail, action, words, found_at, notice_attempts
