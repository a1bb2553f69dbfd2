"""Stripe as tests know it: what it says of its requests, and a server of ours that holds callers to that."""
