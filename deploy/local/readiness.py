"""Wait until the shop can be used, or say which of its processes could not start and what it said last.

Roadmap: deployment/application-server
"""

import time
from collections.abc import Collection

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc

from deploy.embedded import ServerTrouble
from deploy.local.process import ShopProcess

SECONDS = 90.0  # eight Pythons start at once; on a busy machine that takes a while


def answers(url: str) -> bool:
    """True if a GET gives 200 within two seconds, or `grpc://host:port` says that it serves. No proxy is asked."""
    if url.startswith("grpc://"):
        return serves(url.removeprefix("grpc://"))
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def serves(address: str) -> bool:
    """True if the health service there says within two seconds that all is served."""
    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2.0)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def first_ended(processes: Collection[ShopProcess]) -> ShopProcess | None:
    """One that has ended although nobody asked it to."""
    return next((process for process in processes if process.exit_code is not None), None)


def obituary(process: ShopProcess) -> ServerTrouble:
    return ServerTrouble(
        f"{process.name} ended by itself (exit code {process.exit_code}). Its last words, from {process.log}:\n"
        f"{process.last_words()}"
    )


def wait_until_ready(pages: Collection[str], processes: Collection[ShopProcess], *, seconds: float = SECONDS) -> None:
    """Until every page answers 200; raises ServerTrouble as soon as a process ends, or when the time is up."""
    deadline = time.monotonic() + seconds
    waiting = list(pages)
    while True:
        waiting = [page for page in waiting if not answers(page)]
        if ended := first_ended(processes):
            raise obituary(ended)
        if not waiting:
            return
        if time.monotonic() > deadline:
            raise ServerTrouble(f"Not ready after {seconds:.0f} seconds: {', '.join(waiting)}. The logs may tell why.")
        time.sleep(0.1)
