"""Papers: reports and reviews written out for people, in every form they are read in."""
