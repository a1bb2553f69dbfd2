-- Keep that a guardrail was broken, unless it is known, or a workflow was let go on since it was read.
insert into breaches (workflow, guardrail, action, words, found_at, notice_at)
select %(workflow)s, %(guardrail)s, %(action)s, %(words)s, moment(%(at)s), moment(0)
where (select count(*) from breaches where ended_at is not null) = %(ended)s
on conflict (workflow, guardrail, action) where ended_at is null do nothing
returning number
