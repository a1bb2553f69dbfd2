"""Charts: what a report says, as pictures that each have a title, a text and a table."""
