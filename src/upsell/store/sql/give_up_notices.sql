-- Call unknown the notices whose sender was lost; they are never sent again.
update breaches
set notice = 'unknown', notice_detail = %(reason)s
where notice = 'sending' and notice_at <= moment(%(now)s)
