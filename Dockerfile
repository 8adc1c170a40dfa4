# One image for every process of the shop; which one is the argument: docker run IMAGE web | worker | relay | …
#
#   packages    the locked packages, checked against their hashes, compiled to bytecode; pip, uv and caches stay here
#   assets      the static files with their content's hash in the name, and compressed copies
#   the last    Python, the packages, our code: no pip of ours, no compiler, no test, no server that comes from a wheel
#
# Roadmap: deployment/docker, deployment/dockerfile-best-practices, deployment/multi-stage-builds

ARG PYTHON=3.13-slim

FROM python:${PYTHON} AS packages
# Seconds since 1970 that are written into bytecode and layers instead of the hour of the build: `git log -1 --format=%ct`.
ARG SOURCE_DATE_EPOCH=0
# A name out of pyproject.toml's optional dependencies: `debug` for development, nothing for production.
ARG EXTRAS=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /build
RUN python -m venv /venv && python -m venv /installer
COPY deploy/local/installer.txt ./
RUN /installer/bin/pip install --require-hashes -r installer.txt
COPY pyproject.toml requirements.lock ./
# Without the extras: PostgreSQL and Redis stand beside the shop here, and nobody tests in production.
RUN /installer/bin/uv pip install --python /venv/bin/python --only-binary :all: --no-binary promise \
      --require-hashes -r pyproject.toml -c requirements.lock ${EXTRAS:+--extra $EXTRAS} \
  && rm -rf /venv/lib/python3*/site-packages/pip /venv/lib/python3*/site-packages/pip-* /venv/bin/pip* \
  # The root file system is read-only when it runs: what is not compiled now would be compiled anew at every start.
  # The bytecode is held against the source's hash, not its time, so that two builds of one commit are the same.
  && python -m compileall -q --invalidation-mode unchecked-hash /venv/lib

FROM packages AS assets
ENV PATH=/venv/bin:$PATH DJANGO_SETTINGS_MODULE=config.settings.production
WORKDIR /app
COPY manage.py ./
COPY accounts accounts
COPY config config
COPY deploy/__init__.py deploy/
COPY orders orders
COPY shop shop
# Nothing is asked of a server here. The settings want words for their secrets; none of these reaches the last stage.
RUN SECRET_KEY=of-the-build PAYMENT_API_KEY=of-the-build PAYMENT_WEBHOOK_SECRET=of-the-build EMAIL_URL=smtp://localhost \
    SITE_URL=https://localhost TRUSTED_PROXIES=1 DATABASE_URL=postgres://nobody@localhost/none \
      python manage.py collectstatic --no-input --verbosity 0 \
  # Uploads are for the shop alone, and Django makes static files with the same permissions; these are for everybody.
  && chmod -R a+rX var/static

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Roadmap Shop" \
      org.opencontainers.image.description="A Django shop whose purchase button is tested until it breaks" \
      org.opencontainers.image.licenses="MIT"
# A number, not a name: Kubernetes refuses to guess whether a name is root. Nothing in the image belongs to this user
# but the folders that volumes cover; a volume takes its owner from the folder that it covers.
RUN groupadd --gid 10001 shop && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin shop \
  && install -d -o 10001 -g 10001 /srv/uploads /srv/provider /srv/static
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    LISTEN_ON=0.0.0.0 PORT=8000 PROVIDER_PORT=8400 STATE_DIR=/tmp UPLOADS_DIR=/srv/uploads \
    PROVIDER_DATABASE_URL=sqlite:////srv/provider/provider.sqlite3
WORKDIR /app
# What changes seldom comes first: a change of our code leaves the layer of the packages, nine tenths of all, as it is.
COPY --from=packages /venv /venv
COPY --from=assets /app/var/static var/static
COPY manage.py Procfile ./
COPY deploy/__init__.py deploy/
COPY deploy/audit deploy/audit
COPY deploy/image deploy/image
COPY deploy/payment_provider deploy/payment_provider
COPY deploy/postgres deploy/postgres
COPY accounts accounts
COPY config config
COPY orders orders
COPY shop shop
RUN PYTHONDONTWRITEBYTECODE='' python -m compileall -q --invalidation-mode unchecked-hash accounts config deploy orders shop
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=15s --start-period=60s --retries=3 CMD ["python", "-m", "deploy.image.health"]
ENTRYPOINT ["python", "-m", "deploy.image.start"]
CMD ["web"]
