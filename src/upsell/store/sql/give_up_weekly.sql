-- Mails to owners whose sender was lost while a server was being spoken to: nobody knows, and they are not
-- sent again.
update outbox
set state = 'unknown', reason = %(reason)s, finished_at = moment(%(now)s)
where state = 'sending' and household_id = '' and sending_at <= moment(%(before)s)
