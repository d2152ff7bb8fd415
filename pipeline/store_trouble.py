"""Why the metadata of runs cannot be written: a sentence, where ML Metadata gives no reason."""

import contextlib
import re
import sqlite3
from pathlib import Path
from typing import Any

import pymysql

from pipeline.quantities import place
from schemas.metadata_store import MysqlStore

_PATIENCE = 10  # seconds
# ML Metadata's indexes take more bytes than those of older servers could hold.
_OLDEST = {"MariaDB": (10, 2), "MySQL": (5, 7)}
_LIMITS = (1040, 1203, 1226)  # of connections: of the server, of a user, of a user in an hour
_SEE = "see docs/metadata.md"


def sqlite_trouble(file: Path) -> str | None:
    """Returns why a SQLite file cannot be written, None if it can be, or is not there yet."""
    if not file.exists():
        return None
    try:
        with contextlib.closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", _PATIENCE, uri=True)
        ) as opened:
            opened.execute("BEGIN IMMEDIATE")
            opened.execute("PRAGMA user_version = 0")  # a write: beginning one is not enough
            opened.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        return _sqlite_sentence(place(file), str(error))
    return None


def _sqlite_sentence(file: str, said: str) -> str:
    if "locked" in said or "busy" in said:
        return (
            f"another process has been writing to {file} for {_PATIENCE} s or more: a run that is "
            f"still going, or a program with an open transaction. End it, then run again ({said})"
        )
    if "full" in said:
        return f"there is no space left for {file}: make room, then run again ({said})"
    if "readonly" in said or "unable to open" in said:
        return f"{file} cannot be written: change its rights, or name another --work ({said})"
    return (
        f"{file} is damaged, or no SQLite database: put a backup in its place, or name another "
        f"--work ({said})"
    )


def mysql_trouble(store: MysqlStore, password: str) -> str | None:
    """Returns why a server cannot be used, None if it can be.

    Args:
        store: which server, and who asks.
        password: of the user.
    """
    tls = store.tls
    for file in filter(None, (tls.ca, tls.cert, tls.key) if tls else ()):
        if not Path(file).is_file():
            return f"there is no file {file}, which the config names in metadata.tls"
    try:
        with contextlib.closing(_connected(store, password)) as connection:
            server, version = server_version(connection.get_server_info())
    except pymysql.err.MySQLError as error:
        return _mysql_sentence(store, *_code_and_text(error))
    except RuntimeError as error:  # how it says that it lacks the means for a method of logging in
        return f"{login_method(store)} ({error})"
    except OSError as error:
        return f"the metadata server {store.address} cannot be talked to: {error}"
    if version < _OLDEST[server]:
        least = " or ".join(f"{name} {a}.{b}" for name, (a, b) in _OLDEST.items())
        return (
            f"the metadata server {store.address} is {server} {'.'.join(map(str, version))}, and "
            f"ML Metadata needs {least}, or a newer one"
        )
    return None


def server_version(told: str) -> tuple[str, tuple[int, ...]]:
    """Returns which server it is, and its version, from what it says of itself."""
    server = "MariaDB" if "MariaDB" in told else "MySQL"
    # MariaDB before 11 puts a version of MySQL's before its own, for old clients.
    numbers = re.findall(r"\d+", told.removeprefix("5.5.5-"))
    return server, tuple(int(number) for number in numbers[:3])


def login_method(store: MysqlStore) -> str:
    """Returns the sentence on a user whom ML Metadata's client cannot log in."""
    return (
        f"the metadata server {store.address} knows user {store.user!r} by a method that ML "
        "Metadata's client has not: give the user mysql_native_password "
        f"({_SEE}); where metadata.tls is set, check its files, too"
    )


def _connected(store: MysqlStore, password: str) -> "pymysql.connections.Connection[Any]":
    return pymysql.connect(
        host=store.host,
        port=store.port,
        user=store.user,
        password=password,
        database=store.database,
        connect_timeout=_PATIENCE,
        read_timeout=_PATIENCE,
        ssl_disabled=store.tls is None,  # else it would use what ML Metadata's client does not
        ssl_ca=store.tls.ca if store.tls else None,
        ssl_cert=store.tls.cert if store.tls else None,
        ssl_key=store.tls.key if store.tls else None,
        ssl_verify_cert=store.tls is not None,
        ssl_verify_identity=store.tls is not None,
    )


def _code_and_text(error: pymysql.err.MySQLError) -> tuple[int, str]:
    code, text = (*error.args, "")[:2] if error.args else (0, "")
    return (code, str(text)) if isinstance(code, int) else (0, str(code))


def _mysql_sentence(store: MysqlStore, code: int, said: str) -> str:
    who, where = f"user {store.user!r}", f"the metadata server {store.address}"
    if code in (1045, 1698):
        return (
            f"{where} refuses {who}: the password in {store.password_env} is another, "
            f"it knows no such user from this machine, or lets them in by TLS only ({said})"
        )
    if code in (1044, 1049):
        return (
            f"{where} has no database {store.database!r} for {who}: make it, and grant it to them, "
            f"{_SEE} ({said})"
        )
    if code in _LIMITS:
        return f"{where} has no connection left for {who}: wait, or raise its limit ({said})"
    if "SSL" in said:
        return f"{where} is not the one that metadata.tls.ca vouches for ({said})"
    if code in (2003, 2006, 2013):
        return f"{where} cannot be reached: check metadata.host and metadata.port ({said})"
    return f"{where} cannot be used: {said or 'it gave no reason'} ({code})"
