"""Stories: one journey each, told as given, when, after two days, then."""
