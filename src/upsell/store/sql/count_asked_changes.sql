-- How many changes wait for somebody's approval.
select count(*) from changes where state = 'asked'
