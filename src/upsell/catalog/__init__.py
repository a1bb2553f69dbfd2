"""What may be offered: plans, add-ons, offers and their terms."""
