"""Hooks: the webhooks of mail providers, one module each: how they prove who they are, and what they say."""
