"""The id of the request that caused it goes with a message to whoever works on it, and no further."""

from threading import Thread

from accounts import trail


def test_what_is_carried_here_is_resumed_there() -> None:
    with trail.resumed({"request_id": "request-42"}):
        context = trail.carried()
    heard: list[str] = []

    def work() -> None:
        with trail.resumed(context):
            heard.append(trail.request_id.get())
        heard.append(trail.request_id.get())

    worker = Thread(target=work)
    worker.start()
    worker.join()

    assert context == {"request_id": "request-42"}
    assert heard == ["request-42", trail.NO_REQUEST]


def test_message_without_a_trail_leaves_the_threads_own() -> None:
    with trail.resumed({"request_id": "request-42"}), trail.resumed({}):
        assert trail.request_id.get() == "request-42"


def test_where_no_request_is_there_is_nothing_to_carry() -> None:
    assert trail.carried() == {}
