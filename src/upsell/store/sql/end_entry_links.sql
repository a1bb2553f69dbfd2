-- End the links of one user, or those that make the first one; and all that have expired.
delete from entry_links
where user_number is not distinct from %(user)s::bigint or expires_at <= moment(%(at)s)
