-- Where the links of a message lead.
select targets from links where number = %(number)s
