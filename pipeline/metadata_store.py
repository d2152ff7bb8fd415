"""Where the runs of a work directory are written down: SQLite there, or a database elsewhere.

A config says which; the first run notes it in the work directory, so that whoever has only that
finds the runs. The note has no secret: a password comes from the environment, and ML Metadata's
client takes it from there, too. No connection config has it, so none that is logged can tell it.
"""

import os
from pathlib import Path

from ml_metadata import errors
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from models.tuning.trials import write_whole
from pipeline.errors import Misuse, RunFailed
from pipeline.failures import reason
from pipeline.quantities import place
from pipeline.store_trouble import login_method, mysql_trouble, sqlite_trouble
from pipeline.work_dir import WorkDir
from schemas.metadata_store import MysqlStore, SqliteStore

# Of MySQL's clients, ML Metadata's among them: the password, where they are given none.
_CLIENT_PASSWORD = "MYSQL_PWD"
# Notes in a database which pipelines are whose: TFX finds a node's executions by the pipeline.
_OWNER, _ROOT = "funnelrank.WorkDir", "root"
_TlsOptions = metadata_store_pb2.MySQLDatabaseConfig.SSLOptions
_Mode = metadata_store_pb2.SqliteMetadataSourceConfig


class StoreLost(ValueError):
    """A run was under way when what it is written down in went away."""


def has_store(work: WorkDir) -> bool:
    """Returns whether any run was written down for a work directory."""
    return work.metadata.is_file() or work.metadata_note.is_file()


def noted_store(work: WorkDir) -> SqliteStore | MysqlStore:
    """Returns where the runs of a work directory are written down; SQLite if nothing was noted."""
    if not work.metadata_note.is_file():
        return SqliteStore()
    try:
        return MysqlStore.model_validate_json(work.metadata_note.read_bytes())
    except (OSError, ValueError) as error:
        raise RunFailed(
            f"{place(work.metadata_note)} does not say where the runs are written down: put a "
            f"backup in its place, or delete it and run again ({reason(error)})"
        ) from error


def store_name(work: WorkDir) -> str:
    """Returns what people call the place where the runs of a work directory are written down."""
    return _name(noted_store(work), work)


def _name(store: SqliteStore | MysqlStore, work: WorkDir) -> str:
    if isinstance(store, SqliteStore):
        return place(work.metadata)
    return f"the database {store.database} on {store.address}"


def prepare_store(store: SqliteStore | MysqlStore, work: WorkDir, pipeline_name: str) -> None:
    """Checks before a run that it can be written down, and notes where.

    Args:
        store: as the config says.
        work: which exists.
        pipeline_name: of the config.

    Raises:
        Misuse: if the runs so far are written down elsewhere, the pipeline is another work
            directory's in this database, or there is no password.
        RunFailed: if nothing can be written there.
    """
    if has_store(work) and _key(known := noted_store(work)) != _key(store):
        raise Misuse(
            f"the runs in {place(work.root)} are written down in {store_name(work)}, and the "
            f"config says `metadata: {{kind: {store.kind}}}`"
            f"{' elsewhere' * (known.kind == store.kind)}. Keep the one, or name another --work; "
            "docs/metadata.md says how to move"
        )
    if trouble := _trouble(store, work):
        raise RunFailed(trouble)
    if isinstance(store, MysqlStore):
        _claim(_opened(store, work, False), store, work, pipeline_name)
        write_whole(work.metadata_note, store.model_dump_json(indent=1))


def connection(work: WorkDir, *, read_only: bool = False) -> metadata_store_pb2.ConnectionConfig:
    """Returns how ML Metadata reaches the runs of a work directory.

    Args:
        work: of the runs.
        read_only: whether SQLite is opened for reading; a server has users for that.

    Raises:
        Misuse: if there is no password.
    """
    return _connection(noted_store(work), work, read_only)


def _connection(
    store: SqliteStore | MysqlStore, work: WorkDir, read_only: bool
) -> metadata_store_pb2.ConnectionConfig:
    found = metadata_store_pb2.ConnectionConfig()
    if isinstance(store, SqliteStore):
        found.sqlite.filename_uri = str(work.metadata)
        found.sqlite.connection_mode = _Mode.READONLY if read_only else _Mode.READWRITE_OPENCREATE
        return found
    os.environ[_CLIENT_PASSWORD] = _password(store)
    found.mysql.host, found.mysql.port = store.host, store.port
    found.mysql.database, found.mysql.user = store.database, store.user
    found.mysql.skip_db_creation = True  # its user need have no right but on this database
    if store.tls is not None:  # verify_server_cert refuses every certificate, whatever it says
        said = store.tls.model_dump(exclude_none=True)
        found.mysql.ssl_options.MergeFrom(_TlsOptions(**said))
    return found


def open_store(work: WorkDir, *, read_only: bool = False) -> MetadataStore:
    """Returns the runs of a work directory, opened.

    Args:
        work: of the runs.
        read_only: whether SQLite is opened for reading.

    Raises:
        Misuse: if there is no password.
        RunFailed: if they cannot be opened, and why.
    """
    return _opened(noted_store(work), work, read_only)


def _opened(store: SqliteStore | MysqlStore, work: WorkDir, read_only: bool) -> MetadataStore:
    try:
        return MetadataStore(_connection(store, work, read_only))
    except (RuntimeError, errors.StatusError) as error:
        raise RunFailed(_why_closed(store, work, error)) from error


def _why_closed(store: SqliteStore | MysqlStore, work: WorkDir, error: BaseException) -> str:
    """Returns why ML Metadata cannot open a store, which what it raised seldom tells."""
    if trouble := _trouble(store, work):
        return trouble
    if isinstance(store, MysqlStore) and "mysql_real_connect" in str(error):
        return login_method(store)
    return f"ML Metadata cannot open {_name(store, work)}: {reason(error)}"


def lost_store(work: WorkDir) -> str | None:
    """Returns why a run cannot be written down any more, None if it can be."""
    trouble = _trouble(noted_store(work), work)
    return trouble and f"{trouble}. What is done is kept: when it is back, run the same again"


def _key(store: SqliteStore | MysqlStore) -> object:
    return store.kind if isinstance(store, SqliteStore) else (store.address, store.database)


def _trouble(store: SqliteStore | MysqlStore, work: WorkDir) -> str | None:
    if isinstance(store, SqliteStore):
        return sqlite_trouble(work.metadata)
    return mysql_trouble(store, _password(store))


def _password(store: MysqlStore) -> str:
    if password := os.environ.get(store.password_env):
        return password
    raise Misuse(
        f"the environment variable {store.password_env}, which the config's metadata.password_env "
        f"names, is not set: export it as the password of {store.user!r} on {store.address}"
    )


def _claim(opened: MetadataStore, store: MysqlStore, work: WorkDir, pipeline_name: str) -> None:
    """Notes in a database whose a pipeline is; raises Misuse if it is another work directory's."""
    kind = opened.put_context_type(metadata_store_pb2.ContextType(name=_OWNER))
    ours = metadata_store_pb2.Context(type_id=kind, name=pipeline_name)
    ours.custom_properties[_ROOT].string_value = str(work.root)
    try:
        opened.put_contexts([ours])
    except errors.AlreadyExistsError:
        found = opened.get_context_by_type_and_name(_OWNER, pipeline_name)
        owner = Path(found.custom_properties[_ROOT].string_value)
        if owner != work.root:
            raise Misuse(
                f"in {_name(store, work)} the pipeline {pipeline_name!r} is of the work directory "
                f"{owner}. Received: {work.root}. Give this one another `name`, or another "
                "metadata.database"
            ) from None
