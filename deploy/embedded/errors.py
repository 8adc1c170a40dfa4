"""The one error of the embedded servers: a sentence that says what to do next.

Roadmap: languages/error-handling
"""


class ServerTrouble(Exception):
    """Something about this machine keeps a server from running; the text is meant for a person, not for a log."""
