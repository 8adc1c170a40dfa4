"""What accounts refuse, as sentences. `config/problems.py` says how each leaves over HTTP.

Roadmap: languages/error-handling
"""


class AccountError(Exception):
    """Base of every refusal of this app."""


class WrongCredentials(AccountError):
    """The address is unknown, the password is wrong or the account is closed: the caller is never told which."""


class UnknownKey(AccountError):
    """No published key has this name."""


class InvalidToken(AccountError):
    """The token is not ours, not for this API, expired, revoked, or of somebody who may no longer log in."""


class InsufficientScope(AccountError):
    """The program that asks was not given the scope for this; or none exists, and only the person may do it."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope {scope}." if scope else "No scope opens this: log in yourself.")
        self.scope = scope


class TokenReused(AccountError):
    """The refresh token was exchanged before: somebody has a copy. The login has been ended everywhere."""

    def __init__(self) -> None:
        super().__init__("This refresh token was used before, so the login has been ended. Log in again.")


class LinkInvalid(AccountError):
    """The link has been used, is too old or was never ours. A new one can be asked for at any time."""

    def __init__(self) -> None:
        super().__init__("This link is no longer good: it was used, or it is too old. Ask for a new one.")
