-- For whom a link is: their number and name, nothing of both where it makes the first user.
select entry_links.user_number, users.email
from entry_links
left join users on users.number = entry_links.user_number and users.removed_at is null
where
    entry_links.hash = %(hash)s
    and entry_links.expires_at > moment(%(at)s)
    and (entry_links.user_number is null or users.number is not null)
