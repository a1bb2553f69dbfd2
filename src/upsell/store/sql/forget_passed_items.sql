-- Forget events that a cursor has passed, which no later run reads again.
delete from source_items where source = %(source)s and key like 'e%%' and number < %(number)s
