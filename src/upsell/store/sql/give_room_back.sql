-- Give back room in a day of a provider's warm-up that was granted and not used.
update mail_days
set granted = granted - %(left)s
where provider = %(provider)s and day = %(day)s::date
