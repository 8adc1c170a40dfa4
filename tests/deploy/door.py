"""nginx with deploy/nginx as it stands, in front of two replicas that say what they heard."""

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from time import sleep
from typing import Any, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import override_settings

from config.middleware import ClientAddressMiddleware, RequestIdMiddleware
from deploy.embedded.ports import free_port
from deploy.embedded.processes import wait_until
from deploy.image import keys
from deploy.local.process import ROOT

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
FILES = ROOT / "deploy" / "nginx"


#: What the replicas go by. Set once for all of them: two threads that each set it for a request of their own would put
#: back each other's.
BEHIND = {"TRUSTED_PROXIES": 1, "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}


class Door(NamedTuple):
    folder: Path
    port: int
    plain_port: int
    replicas: list["Replica"]
    http: httpx.Client


class Replica:
    """A shop that says what it heard, through the shop's own middleware."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0
        self.server = make_server("127.0.0.1", free_port(), self.answer, Threads, Quiet)
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def answer(self, environ: Any, start_response: Any) -> list[bytes]:
        self.count += 1
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))  # left unread, closing would be a reset
        response = RequestIdMiddleware(ClientAddressMiddleware(self.echo))(WSGIRequest(environ))
        start_response(f"{response.status_code} -", list(response.items()))
        return [response.content]

    def echo(self, request: HttpRequest) -> HttpResponse:
        heard = {"replica": self.name, "count": self.count, "secure": request.is_secure(), "host": request.get_host()}
        heard |= {"client": request.META["REMOTE_ADDR"], "headers": dict(request.headers)}
        heard |= {"body": int(request.headers.get("Content-Length") or 0)}
        sleep(float(request.GET.get("wait", 0)))
        wanted = request.GET.get("cache", "no-store")
        return JsonResponse(heard, headers={"Cache-Control": wanted}, status=int(request.GET.get("status", 200)))

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def render(folder: Path, replicas: list[str], port: int, plain_port: int) -> Path:
    """The files as they are, for this machine: its ports, its paths, and replicas that have no name."""
    (folder / "static").mkdir(parents=True)
    keys.put(folder, keys.certificates())
    here = [("/tmp/", f"{folder}/"), ("/run/keys", f"{folder}/nginx"), ("/srv/static", f"{folder}/static")]
    here += [("/dev/stdout", f"{folder}/access.log"), ("/dev/stderr", f"{folder}/error.log")]
    here += [("8443", str(port)), ("8080", str(plain_port)), ("    server web:8000 resolve ", servers(replicas))]
    here += [("resolver 127.0.0.11 valid=2s ipv6=off;", "")]
    if version() < (1, 25, 1):
        here += [("    http2 on;\n", ""), (" ssl default_server", " ssl http2 default_server")]
    for file in FILES.glob("*.conf"):
        text = file.read_text()
        for theirs, ours in here:
            text = text.replace(theirs, ours)
        place = folder / ("nginx.conf" if file.name == "nginx.conf" else f"shop.d/{file.name}")
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
    (folder / "mime.types").write_text("types { text/css css; }")
    return folder / "nginx.conf"


def servers(replicas: list[str]) -> str:
    rest = re.search(r"resolve (.*)", (FILES / "upstream.conf").read_text())
    assert rest
    lines = [f"server {replica} {rest[1]}" for replica in replicas]
    return "\n".join([*lines[:-1], lines[-1].removesuffix(rest[1])])


def version() -> tuple[int, ...]:
    said = subprocess.run([str(NGINX), "-v"], capture_output=True, text=True).stderr
    return tuple(int(part) for part in re.findall(r"\d+", said)[:3])


def command(file: Path) -> list[str]:
    user = "user root; " if os.geteuid() == 0 else ""
    return [str(NGINX), "-p", str(file.parent), "-c", str(file), "-g", f"{user}daemon off;"]


@contextmanager
def opened(folder: Path, change: Callable[[Path], None] = lambda etc: None, shop: str = "") -> Iterator[Door]:
    """`change` may rewrite the files before nginx reads them; `shop` is asked instead of the two replicas."""
    with ExitStack() as stack:
        if not shop:
            stack.enter_context(override_settings(**BEHIND))
        replicas = [] if shop else [Replica("one"), Replica("two")]
        for replica in replicas:
            stack.callback(replica.close)
        port, plain_port = free_port(), free_port()
        addresses = [shop] if shop else [replica.address for replica in replicas]
        file = render(folder / "etc", addresses, port, plain_port)
        change(file.parent)
        process = stack.enter_context(subprocess.Popen(command(file), stderr=subprocess.DEVNULL))
        stack.callback(process.terminate)
        trusted = ssl.create_default_context(cafile=str(file.parent / "nginx" / "authority.pem"))
        http = stack.enter_context(
            httpx.Client(base_url=f"https://localhost:{port}", verify=trusted, trust_env=False, timeout=10)
        )
        assert wait_until(lambda: is_open(port), 10), (file.parent / "error.log").read_text()
        yield Door(file.parent, port, plain_port, replicas, http)


def said(door: Door, *head: str, is_plain: bool = False) -> str:
    """The answer to a head that no client would send, whole."""
    with ExitStack() as stack:
        port = door.plain_port if is_plain else door.port
        line = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
        if not is_plain:
            trusted = ssl.create_default_context(cafile=str(door.folder / "nginx" / "authority.pem"))
            line = stack.enter_context(trusted.wrap_socket(line, server_hostname="localhost"))
        line.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode())
        return b"".join(iter(lambda: line.recv(65536), b"")).decode()


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
