-- A letter as it was handed over last, beside its pattern.
select letters.kept_at, letter_patterns.pattern, letters.packed
from letters
inner join letter_patterns on letters.pattern = letter_patterns.hash
where letters.key = %(key)s
