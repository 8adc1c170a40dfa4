#!/usr/bin/env bash
# Buys a desk at the composed shop as alice, through nginx and with its certificate checked, and looks at the books.
# Roadmap: deployment/docker-compose
set -euo pipefail
shop=${1:-https://localhost:8443}
authority=$(mktemp)
trap 'rm -f "$authority"' EXIT
docker compose exec -T nginx cat /run/keys/authority.pem > "$authority"

ask() {
  curl --silent --show-error --fail-with-body --cacert "$authority" --header 'Content-Type: application/json' "$@"
}

token=$(ask "$shop/api/v1/auth/token/" --data '{"email": "alice@example.com", "password": "alice-shows-the-shop"}' |
  sed 's/.*"access":"\([^"]*\)".*/\1/')
ask "$shop/api/v1/cart/lines/" --header "Authorization: Bearer $token" \
  --data '{"sku": "DESK-WAL-160", "quantity": 1}' > /dev/null
order=$(ask "$shop/api/v1/orders/" --header "Authorization: Bearer $token" \
  --header "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" \
  --data '{"payment_method": "pm_card_visa", "shipping_address": {"name": "Alice", "line1": "1 Lime Street",
           "city": "Hamburg", "postal_code": "20095", "country": "DE"}}')
grep --only-matching '"number":"[^"]*","status":"paid"' <<< "$order"
docker compose exec -T web python manage.py audit
