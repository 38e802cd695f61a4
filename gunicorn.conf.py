"""gunicorn's settings, from the service's own (SERVE_...). Read by `gunicorn` and by `python -m app`."""

import gc
import os
import resource
import sys
from pathlib import Path

from app.errors import NotReady
from app.http.access import TokenFileError, read_tokens
from app.http.audit_log import AuditLog
from app.server.sockets import prepare_listeners
from app.settings import SettingError, Settings
from registry import CHAMPION, RegistryError

try:
    _settings = Settings.from_env(os.environ)
except SettingError as error:
    sys.exit(str(error))

wsgi_app = "app:create_app()"
bind = _settings.bind
workers = _settings.workers
threads = _settings.threads
# A worker out of file descriptors dies, with all its connections: some are left for logs, uploads and models.
_descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
if _descriptors != resource.RLIM_INFINITY:
    worker_connections = max(threads + 1, min(1000, _descriptors - 64 - 4 * threads))
worker_class = "app.server.worker.Worker"
logger_class = "app.server.worker.Log"
keepalive = 65  # longer than the usual proxy's, so that a reused connection is not the one that was just closed
graceful_timeout = 25  # less than the 30 seconds after which Kubernetes ends the whole container
# gunicorn believes no header about where a client is or what it asked: app/http/forwarded.py reads trusted proxies'.
forwarded_allow_ips, forwarder_headers, secure_scheme_headers, header_map = "", "", {}, "drop"
control_socket_disable = True  # would need a writable home
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - the heartbeat must not wait for a disk
proc_name = "app"


def on_starting(_server):
    """Check the files of tokens. Later on, a fault in one stops nothing: see app/http/access.py."""
    for file in filter(None, (_settings.tokens, _settings.page_tokens)):
        try:
            read_tokens(Path(file))
        except TokenFileError as error:
            sys.exit(str(error))


def when_ready(server):
    """Say what to open and how to ask, once the port is ours."""
    prepare_listeners(server)
    store = _settings.store()
    try:
        signature = store.signature(store.number_of(CHAMPION))
        audit_log = AuditLog(_settings.log_folder, _settings.durability)
        audit_log.set_inputs(signature.names)
        audit_log.check()
    except (RegistryError, NotReady) as error:
        server.log.error("No prediction can be served yet: %s", error)
        return
    root = f"http://{_settings.bind}"
    print(
        f"\nOpen {root}/form in a browser, or ask from another terminal:\n\n"
        f"  curl {root}/predict_json -H 'Content-Type: application/json' -d '{signature.example_json}'\n",
        flush=True,
    )


def post_worker_init(worker):  # noqa: ARG001 - gunicorn's hook
    """Keep short how long a thread that computes keeps the others waiting."""
    sys.setswitchinterval(0.001)  # in seconds: a prediction takes less than Python's 5 ms
    gc.collect()
    gc.freeze()  # what every request needs is never garbage; looking through it again takes up to 40 ms each time
