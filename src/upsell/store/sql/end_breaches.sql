-- Let a workflow go on: every breach of it that is open ends. A notice that is still due is not sent any more.
update breaches
set
    ended_at = moment(%(at)s), ended_by = %(by)s, why = %(why)s,
    notice = case when notice = 'due' then 'nobody' else notice end,
    notice_detail = case when notice = 'due' then 'somebody let it go on before' else notice_detail end
where workflow = %(workflow)s and ended_at is null
