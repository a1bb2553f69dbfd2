"""Sinks: where events go, a file of the workspace each."""
