"""Who sees what of a product, at the same address: one table, which every protocol reads.

    who asks                          price                      trade_price, cost     what is not listed
    a visitor, a customer             the price                  –                     404
    a business customer               the trade price, if lower  –                     404
    who may see what it costs         the price                  both                  shown
    others who may see products       the price                  –                     shown

`price` is what one unit costs whoever asks; nobody is told that others pay another one. The trade price and the cost
are members of their own, which are there for whom the house trusts with them and for nobody else: not empty, not there.
A program of such a person must be one that may change products as well: to read the catalogue is given away too easily.

Who decides: the row of the account, and its permissions, read for this very request; no token says what its bearer may
see. What everybody may see is kept in caches, and answers to somebody in none (`shop/views/front.py`). What is charged
is asked once more, in the purchase (`orders/cart.py`).

`sight.py` is core: the table for one person. `requests.py` is the edge: it reads who asks from a request, and has views
and serializers show no more than that.
"""
