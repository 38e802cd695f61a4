# Trains in one stage, serves from another that has never seen TensorFlow.
#   docker build -t flask-model-service --build-arg SOURCE_COMMIT="$(git rev-parse HEAD)" .
#   docker run -p 5000:5000 flask-model-service
# The monitor is an image of its own, for the same logs (deploy/compose.yaml runs both):
#   docker build -t flask-model-monitor --target monitor .

FROM python:3.13-slim AS train
WORKDIR /srv
COPY requirements/train.txt requirements/
RUN pip install --quiet --no-cache-dir --root-user-action ignore --disable-pip-version-check \
    --require-hashes --no-deps --only-binary :all: -r requirements/train.txt
COPY csv_dialect.py filesystem.py ./
COPY registry registry
COPY train train
# The card of the version records it. A new value trains again; without one, only changed training code or data does.
ARG SOURCE_COMMIT
ENV SOURCE_COMMIT=$SOURCE_COMMIT
RUN python -m train

# The serving set in an environment without pip, to be copied whole. Its bytecode is made here: a read-only root has no
# place to write it, and each worker would compile Flask and numpy anew. Packages' own tests are never imported.
FROM python:3.13-slim AS packages
COPY requirements/serve.txt .
RUN python -m venv --without-pip /venv \
    && pip --python /venv install --quiet --no-cache-dir --no-compile --disable-pip-version-check \
       --require-hashes --no-deps --only-binary :all: -r serve.txt \
    && find /venv -type d -name tests -prune -exec rm -r {} + \
    && /venv/bin/python -m compileall -q /venv/lib

# What `python -m monitor` needs. It reads the logs and writes reports beside them, as another user of the same group.
FROM python:3.13-slim AS monitor-packages
COPY requirements/monitor.txt .
RUN python -m venv --without-pip /venv \
    && pip --python /venv install --quiet --no-cache-dir --no-compile --disable-pip-version-check \
       --require-hashes --no-deps --only-binary :all: -r monitor.txt \
    && find /venv -type d -name tests -prune -exec rm -r {} + \
    && /venv/bin/python -m compileall -q /venv/lib

FROM python:3.13-slim AS monitor
RUN useradd --uid 10002 --gid 0 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin monitor
WORKDIR /srv
RUN install -d -o 10002 -g 0 -m 0775 logs
VOLUME /srv/logs
COPY --from=monitor-packages /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/dev/shm
COPY --from=train /srv/models models
COPY csv_dialect.py filesystem.py request_ids.py ./
COPY registry registry
COPY journal journal
COPY charts charts
COPY monitor monitor
COPY templates templates
COPY app/static/style.css app/static/
RUN python -m compileall -q charts csv_dialect.py filesystem.py journal monitor registry request_ids.py
USER 10002:0
# A watch that works writes the alert each hour.
HEALTHCHECK --interval=60s --timeout=5s --start-period=120s CMD ["sh", "-c", \
    "find ${SERVE_LOGS:-logs}/${SERVE_MODEL:-boston}/reports/alert.json -mmin -130 | grep -q ."]
ENTRYPOINT ["sh", "-c", "umask 0002; exec python -m monitor \"$@\"", "monitor"]
CMD ["watch"]

FROM python:3.13-slim
# Group 0, as OpenShift, which gives each project a uid of its own, in this group.
RUN useradd --uid 10001 --gid 0 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin service
WORKDIR /srv
# The only place to write, for the group too; a named volume that is mounted there first gets the same owner and mode.
RUN install -d -o 10001 -g 0 -m 0775 logs
VOLUME /srv/logs
COPY --from=packages /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/dev/shm \
    PORT=5000
COPY --from=train /srv/models models
COPY csv_dialect.py filesystem.py request_ids.py ./
COPY registry registry
COPY journal journal
COPY audit audit
COPY charts charts
COPY templates templates
COPY app app
COPY deploy/healthcheck.py deploy/
COPY gunicorn.conf.py .
RUN python -m compileall -q app audit charts csv_dialect.py filesystem.py journal registry request_ids.py
USER 10001:0
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-I", "-S", "deploy/healthcheck.py"]
# The next user of the group must be able to go on in today's files.
ENTRYPOINT ["sh", "-c", "umask 0002; exec python -m app \"$@\"", "app"]
CMD ["serve"]
