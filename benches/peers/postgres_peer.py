"""Reads and writes a PostgreSQL server the usual ways: connectorx, psycopg, SQLAlchemy. Prints seconds, one run."""

import json
import sys
import time

what, url, query = sys.argv[1:4]


def timed(work):
    begun = time.perf_counter()
    rows = work()
    print(json.dumps({"seconds": time.perf_counter() - begun, "rows": rows}))


if what == "connectorx":
    import connectorx

    timed(lambda: connectorx.read_sql(url, query, return_type="arrow").num_rows)
elif what == "psycopg":
    import polars
    import psycopg

    def read():
        with psycopg.connect(url) as connection:
            cursor = connection.execute(query)
            names = [column.name for column in cursor.description]
            return polars.DataFrame(cursor.fetchall(), schema=names, orient="row").height

    timed(read)
elif what == "sqlalchemy":
    import polars
    import sqlalchemy
    from sqlalchemy.dialects.postgresql import insert

    rows = polars.read_parquet(query).to_dicts()
    engine = sqlalchemy.create_engine(url.replace("postgres://", "postgresql+psycopg://"))
    table = sqlalchemy.Table("lines", sqlalchemy.MetaData(), autoload_with=engine)

    def write():
        statement = insert(table)
        new = {column.name: column for column in statement.excluded if column.name not in ("order_id", "line")}
        statement = statement.on_conflict_do_update(index_elements=["order_id", "line"], set_=new)
        with engine.begin() as connection:
            connection.execute(statement, rows)
        return len(rows)

    timed(write)
elif what == "version":
    import importlib.metadata

    names = ["connectorx", "psycopg", "SQLAlchemy", "polars"]
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in names))
