"""gunicorn's settings, from the service's own (SERVE_...). Read by `gunicorn` and by `python -m app`."""

import os
import resource
import sys
from pathlib import Path

from app.errors import NotReady
from app.http.audit_log import AuditLog
from app.http.tokens import TokenFileError, read_tokens
from app.metrics.slots import adopt, shared_map
from app.server.backoff import Backoff
from app.server.process import freeze_heap
from app.server.sockets import prepare_listeners
from app.settings import ANY_HOST, SettingError, Settings, service_links
from registry import CHAMPION, RegistryError


def _worker_class(settings):
    """Return the worker in which gunicorn's own code speaks HTTP, or the one in which Granian does."""
    if settings.server == "gunicorn":
        from app.server.worker import Worker

        Worker.request_timeout = settings.request_timeout
        return Worker
    try:
        from app.server.granian import GranianWorker
    except ModuleNotFoundError as error:
        if error.name != "granian":
            raise
        raise SettingError(
            "SERVE_SERVER=granian: Granian is not installed; `requirements/install.sh granian` installs it into .venv"
        ) from error
    return GranianWorker


try:
    _settings = Settings.from_env(os.environ)
    worker_class = _worker_class(_settings)
except SettingError as error:
    sys.exit(str(error))

wsgi_app = "app:create_app()"
bind = _settings.bind.replace("*:", f"{ANY_HOST}:")
workers = _settings.workers
threads = _settings.threads
# A worker out of file descriptors dies, with all its connections: some are left for logs, uploads and models.
_descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
if _descriptors != resource.RLIM_INFINITY:
    worker_connections = max(threads + 1, min(1000, _descriptors - 64 - 4 * threads))
keepalive = 65  # longer than the usual proxy's, so that a reused connection is not the one that was just closed
graceful_timeout = 25  # less than the 30 seconds after which Kubernetes ends the whole container
# gunicorn believes no header about where a client is or what it asked: app/http/forwarded.py reads trusted proxies'.
forwarded_allow_ips, forwarder_headers, secure_scheme_headers, header_map = "", "", {}, "drop"
control_socket_disable = True  # would need a writable home
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - the heartbeat must not wait for a disk
proc_name = "app"

_backoff = Backoff()
worker_exit = _backoff.worker_exit
_slots = shared_map()


def pre_fork(server, worker):
    """Give a worker the pause before its boot, and the slot of one that ended to count in."""
    _backoff.pre_fork(server, worker)
    worker.slot = _slots.take(other.slot for other in server.WORKERS.values())


def post_fork(server, worker):
    """Go on in the worker's process."""
    adopt(worker.slot)
    _backoff.post_fork(server, worker)


def child_exit(server, worker):
    """Note the end of a worker."""
    _slots.release(worker.slot)
    _backoff.child_exit(server, worker)


def on_starting(_server):
    """Check the files of tokens. Later on, a fault in one stops nothing: see app/http/tokens.py."""
    for name, file in (("SERVE_TOKENS", _settings.tokens), ("SERVE_PAGE_TOKENS", _settings.page_tokens)):
        try:
            if file:
                read_tokens(Path(file))
        except TokenFileError as error:
            sys.exit(f"{name}: {error}")


def when_ready(server):
    """Say what to open and how to ask, once the port is ours."""
    prepare_listeners(server)
    freeze_heap()
    if ignored := service_links(os.environ):
        server.log.warning(
            "Ignored what Kubernetes sets for a Service whose name begins with serve: %s", ", ".join(ignored)
        )
    store = _settings.store()
    try:
        signature = store.signature(store.number_of(CHAMPION))
        audit_log = AuditLog(_settings.log_folder, _settings.durability)
        audit_log.set_inputs(signature.names)
        audit_log.check()
    except (RegistryError, NotReady) as error:
        server.log.error("No prediction can be served yet: %s", error)
        return
    page, root = _urls("https" if server.cfg.is_ssl else "http")
    headers = "-H 'Content-Type: application/json'" + (" -H 'Authorization: Bearer TOKEN'" if _settings.tokens else "")
    print(f"\n{page}\n\n  curl {root}/predict_json {headers} -d '{signature.example_json}'\n", flush=True)


def _urls(scheme):
    """Return what to say about the form, and what goes in front of a path to ask for it with curl."""
    if isinstance(_settings.address, Path):
        return "Ask from another terminal:", f"--unix-socket {_settings.address} http://localhost"
    host, port = _settings.address
    host = {ANY_HOST: "127.0.0.1", "::": "::1"}.get(host, host)
    root = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    return f"Open {root}/form in a browser, or ask from another terminal:", root
