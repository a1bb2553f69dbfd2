-- Say what became of a mail to an owner.
update outbox
set state = %(state)s, reason = %(reason)s, provider_id = %(provider_id)s, finished_at = moment(%(now)s)
where key = %(key)s and state = 'sending' and household_id = ''
