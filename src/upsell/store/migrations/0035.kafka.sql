-- Where each source of Kafka stands, kept in the transaction of what was read.
-- depends: 0028.orders

-- One row per partition that was ever read. next_offset is the first offset that is not in the ledger; moves grows
-- each time a person puts it elsewhere, so that what was read before that is not written after it. topic_id is what
-- Kafka calls the topic, '' where it does not say. empty counts messages without a value. end_offset is where the
-- partition ended when its consumer was heard last, and trouble is why reading it stopped.
create table kafka_offsets (
    source text not null,
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    moves integer not null default 0,
    topic_id text not null default '',
    taken bigint not null default 0,
    refused bigint not null default 0,
    empty bigint not null default 0,
    last_sent_at timestamptz,
    end_offset bigint,
    heard_at timestamptz,
    trouble text not null default '',
    primary key (source, topic, partition)
) with (fillfactor = 80);
