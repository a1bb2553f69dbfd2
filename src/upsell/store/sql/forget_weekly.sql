-- Take back a mail to an owner that no server would take now, so that it is tried again.
delete from outbox
where key = %(key)s and state = 'sending' and household_id = ''
