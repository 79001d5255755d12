"""A demo lake, and servers over it, made by the samsyn binary in SAMSYN_BIN."""

import hashlib
import os
import pathlib
import socket
import subprocess
import time

import adbc_driver_flightsql
import adbc_driver_flightsql.dbapi
import argon2
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
USER, PASSWORD = "anna", "lösen:ord med åäö"
ENGINEER = "bo"


def samsyn():
    found = os.environ.get("SAMSYN_BIN")
    assert found, "set SAMSYN_BIN to the samsyn binary, or start with tests/clients/run"
    return found


@pytest.fixture(scope="session")
def lake(tmp_path_factory):
    """Path of a lake that the default pipelines made; SAMSYN_TEST_LAKE names one that is there already."""
    ready = os.environ.get("SAMSYN_TEST_LAKE")
    if ready:
        return pathlib.Path(ready)
    path = tmp_path_factory.mktemp("samsyn") / "lake"
    done = subprocess.run(
        [samsyn(), "--lake", str(path), "run"], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return path


class Server:
    """A running `samsyn serve`."""

    def __init__(self, lake, log, *arguments):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"grpc://127.0.0.1:{self.port}"
        self.log = log
        with open(log, "w") as out:
            self.process = subprocess.Popen(
                [samsyn(), "--lake", str(lake), "serve", "--listen", f"127.0.0.1:{self.port}", *arguments],
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 30
        while True:
            assert self.process.poll() is None, log.read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)

    def connect(self, user=None, password=None, token=None):
        options = {}
        if user:
            options = {"username": user, "password": password}
        if token:
            key = adbc_driver_flightsql.DatabaseOptions.AUTHORIZATION_HEADER.value
            options = {key: f"Bearer {token}"}
        return adbc_driver_flightsql.dbapi.connect(self.uri, db_kwargs=options, autocommit=True)

    def stop(self):
        """Asks the server to stop, and returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@pytest.fixture(scope="session")
def users(tmp_path_factory):
    """A user file: a reader and an engineer with the same password, and a robot with a token."""
    hashed = argon2.PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
    token = hashlib.sha256(b"robot").hexdigest()
    path = tmp_path_factory.mktemp("users") / "users.yaml"
    path.write_text(
        "users:\n"
        f"  - {{name: {USER}, role: reader, password_hash: '{hashed}'}}\n"
        f"  - {{name: {ENGINEER}, role: engineer, password_hash: '{hashed}'}}\n"
        f"  - {{name: robot, role: reader, token_sha256: {token}}}\n"
    )
    return path


@pytest.fixture(scope="session")
def server(lake, users, tmp_path_factory):
    """A server that asks for a login."""
    server = Server(lake, tmp_path_factory.mktemp("log") / "server.log", "--users", str(users))
    yield server
    server.stop()


@pytest.fixture
def connection(server):
    """A reader's connection, by user name and password."""
    with server.connect(USER, PASSWORD) as connection:
        yield connection


def tables(connection, catalog="samsyn"):
    """What `adbc_get_objects` lists: {(schema, table): [columns]} of one catalog."""
    listing = connection.adbc_get_objects(depth="all", catalog_filter=catalog).read_all().to_pylist()
    return {
        (schema["db_schema_name"], table["table_name"]): [c["column_name"] for c in table["table_columns"]]
        for entry in listing
        if entry["catalog_name"] == catalog
        for schema in entry["catalog_db_schemas"]
        for table in schema["db_schema_tables"]
    }


@pytest.fixture
def published(connection):
    """The tables of `pub`: {name: [columns]}."""
    found = {name: columns for (schema, name), columns in tables(connection).items() if schema == "pub"}
    assert found, "the demo publishes something"
    return found
