"""The browser snippet: one file that pages load."""
