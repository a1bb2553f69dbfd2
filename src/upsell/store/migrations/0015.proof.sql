-- What can be proved to customers: benchmarks of peers, and the facts beside a task.
-- depends: 0002.households

-- Each day (its number since 1970) on which benchmarks were made, and how many cohorts were too small or had
-- a member that stood out, so that nothing is kept of them.
create table benchmark_days (
    day integer primary key,
    made_at timestamptz not null,
    withheld integer not null
);

-- About what the members of a cohort used of a metric, each in its last whole usage period: rounded means
-- around the quartiles, never a member's own figure.
create table benchmarks (
    day integer not null references benchmark_days,
    metric text not null,
    is_account boolean not null,
    family text not null,
    size smallint not null,
    trait text not null,
    value text not null,
    units integer not null,
    low double precision not null,
    median double precision not null,
    high double precision not null,
    primary key (day, metric, is_account, family, size, trait, value)
);

-- What could be proved to whom a task is about when it was opened, as JSON; null where nothing could.
alter table tasks add column facts text;
