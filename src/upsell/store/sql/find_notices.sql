-- Whether any notice is due or being sent.
select 1 from breaches where notice in ('due', 'sending') limit 1
