"""Where ML Metadata keeps what runs did: `metadata` in the config, one class a kind."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic
import pydantic_core

from schemas.strict import Strict

_REFUSED = {
    "postgresql": "ML Metadata writes invalid SQL to PostgreSQL for a text with a backslash in it, "
    "at the Evaluator at the latest, and nobody has mended it. Take `mysql` (MariaDB or MySQL), or "
    "`sqlite`",
    "mariadb": "MariaDB and MySQL speak one language, and the kind of both is `mysql`",
}
_SAME = {"postgres": "postgresql", "pg": "postgresql"}
_Name = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_.$-]+$", max_length=80)]


class SqliteStore(Strict):
    """A file in the work directory: `metadata.sqlite`."""

    kind: Literal["sqlite"] = "sqlite"


class Tls(Strict):
    """How a connection is encrypted, and who is on its ends.

    ML Metadata's client encrypts and does not look at the server's certificate: it is looked at,
    its name included, before a run.

    Attributes:
        ca: the file with the certificates that vouch for the server's.
        cert: the file with this side's certificate, where the server asks for one.
        key: the file with its key.
    """

    ca: str
    cert: str | None = None
    key: str | None = None

    @pydantic.field_validator("ca", "cert", "key")
    @classmethod
    def _from_anywhere(cls, file: str | None) -> str | None:
        if file is not None and not file.startswith("/"):
            raise ValueError(
                "a file is named from the root on, as in /etc/ssl/certs/ca.pem: commands that read "
                f"the runs may start anywhere. Received: {file!r}"
            )
        return file

    @pydantic.model_validator(mode="after")
    def _has_both_or_neither(self) -> "Tls":
        if (self.cert is None) != (self.key is None):
            raise ValueError("a certificate and its key go together: give `cert` and `key`")
        return self


class MysqlStore(Strict):
    """A database on a server of MariaDB or MySQL.

    Attributes:
        host: name or address of the server; `localhost` is 127.0.0.1, never a socket's file.
        port: of the server.
        database: which is there already; several pipelines may share it.
        user: who has all rights on it.
        password_env: the environment variable that has the password, which no config has.
        tls: how the connection is encrypted; it is not if absent.
    """

    kind: Literal["mysql"]
    host: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_.:-]+$")]
    port: Annotated[int, pydantic.Field(ge=1, lt=2**16)] = 3306
    database: _Name
    user: _Name
    password_env: str = "FUNNELRANK_MYSQL_PASSWORD"
    tls: Tls | None = None

    @pydantic.field_validator("host")
    @classmethod
    def _by_the_port(cls, host: str) -> str:
        # Clients of MySQL take `localhost` for the file of a socket, whatever the port.
        return "127.0.0.1" if host == "localhost" else host

    @pydantic.field_validator("password_env")
    @classmethod
    def _names_a_variable(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError(
                "it is the name of an environment variable: letters, digits and underscores. "
                "What was received is not repeated, as it may be the password itself"
            )
        return name

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


def _known(given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    if "password" in given:  # its value is told to nobody
        raise pydantic_core.PydanticCustomError(
            "rule",
            "a config has no password: export it as the environment variable "
            "FUNNELRANK_MYSQL_PASSWORD, or as another that `password_env` names",
            {"keys": ("password",)},
        )
    kind = str(given.get("kind")).lower()
    if reason := _REFUSED.get(_SAME.get(kind, kind)):
        raise ValueError(f"{reason}. Received: kind: {given['kind']}")
    return given


MetadataStore = Annotated[
    SqliteStore | MysqlStore,
    pydantic.Field(discriminator="kind"),
    pydantic.BeforeValidator(_known),
]
