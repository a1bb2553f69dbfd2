-- Forget tokens whose signature is too old to be good again.
delete from hook_tokens where seen_at < moment(%(before)s)
