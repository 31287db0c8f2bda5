"""What the server process has one of: the administrator's limits, those who are here, and the pool that works."""

from __future__ import annotations

import os

from app.crowd import Crowd
from app.host import Host, HostError
from app.pool import Pool

try:
    host = Host.of(os.environ)
except HostError as error:
    raise SystemExit(f"{error}\n(README.md, Hosting, has all of them)") from error
pool = Pool(host.workers or None)
crowd = Crowd(host.sessions, host.sessions_per_address)
