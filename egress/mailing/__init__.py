"""Notices by e-mail. Promise: a notice is mailed at most once, whatever is killed when, and a letter holds nothing but
the request's title and id, a sentence of ours and the portal's address.
"""

from egress.mailing.outbox import send_due, settle_interrupted
from egress.mailing.reminders import send_reminders, settle_reminders

__all__ = ["send_due", "send_reminders", "settle_interrupted", "settle_reminders"]
