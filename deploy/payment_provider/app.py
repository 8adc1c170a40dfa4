"""Opens the provider's door: `uvicorn deploy.payment_provider.app:create_app --factory --port 8400`.

    PROVIDER_DATABASE_URL  its book, default sqlite:///var/provider/provider.sqlite3; any SQLAlchemy URL
    PROVIDER_API_KEY       the key it accepts; unset: any that begins with sk_test_
    WEBHOOK_URL            where the shop listens; unset: nobody is told
    WEBHOOK_SECRET         what webhooks are signed with
    WEBHOOK_AUTHORITY      a file of certificates to trust, for a shop whose certificate no known authority has signed
    PROVIDER_SEED          for the faults, default 1
    OTEL_EXPORTER_OTLP_ENDPOINT   where the spans of its requests go; unset: nowhere

Of the key and the secret there is NAME_FILE, too, a path whose content is the value.

SIGTERM ends it within seconds, hanging requests included; kill -9 costs nothing that was answered.

Roadmap: frameworks/fastapi
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from deploy.payment_provider import api, backstage, errors
from deploy.payment_provider.book import Book
from deploy.payment_provider.courier import Courier
from deploy.payment_provider.faults import Faults
from deploy.payment_provider.idempotency import KeysInUse, forget_old_answers
from deploy.payment_provider.shapes import new_id

DEFAULT_BOOK = "sqlite:///var/provider/provider.sqlite3"


@dataclass
class Provider:
    book: Book
    faults: Faults
    courier: Courier
    keys: KeysInUse
    api_key: str
    delays: Callable[[], list[float]]


class Door(FastAPI):
    """Gives each request its number, and to those that shall never be answered the wire that they are to cut."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["request_id"] = new_id("req")
            # Not part of ASGI: under uvicorn `send` is a method of the request's cycle, which holds the connection.
            scope["line"] = getattr(getattr(send, "__self__", None), "transport", None)
        await super().__call__(scope, receive, send)


def create_app(environ: Mapping[str, str] = os.environ) -> Door:
    # No /docs: FastAPI's page loads its scripts from elsewhere. /openapi.json says the same.
    app = Door(title="Payment provider", lifespan=open_shop, docs_url=None, redoc_url=None)
    app.state.environ = environ
    errors.install(app)
    app.include_router(api.router)
    app.include_router(backstage.router)
    if environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        app.add_middleware(import_module("deploy.payment_provider.tracing").Traced, environ=environ)
    return app


@asynccontextmanager
async def open_shop(app: FastAPI) -> AsyncIterator[None]:
    provider = app.state.provider = assemble(app.state.environ)
    restore = listen_for_the_end(provider.faults.closing)
    await provider.book.write(forget_old_answers)
    errand = asyncio.create_task(provider.courier.run()) if provider.courier.url else None
    try:
        yield
    finally:
        provider.faults.closing.set()
        if errand is not None:
            errand.cancel()
            await asyncio.gather(errand, return_exceptions=True)
        await provider.courier.close()
        provider.book.close()
        restore()


def assemble(environ: Mapping[str, str]) -> Provider:
    book = Book(environ.get("PROVIDER_DATABASE_URL") or DEFAULT_BOOK)
    faults = Faults(int(environ.get("PROVIDER_SEED") or 1))
    url = environ.get("WEBHOOK_URL", "")
    authority = environ.get("WEBHOOK_AUTHORITY")
    courier = Courier(book, faults, url, secret(environ, "WEBHOOK_SECRET") or "whsec_test", authority)
    delays = faults.webhook_delays if url else list
    return Provider(book, faults, courier, KeysInUse(), secret(environ, "PROVIDER_API_KEY"), delays)


def secret(environ: Mapping[str, str], name: str) -> str:
    """The variable, or the content of the file that NAME_FILE names; empty if neither is there."""
    file = environ.get(f"{name}_FILE")
    return Path(file).read_text().strip() if file else environ.get(name, "")


def listen_for_the_end(closing: asyncio.Event) -> Callable[[], None]:
    """Tells hanging requests of SIGTERM and SIGINT: uvicorn waits for them before it says goodbye to the application.

    Returns what puts the old handlers back, which are still called.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def hear(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(closing.set)
        previous = before[signal.Signals(number)]
        if callable(previous):
            previous(number, frame)

    for number in before:
        signal.signal(number, hear)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore
