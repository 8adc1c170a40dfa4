"""What accounts refuse, as sentences. `config/problems.py` says how each leaves over HTTP.

Roadmap: languages/error-handling
"""


class AccountError(Exception):
    """Base of every refusal of this app."""


class WrongCredentials(AccountError):
    """The address is unknown, the password is wrong or the account is closed: the caller is never told which."""
