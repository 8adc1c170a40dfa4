"""What accounts refuse, as sentences. `config/problems.py` says how each leaves over HTTP.

Roadmap: languages/error-handling
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.throttling.buckets import Quota


class AccountError(Exception):
    """Base of every refusal of this app."""


class WrongCredentials(AccountError):
    """The address is unknown, the password is wrong or the account is closed: the caller is never told which."""


class UnknownKey(AccountError):
    """No published key has this name."""


class InvalidToken(AccountError):
    """The token is not ours, not for this API, expired, revoked, or of somebody who may no longer log in."""


class ForeignLoginRefused(AccountError):
    """Another provider says who somebody is, and that is not enough to let them in here."""


class LastWayIn(AccountError):
    """There is no other way into the account: choose a password first."""


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


class SecondFactorRequired(AccountError):
    """Address and password are right, and this account asks for a code as well: send it along as `code`."""

    def __init__(self) -> None:
        super().__init__("Send the code that your authenticator app shows, or a recovery code, as `code`.")


class WrongCode(WrongCredentials):
    """The code is wrong, too old, or was used before. Each code of the app works once; wait for the next."""

    def __init__(self) -> None:
        super().__init__("This code is wrong or was used before. Wait until your app shows the next one.")


class TooManyCodes(AccountError):
    """So many codes were wrong that somebody may be guessing. None is looked at for a while."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many wrong codes. Wait before you try again.")
        self.retry_after = retry_after


class NotEnrolled(AccountError):
    """This needs a second factor, and the account has none yet."""

    def __init__(self) -> None:
        super().__init__("Set up an authenticator app first.")


class TooManyFactors(AccountError):
    """The account has as many second factors as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"You have {most} authenticator apps. Remove one first.")
        self.most = most


class StepUpRequired(AccountError):
    """This needs a second factor that was shown within the last minutes: send a code to `auth/step-up/`."""

    def __init__(self, max_age: int) -> None:
        super().__init__("Prove again who you are: show a code of your second factor, or log in anew.")
        self.max_age = max_age


class WrongPassword(AccountError):
    """The current password, which the act asks for once more, is not this one."""

    def __init__(self) -> None:
        super().__init__("That is not your current password.")


class WeakPassword(AccountError):
    """The new password is against the policy; `reasons` are sentences for whoever chooses the next."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class StillInCharge(AccountError):
    """The account has a role in this house. A colleague takes the role back first; then it can be closed."""

    def __init__(self) -> None:
        super().__init__("You have a role in this house. Give it back first, then close the account.")


class InvalidApiKey(AccountError):
    """The API key is unknown, expired or revoked, or its owner may no longer log in."""

    def __init__(self) -> None:
        super().__init__("This API key opens nothing: it is unknown, expired or revoked.")


class AddressNotAllowed(AccountError):
    """The API key is good, but not from the address that the request came from."""

    def __init__(self) -> None:
        super().__init__("This API key may not be used from your address.")


class TooManyApiKeys(AccountError):
    """The account has as many open API keys as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"You have {most} API keys. Revoke one first.")
        self.most = most


class TooManyAddresses(AccountError):
    """The account has as many delivery addresses as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"You have {most} delivery addresses. Remove one first.")
        self.most = most


class NotANetwork(AccountError):
    """One of the networks is neither an address nor a range of addresses in CIDR notation."""

    def __init__(self, network: str) -> None:
        super().__init__("A network is an address such as 192.0.2.7, or a range such as 192.0.2.0/24.")
        self.network = network


class TooManyRequests(AccountError):
    """Buckets of the caller are empty, those in `policies`; they fill by the second.

    `quotas`: what is left in each that was asked.
    """

    def __init__(self, retry_after: int, policies: list[str], quotas: list["Quota"]) -> None:
        super().__init__(f"Too many requests ({', '.join(policies)}). Try again in {retry_after} seconds.")
        self.retry_after, self.policies, self.quotas = retry_after, policies, quotas


class TooManyAttempts(AccountError):
    """Too many failures from here or for this account. For a while nothing is looked at, not even what is right."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many failed attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


class VersionNotNamed(AccountError):
    """A write over something that others may edit says in If-Match which version of it was read."""

    def __init__(self) -> None:
        super().__init__("Read it first, and send the ETag of what you read as If-Match.")


class ChangedMeanwhile(AccountError):
    """Somebody changed it after you read it: read it again, and write over what is there now."""

    def __init__(self) -> None:
        super().__init__("It was changed after you read it. Read it again, then decide what to write.")
