-- Grant a dispatcher room in a day of a provider's warm-up, as much as is left and wanted.
with day as (
    select granted
    from mail_days
    where provider = %(provider)s and day = %(day)s::date
    for update
)

update mail_days
set granted = day.granted + least(%(wanted)s, %(cap)s - day.granted)
from day
where provider = %(provider)s and mail_days.day = %(day)s::date and day.granted < %(cap)s
returning mail_days.granted - day.granted
