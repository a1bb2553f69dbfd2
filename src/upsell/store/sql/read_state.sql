-- The record of a unit.
select state from units where unit_id = %(unit)s
