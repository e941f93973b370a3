# Grok2API Gallery: a small image, without compiler, that runs as nobody in particular.
FROM python:3.12-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PATH=/opt/venv/bin:$PATH
RUN python -m venv /opt/venv
COPY requirements.txt requirements-mysql.txt /tmp/
RUN pip install -r /tmp/requirements-mysql.txt
WORKDIR /app
COPY manage.py ./
COPY grok2api grok2api
COPY gallery gallery
COPY imagine imagine
COPY templates templates
COPY static static
COPY locale locale
RUN pybabel -q compile -d locale -D django -l zh_Hans \
    && DATA_DIR=/tmp/build LOG_DIR=/tmp/build SECRET_KEY=only-while-building \
       python manage.py collectstatic --noinput --verbosity 0 \
    && find . -type d -name tests -prune -exec rm -r {} + \
    && python -m compileall -q grok2api gallery imagine

FROM python:3.12-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin grok2api \
    && install -d -o grok2api -g grok2api /data /media
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data MEDIA_ROOT=/media LOG_DIR=/data/logs SERVER_PORT=8000
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
USER 10001
VOLUME ["/data", "/media"]
EXPOSE 8000
# Longer than IMAGINE_TIMEOUT: what is under way is paid for. See also `stop_grace_period`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"SERVER_PORT\"]}/healthz', timeout=4)"]
CMD ["python", "manage.py", "serve"]
