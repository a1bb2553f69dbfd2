-- Forget message ids that came in before a moment.
delete from message_ids
where seen_at < moment(%(before)s)
