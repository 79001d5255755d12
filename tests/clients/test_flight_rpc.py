"""Arrow's C++ client, which ODBC is built on: login by handshake, actions, and GetSchema."""

import pyarrow
import pyarrow.flight
import pytest

from conftest import PASSWORD, USER


def field(number, value):
    """One length-delimited field of a protobuf message, short enough for two bytes of length."""
    length = len(value)
    size = bytes([length]) if length < 128 else bytes([length & 0x7F | 0x80, length >> 7])
    return bytes([number << 3 | 2]) + size + value


def command(name, message=b""):
    url = f"type.googleapis.com/arrow.flight.protocol.sql.{name}"
    return field(1, url.encode()) + field(2, message)


@pytest.fixture
def client(server):
    client = pyarrow.flight.connect(server.uri)
    header = client.authenticate_basic_token(USER, PASSWORD)
    yield client, pyarrow.flight.FlightCallOptions(headers=[header])
    client.close()


def test_without_a_login_nothing(server):
    with pyarrow.flight.connect(server.uri) as client:
        with pytest.raises(pyarrow.flight.FlightUnauthenticatedError):
            client.list_actions()
        with pytest.raises(pyarrow.flight.FlightUnauthenticatedError):
            client.authenticate_basic_token(USER, "fel")


def test_actions_are_listed_and_answered(client):
    client, options = client
    names = {action.type for action in client.list_actions(options)}
    assert {"CreatePreparedStatement", "ClosePreparedStatement", "CancelFlightInfo", "CloseSession"} <= names
    with pytest.raises(pyarrow.lib.ArrowNotImplementedError, match="SAMSYN-7015"):
        list(client.do_action(pyarrow.flight.Action("BeginTransaction", command("ActionBeginTransactionRequest")), options))


def test_every_way_to_ask_gives_one_schema(client):
    client, options = client
    query = field(1, "SELECT 'å' AS text, 1 AS number, now() AS moment".encode())
    descriptor = pyarrow.flight.FlightDescriptor.for_command(command("CommandStatementQuery", query))
    info = client.get_flight_info(descriptor, options)
    assert [len(info.endpoints), info.endpoints[0].locations] == [1, []]
    schema = client.get_schema(descriptor, options).schema
    assert info.schema.equals(schema, check_metadata=True)
    table = client.do_get(info.endpoints[0].ticket, options).read_all()
    assert table.schema.equals(schema, check_metadata=True)
    assert table["text"].to_pylist() == ["å"]


def test_metadata_has_the_exact_schemas_of_the_protocol(client):
    client, options = client
    text = pyarrow.string()
    for name, expected in [
        ("CommandGetCatalogs", [("catalog_name", text, False)]),
        ("CommandGetDbSchemas", [("catalog_name", text, True), ("db_schema_name", text, False)]),
        (
            "CommandGetTables",
            [
                ("catalog_name", text, True),
                ("db_schema_name", text, True),
                ("table_name", text, False),
                ("table_type", text, False),
            ],
        ),
        ("CommandGetTableTypes", [("table_type", text, False)]),
    ]:
        descriptor = pyarrow.flight.FlightDescriptor.for_command(command(name))
        info = client.get_flight_info(descriptor, options)
        table = client.do_get(info.endpoints[0].ticket, options).read_all()
        fields = [(f.name, f.type, f.nullable) for f in table.schema]
        assert fields == expected and info.schema == table.schema, name
