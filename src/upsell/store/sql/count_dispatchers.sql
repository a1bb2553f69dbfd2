-- How many dispatchers told of themselves since a moment.
select count(distinct process) from mail_providers where reported_at >= moment(%(since)s)
