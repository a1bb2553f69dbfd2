"""What a team wrote: files read strictly and compiled to an immutable program."""
