"""Answers for programs: JSON in, JSON out."""
