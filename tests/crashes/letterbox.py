"""A mail server as a process of its own, with a book that survives everything: each mail is on the disk before its 250.

    python -m tests.crashes.letterbox PORT LEDGER          ends when its standard input does

An address that begins with `busy-2-` is told "451 try later" twice before it gets its mail.
"""

import asyncio
import email
import json
import os
import re
import sys
from collections import Counter
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class Book:
    """What arrived, and whom was told to come again."""

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger.open("a")
        self.refused: Counter[str] = Counter()

    async def receive(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        [recipient] = envelope.rcpt_tos
        busy = re.match(r"busy-(\d+)-", recipient)
        if busy and self.refused[recipient] < int(busy[1]):
            self.refused[recipient] += 1
            return "451 4.3.0 Try later"
        self.enter(recipient, bytes(envelope.content or b""))
        return "250 2.0.0 Accepted"

    handle_DATA = receive  # noqa: N815 - aiosmtpd asks for it by this name

    def enter(self, recipient: str, content: bytes) -> None:
        mail = email.message_from_bytes(content, policy=default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        line = {"id": mail["Message-ID"], "to": recipient, "subject": mail["Subject"], "parts": parts}
        self.ledger.write(json.dumps(line) + "\n")
        self.ledger.flush()
        os.fsync(self.ledger.fileno())


async def serve(port: int, ledger: Path) -> None:
    book, loop = Book(ledger), asyncio.get_running_loop()
    await loop.create_server(lambda: SMTP(book, hostname="letterbox"), "127.0.0.1", port)
    print("open", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
