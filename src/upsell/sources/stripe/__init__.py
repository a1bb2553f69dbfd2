"""Stripe: its webhooks, read into the subscription and invoice events of the event table.

Pure. The law: what Stripe tells twice, late or in another order leaves the same state; what cannot be read
is kept aside with its reason and is no event.
"""
