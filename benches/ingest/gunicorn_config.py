"""Settings of gunicorn that have no flag."""

keepalive = 60


def post_worker_init(worker):
    """Tells whoever started it that it takes requests now."""
    print("ready at", worker.cfg.bind[0], flush=True)
