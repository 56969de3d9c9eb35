"""Notices by e-mail. Promise: a notice is mailed at most once, whatever is killed when, and a letter holds nothing but
the request's title and id, a sentence of ours and the portal's address.
"""

from egress.mailing.outbox import send_due, settle_interrupted

__all__ = ["send_due", "settle_interrupted"]
