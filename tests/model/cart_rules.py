"""Filling carts: buyers, a guest, the guest who logs in, and people who reach for what is not theirs."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model.stage import BUYERS, GOODS, Stage

skus = st.sampled_from(list(GOODS))
buyers = st.sampled_from(BUYERS)
owners = st.sampled_from([*BUYERS, "guest"])
few = st.one_of(st.integers(1, 3), st.just(99))


class CartRules(Stage):
    """What a cart promises: nothing but to hold what was put into it."""

    @rule(owner=owners, sku=skus, quantity=few)
    def adds_to_cart(self, owner: str, sku: str, quantity: int) -> None:
        status, answer = self.ask(owner, "post", "cart/lines/", {"sku": sku, "quantity": quantity})

        if sku in self.model.unlisted:
            assert status == 404
        else:
            self.model.add(owner, sku, quantity)
            assert (status, answer["quantity"]) == (201, self.model.carts[owner][sku])

    @rule(owner=owners, quantity=st.sampled_from([-1, 0, 100, "two", None]))
    def adds_nonsense(self, owner: str, quantity: Any) -> None:
        assert self.ask(owner, "post", "cart/lines/", {"sku": "DESK", "quantity": quantity})[0] == 400

    @precondition(lambda self: any(self.model.carts.values()))
    @rule(owner=owners, quantity=few, place=st.integers(0, 2))
    def changes_a_line(self, owner: str, quantity: int, place: int) -> None:
        for line in self.lines_of(owner)[place : place + 1]:
            status, _ = self.ask(owner, "patch", f"cart/lines/{line['id']}/", {"quantity": quantity})

            assert status == 200
            self.model.carts[owner][line["sku"]] = quantity

    @precondition(lambda self: any(self.model.carts.values()))
    @rule(owner=owners, place=st.integers(0, 2))
    def removes_a_line(self, owner: str, place: int) -> None:
        for line in self.lines_of(owner)[place : place + 1]:
            assert self.ask(owner, "delete", f"cart/lines/{line['id']}/")[0] == 204
            del self.model.carts[owner][line["sku"]]

    @precondition(lambda self: self.model.carts["alice"])
    @rule(stranger=st.sampled_from(["bob", "guest", "carol"]))
    def stranger_reaches_for_alices_line(self, stranger: str) -> None:
        line = f"cart/lines/{self.lines_of('alice')[0]['id']}/"

        assert self.ask(stranger, "patch", line, {"quantity": 1})[0] == 404
        assert self.ask(stranger, "delete", line)[0] == 404

    @rule(buyer=buyers, times=st.integers(1, 2))
    def guest_logs_in(self, buyer: str, times: int) -> None:
        credentials = {"email": f"{buyer}@example.com", "password": f"{buyer}-shows-the-shop"}
        for _ in range(times):  # the second time there is nothing left to pour
            assert self.ask("guest", "post", "auth/token/", credentials)[0] == 200

        self.model.pour("guest", into=buyer)
        self.new_guest()

    def lines_of(self, owner: str) -> list[dict[str, Any]]:
        """The cart as its owner sees it; checked, since it is what the buyer decides by."""
        status, cart = self.ask(owner, "get", "cart/")
        assert status == 200
        assert {line["sku"]: line["quantity"] for line in cart["lines"]} == self.model.carts[owner]
        assert cart["total"] == f"{self.model.total(self.model.carts[owner]):.2f}"
        return list(cart["lines"])
