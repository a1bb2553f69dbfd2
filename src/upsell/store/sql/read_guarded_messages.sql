-- What became of messages, by workflow, channel and mailbox, from when on and in which stretch.
select workflow, channel, mailbox, since, stretch, sent, bounced, complained, unsubscribed
from guarded_messages
order by workflow, channel, mailbox, since, stretch
