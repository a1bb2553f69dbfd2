-- Rules are asked of everyone at once, over JSON that is kept as text.
-- depends: 0002.households

-- JSON text as jsonb. A NUL, which jsonb does not hold, becomes the character after it: rules cannot
-- name either, and both are one character that comes before every other.
create function json_of(text) returns jsonb
    language sql immutable strict parallel safe
    return case
        when strpos($1, '\u0000') = 0 then $1::jsonb
        else regexp_replace($1, '(?<!\\)((\\\\)*)\\u0000', '\1\\u0001', 'g')::jsonb
    end;
