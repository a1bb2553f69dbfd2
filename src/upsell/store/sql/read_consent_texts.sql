-- Texts that were shown, by their versions.
select version, language, said
from consent_texts
where version = any(%(versions)b::text[])
