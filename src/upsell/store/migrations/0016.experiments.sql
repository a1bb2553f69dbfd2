-- What a revision does not say is meant as it was when it was applied. What was applied before there
-- were editions holds nobody out where no holdout is written.
-- depends: 0002.households

alter table revisions add column edition smallint not null default 1;

-- What was tested and found, when the arm that won was rolled out to all; the record is JSON.
create table experiments_closed (
    number bigint generated always as identity primary key,
    workflow text not null,
    version text not null,
    vary text not null,
    arm text not null,
    closed_at timestamptz not null,
    closed_by text not null,
    why text not null,
    record text not null
);
