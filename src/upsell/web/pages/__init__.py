"""Pages for people: a question at the top, its answer first, the same as JSON at the same address."""
