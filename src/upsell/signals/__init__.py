"""What happened: events, profiles, counters and who is who."""
