#!/bin/sh
# Says where to click. nginx starts when all else is up, and its image runs what it finds in /docker-entrypoint.d before;
# a container of its own for this would end, and `docker compose up --wait` takes one that ends for a failure.
# Roadmap: deployment/docker-compose
cat <<'END'

  The shop is open. Your browser does not know who signed its certificate: that was this machine, at the first start.

  https://localhost:8443/            the shop: API, pages of accounts, admin
  http://localhost:8025/             the letters that it sends (Mailpit)
  http://localhost:8400/             the payment provider's book, and how to break it
  localhost:50051                    the stock service, gRPC over TLS

  With --profile observability:

  http://localhost:3000/dashboards   figures (Grafana)
  http://localhost:3000/explore      log lines (Loki), from one to its trace and back
  http://localhost:16686/            traces (Jaeger)
  http://localhost:9090/alerts       rules, and which of them are broken (Prometheus)
  http://localhost:9093/             who is told of it (Alertmanager)

  deploy/compose/buy.sh buys a desk as alice.

END
