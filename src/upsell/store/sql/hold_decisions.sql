-- Wait for whoever is adding decisions, and let nobody add any until the transaction ends.
lock table decisions in share mode
