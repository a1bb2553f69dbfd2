-- Say what became of a notice that is being sent.
update breaches
set
    notice = %(state)s, notice_to = %(to)s, notice_detail = %(detail)s, notice_at = moment(%(next_at)s)
where number = %(number)s and notice = 'sending'
