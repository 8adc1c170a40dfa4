"""A mail server with moods, on a port of its own: takes letters, turns them away, takes its time, or is not there."""

import asyncio
import logging
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller

from deploy.embedded.ports import LOOPBACK


class MailServer:
    """Its mood is `turns_away` and `seconds`, its door is `open` or `close`d.

    `letters` were answered with 250; `at_the_door` counts those that are not answered yet.
    """

    def __init__(self, port: int) -> None:
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self.port = port
        self.letters: list[Message] = []
        self.at_the_door = 0
        self.be_kind()
        self._door: Controller | None = None

    def be_kind(self) -> None:
        self.turns_away, self.seconds = False, 0.0

    def open(self) -> None:
        if self._door is None:
            self._door = Controller(self, hostname=LOOPBACK, port=self.port)
            self._door.start()

    def close(self) -> None:
        if self._door is not None:
            self._door.stop()
            self._door = None

    async def receive(self, server: Any, session: Any, envelope: Any) -> str:
        """Answer one letter. Who hangs up before, or is killed, is no longer at the door: aiosmtpd cancels this."""
        self.at_the_door += 1
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.at_the_door -= 1
        if self.turns_away:
            return "451 Come back later"
        self.letters.append(message_from_bytes(envelope.content))
        return "250 Taken"

    handle_DATA = receive  # noqa: N815 - aiosmtpd asks for it by this name

    def letters_about(self, number: str) -> list[Message]:
        return [letter for letter in self.letters if number in letter["Subject"]]
