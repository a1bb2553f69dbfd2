-- What an import could not take because of its id, in the order it came.
select message, body
from rejections
where source = 'import' and place = %(place)s and rejected_at >= moment(%(since)s)
order by number
