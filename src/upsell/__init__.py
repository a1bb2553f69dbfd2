"""Upsell finds the moment a customer would gain from more, and proves what speaking earned."""

__version__ = "0.1.0"
