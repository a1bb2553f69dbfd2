"""Codes: what each complaint about a definition is called, and the page that explains it."""
