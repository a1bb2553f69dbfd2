-- When something was done after a moment. Of the newest thousand rows alone, so that it costs the same however long
-- the log is: whoever asks, asks about the last minutes.
select done_at
from (select act, done_at from acts order by number desc limit 1000) as newest
where act = %(act)s and done_at > moment(%(since)s)
