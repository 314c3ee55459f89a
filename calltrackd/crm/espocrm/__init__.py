"""EspoCRM 7 and newer, by its REST API and an API user's key.

EspoCRM gives ids itself and knows no idempotency, so whatever is made bears the call's id in its
description, and is looked for by that before it is made again.
"""
