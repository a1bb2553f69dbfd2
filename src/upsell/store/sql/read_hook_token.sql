-- With which body a token came, if it did.
select body_hash from hook_tokens where token = %(token)s
