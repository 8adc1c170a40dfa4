"""`python -m deploy.partner SHOP CLIENT_ID SECRET [--decline]`: alice lets a program buy a lamp for her, or does not.

Roadmap: auth/oauth2-basics
"""

import argparse

from authlib.integrations.base_client import OAuthError

from deploy.demo.shopper import ADDRESS
from deploy.partner.browser import Browser
from deploy.partner.client import Partner

BACK = "http://127.0.0.1:9/back"  # nobody listens there; the address alone is enough to play with
SCOPE = "openid email orders:read orders:write cart:write"


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m deploy.partner")
    asked.add_argument("shop")
    asked.add_argument("client_id")
    asked.add_argument("secret")
    asked.add_argument("--decline", action="store_true", help="alice does not agree")
    told = asked.parse_args()
    partner, browser = Partner(told.shop, told.client_id, told.secret, BACK), Browser(told.shop)
    browser.go(partner.send_off(SCOPE)).log_in("alice@example.com", "alice-shows-the-shop")
    try:
        person = partner.take_back(browser.press("" if told.decline else "allow").left_for)
    except OAuthError as refusal:
        print(f"the program was told: {refusal.error}")
        return
    print(f"the program knows: {person['email']}, number {person['sub']} at {person['iss'].partition('://')[2]}")
    order = partner.buy("LMP-PAP-045", ADDRESS)
    print(f"the program bought: {order['lines'][0]['name']}, {order['total']} {order['currency']}, {order['status']}")
    print(f"the newest of her orders is that one: {partner.orders()[0]['number'] == order['number']}")
    partner.give_back()
    print(f"after it gave its tokens back: {partner.http.get(told.shop + '/api/v1/orders/').status_code}")


if __name__ == "__main__":
    main()
