"""A server of MariaDB of one's own: its files in a folder, a free port, no service, no root."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pymysql
import pytest

from schemas.metadata_store import MysqlStore

PASSWORD = "n0body-Tells-This"
USER = "funnelrank"
# All that the user is granted, as docs/metadata.md has it.
RIGHTS = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES"
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_SERVER, _INSTALL = (shutil.which(name, path=_PATH) for name in ("mariadbd", "mariadb-install-db"))
# Root must say that it is meant.
_AS = ("--user=root",) if os.geteuid() == 0 else ()
needs_mariadb = pytest.mark.skipif(
    _SERVER is None or _INSTALL is None, reason="no MariaDB here: apt-get install mariadb-server"
)


class Server:
    """A server with one database and a user of it.

    Args:
        folder: empty, for its files.
        options: more of the server's options.
    """

    def __init__(self, folder: Path, *options: str):
        self._log = folder / "server.log"
        self._data = folder / "data"
        # The path of a socket has 107 characters at most, and a test's folder may have more.
        self._sockets = tempfile.mkdtemp(prefix="db-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._options = options
        made = subprocess.run(
            [_INSTALL, "--no-defaults", *_AS, f"--datadir={self._data}",
             "--auth-root-authentication-method=normal", "--skip-test-db",
             "--innodb-log-file-size=4M"],
            capture_output=True, text=True,
        )  # fmt: skip
        assert made.returncode == 0, made.stdout + made.stderr
        self.start()
        self.sql(
            "CREATE DATABASE metadata CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
            f"GRANT {RIGHTS} ON metadata.* TO {USER}@'127.0.0.1'",
        )

    def store(self, **changes: object) -> MysqlStore:
        """Returns what a config says of it."""
        said = {"host": "127.0.0.1", "port": self.port, "database": "metadata", "user": USER}
        return MysqlStore.model_validate({"kind": "mysql", **said, **changes})

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [_SERVER, "--no-defaults", *_AS,
                 f"--datadir={self._data}", f"--socket={self._sockets}/s", f"--port={self.port}",
                 "--bind-address=127.0.0.1", "--skip-name-resolve",
                 "--innodb-flush-log-at-trx-commit=2", "--log-warnings=1", *self._options],
                stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while True:
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            with contextlib.suppress(pymysql.err.OperationalError):
                return self.sql("SELECT 1")
            time.sleep(0.05)

    def kill(self) -> None:
        """Ends it as a crash does."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def remove(self) -> None:
        """Ends it for good."""
        self.kill()
        shutil.rmtree(self._sockets)

    def restart(self) -> None:
        """Ends it as a crash does, and starts it again."""
        self.kill()
        self.start()

    def sql(self, *statements: str) -> None:
        """Does what the server's root may do."""
        with contextlib.closing(
            pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True)
        ) as connection:
            for statement in statements:
                connection.cursor().execute(statement)
