"""Sends calls of every kind through RudderStack's client: python send.py HOST WRITE_KEY CUSTOMERS."""

import json
import sys

from rudderstack.analytics import Client

host, write_key, customers = sys.argv[1:]
failed = []
client = Client(write_key, host=host, on_error=lambda error, _: failed.append(str(error)), max_retries=2)
for number in range(int(customers)):
    user = f"u{number}"
    client.track(anonymous_id=f"v{number}", event="Pricing Viewed")
    client.identify(user, {"number": number}, anonymous_id=f"v{number}")
    client.group(user, "acme", {"seats": 3})
    client.page(user, "Docs", "Home")
    client.screen(user, "App", "Main")
    client.alias(user, f"known{number}")
    client.track(f"known{number}", "Order Completed", {"order_id": str(number)})
client.flush()
client.join()
print(json.dumps({"failed": failed}))
