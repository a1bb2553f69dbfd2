-- What was done about one user, key or workflow is found without looking over the whole log.
-- depends: 0060.page_reads

create index acts_about on acts (about, number);
create index acts_by on acts (done_by, number);
