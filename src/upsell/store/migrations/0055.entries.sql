-- Who is in a workflow now is looked for among those it let in, the last first.
-- depends: 0053.heard_texts

create index decisions_entries on decisions (workflow, number)
where reason in ('enrolled', 'held_out', 'control');
