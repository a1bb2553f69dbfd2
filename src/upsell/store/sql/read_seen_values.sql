-- Values seen of what the catalog must know.
select field, value, count, last_at from seen_values order by field, value
