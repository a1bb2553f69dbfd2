"""Offered to users: stories, to test a workspace with."""
