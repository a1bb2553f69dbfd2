-- Forget letters that were handed over before a moment.
delete from letters
where kept_at < moment(%(before)s)
