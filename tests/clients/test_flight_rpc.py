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


class Bearer(pyarrow.flight.ClientAuthHandler):
    """A handshake without a payload: JDBC and ODBC send one even when they have a token already."""

    def authenticate(self, outgoing, incoming):
        outgoing.write(b"")
        incoming.read()

    def get_token(self):
        return b""


def messages(body):
    """The length-delimited fields of a protobuf message: {number: value}."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(body):
        key = varint()
        size = varint()
        if key & 7 == 2:
            found[key >> 3] = body[at : at + size]
            at += size
    return found


def test_as_a_jdbc_driver_with_a_token(server, published):
    """Handshake with the token, metadata without a catalog, and every statement prepared."""
    with pyarrow.flight.connect(server.uri) as client:
        token = (b"authorization", b"Bearer robot")
        # parameters of the address that the server does not know come as headers
        options = pyarrow.flight.FlightCallOptions(headers=[token, (b"usesystemtruststore", b"true")])
        client.authenticate(Bearer(), options)
        wrong = pyarrow.flight.FlightCallOptions(headers=[(b"authorization", b"Bearer fel")])
        with pytest.raises(pyarrow.flight.FlightUnauthenticatedError):
            client.authenticate(Bearer(), wrong)

        def read(descriptor_or_info):
            info = descriptor_or_info
            if isinstance(info, pyarrow.flight.FlightDescriptor):
                info = client.get_flight_info(info, options)
            table = client.do_get(info.endpoints[0].ticket, options).read_all()
            assert info.schema == table.schema
            return table

        describe = pyarrow.flight.FlightDescriptor.for_command
        facts = read(describe(command("CommandGetSqlInfo")))
        assert {0, 1, 2, 3, 8, 504, 526} <= set(facts["info_name"].to_pylist())
        # null catalog, both patterns, the type that tools on JDBC filter by, and the schemas
        wanted = field(2, b"pub") + field(3, b"%") + field(4, b"TABLE") + bytes([5 << 3, 1])
        listed = read(describe(command("CommandGetTables", wanted)))
        assert set(listed["table_name"].to_pylist()) == set(published)
        assert set(listed["catalog_name"].to_pylist()) == {"samsyn"}
        table = listed["table_name"][0].as_py()
        columns = pyarrow.ipc.read_schema(pyarrow.py_buffer(listed["table_schema"][0].as_py()))
        assert columns.names == published[table]

        def act(name, body):
            results = client.do_action(pyarrow.flight.Action(name, body), options)
            return [result.body.to_pybytes() for result in results]

        def prepare(sql):
            body = command("ActionCreatePreparedStatementRequest", field(1, sql.encode()))
            (answer,) = act("CreatePreparedStatement", body)
            return messages(messages(answer)[2])

        text = next(f.name for f in columns if pyarrow.types.is_string(f.type))
        made = prepare(f'SELECT *, ? AS mark FROM pub.{table} WHERE "{text}" <> ?')
        promised = pyarrow.ipc.read_schema(pyarrow.py_buffer(made[2]))
        assert promised.names == [*columns.names, "mark"]
        assert [(f.name, f.type) for f in promised][:-1] == [(f.name, f.type) for f in columns]
        parameters = pyarrow.ipc.read_schema(pyarrow.py_buffer(made[3]))
        assert [f.type for f in parameters] == [pyarrow.string(), pyarrow.string()]
        statement = command("CommandPreparedStatementQuery", field(1, made[1]))
        for mark in ["a", "b"]:
            bound = pyarrow.record_batch([[mark], ["finns inte"]], schema=parameters)
            writer, answers = client.do_put(describe(statement), bound.schema, options)
            writer.write_batch(bound)
            writer.done_writing()
            handle = messages(answers.read().to_pybytes())[1]
            writer.close()
            assert handle == made[1]
            rows = read(describe(statement))
            assert rows.num_rows > 0 and set(rows["mark"].to_pylist()) == {mark}
        act("ClosePreparedStatement", command("ActionClosePreparedStatementRequest", field(1, made[1])))
        with pytest.raises(KeyError):
            client.get_flight_info(describe(statement), options)
        # an update is refused when it is prepared: a driver could else take it for done
        with pytest.raises(pyarrow.flight.FlightUnauthorizedError, match="SAMSYN-2110"):
            prepare(f"DELETE FROM pub.{table}")


def test_keys_and_types_have_the_schemas_that_odbc_reads(client, published):
    client, options = client
    for name, message, columns in [
        ("CommandGetPrimaryKeys", field(3, sorted(published)[0].encode()), 6),
        ("CommandGetExportedKeys", field(3, b"x"), 13),
        ("CommandGetImportedKeys", field(3, b"x"), 13),
        ("CommandGetCrossReference", field(3, b"x") + field(6, b"y"), 13),
        ("CommandGetXdbcTypeInfo", b"", 19),
    ]:
        descriptor = pyarrow.flight.FlightDescriptor.for_command(command(name, message))
        info = client.get_flight_info(descriptor, options)
        table = client.do_get(info.endpoints[0].ticket, options).read_all()
        assert (len(table.schema), info.schema) == (columns, table.schema), name
