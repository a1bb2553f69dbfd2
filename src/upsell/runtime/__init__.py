"""The hand: the only room that acts."""
