"""Prints where to click, when all of docker-compose.yml is up.

Roadmap: deployment/docker-compose
"""

PAGES = """
  The shop is open. Your browser does not know who signed its certificate: that was this machine, a minute ago.

  https://localhost:8443/            the shop: API, pages of accounts, admin
  http://localhost:8025/             the letters that it sends (Mailpit)
  http://localhost:8400/             the payment provider's book, and how to break it
  localhost:50051                    the stock service, gRPC over TLS
  http://localhost:3000/             Grafana      with --profile observability
  http://localhost:9090/             Prometheus   with --profile observability
  http://localhost:16686/            traces       with --profile observability

  deploy/compose/buy.sh buys a desk as alice.
"""

if __name__ == "__main__":
    print(PAGES)
