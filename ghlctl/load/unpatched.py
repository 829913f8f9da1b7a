"""The parts of Locust that the engine uses, imported without its monkey-patching.

The engine needs the system's sockets, threads and clocks, and Locust's hub needs none of them.
"""

import os

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"  # read by Locust while it is imported

import gevent
from gevent import pywsgi
from locust import User, runners, task
from locust import __version__ as locust_version
from locust.env import Environment
from locust.runners import MasterRunner
from locust.stats import StatsEntry, StatsError, bucket_response_time, stats_history
from locust.web import jsonify  # type: ignore[attr-defined]  # Flask's
from locust.web import request as asked  # type: ignore[attr-defined]  # Flask's
from msgpack import UnpackException

__all__ = [
    "Environment",
    "MasterRunner",
    "StatsEntry",
    "StatsError",
    "UnpackException",
    "User",
    "asked",
    "bucket_response_time",
    "gevent",
    "jsonify",
    "locust_version",
    "pywsgi",
    "runners",
    "stats_history",
    "task",
]
