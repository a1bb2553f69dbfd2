"""The door: one module per command."""
