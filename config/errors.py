"""What the house itself refuses, before any app is asked.

Roadmap: api/error-responses
"""


class UnderMaintenance(Exception):
    """The shop is shut for a while, for everybody. What was bought stays bought."""

    def __str__(self) -> str:
        return "We are working on the shop; come back in a few minutes. Carts and orders stay as they are."


class AddressBlocked(Exception):
    """Nobody from this address may come in, because of what others from there have done."""

    def __str__(self) -> str:
        return "Requests from your address are not answered. If you did nothing, write to us and name the request_id."
