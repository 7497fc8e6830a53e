"""Runs a Celery worker with threads on the application in this folder: `drive_worker.py TASK TIMES`.

Each call of the task gets its number, from 1. The last line of the output is a list of all results in JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

THREADS = 8
TIMEOUT = 60

if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    import tasks
    from celery.contrib.testing.worker import start_worker

    task = getattr(tasks, sys.argv[1])
    tasks.app.conf.broker_transport_options = {"polling_interval": 0.01}
    worker = start_worker(
        tasks.app, pool="threads", concurrency=THREADS, perform_ping_check=False, loglevel="ERROR"
    )
    with worker:
        sent = [task.delay(number) for number in range(1, 1 + int(sys.argv[2]))]
        results = [one.get(timeout=TIMEOUT, propagate=False) for one in sent]
        sys.stdout.write(json.dumps(results, default=repr) + "\n")
        sys.stdout.flush()
        os._exit(0)  # a worker takes seconds to say goodbye
