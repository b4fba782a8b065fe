//! Rows of a test, and a proxy that can cut connections.

use std::{
    io::{Read, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use nightloom_postgres::{
    Applied, Cells, Control, DatasetColumn, Kind, Mode, Pair, Put, Result, Rows, Server, TableSink, Write, apply,
    put_int, put_text,
};

/// A key, a number and a text a row.
#[derive(Clone, Debug, Default)]
pub struct Table(pub Vec<Row>);

/// A key, a number, a text.
pub type Row = (Option<i64>, Option<i64>, Option<String>);

impl Table {
    pub fn of(rows: &[(i64, i64, &str)]) -> Self {
        Self(rows.iter().map(|(id, n, text)| (Some(*id), Some(*n), Some((*text).to_owned()))).collect())
    }
}

enum Cell<'a> {
    Id(&'a Table),
    Number(&'a Table),
    Text(&'a Table),
}

impl Cells for Cell<'_> {
    fn put(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Self::Id(table) => put_int(table.0[row].0, out),
            Self::Number(table) => put_int(table.0[row].1, out),
            Self::Text(table) => put_text(table.0[row].2.as_deref(), out),
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Id(table) => table.0[row].0.is_none(),
            Self::Number(table) => table.0[row].1.is_none(),
            Self::Text(table) => table.0[row].2.is_none(),
        }
    }
}

pub fn columns() -> Vec<DatasetColumn> {
    let column = |name: &str, kind| DatasetColumn { name: name.to_owned(), kind: Some(kind) };
    vec![column("id", Kind::Int), column("n", Kind::Int), column("x", Kind::Text)]
}

impl Rows for Table {
    fn columns(&self) -> Result<Vec<DatasetColumn>> {
        Ok(columns())
    }

    fn each(&self, names: &[&str], put: &mut Put<'_>) -> Result<()> {
        let cell = |name: &&str| -> Box<dyn Cells + '_> {
            Box::new(match *name {
                "id" => Cell::Id(self),
                "n" => Cell::Number(self),
                _ => Cell::Text(self),
            })
        };
        let cells: Vec<_> = names.iter().map(cell).collect();
        put(self.0.len(), &cells)
    }
}

pub fn sink(table: &str, mode: Mode) -> TableSink {
    let keys =
        if mode.takes_keys() { vec![Pair { table: "id".to_owned(), dataset: "id".to_owned() }] } else { Vec::new() };
    TableSink {
        table: table.to_owned(),
        mode,
        keys,
        columns: None,
        add_columns: false,
        insert_only: Vec::new(),
        definition: None,
    }
}

/// Writes `rows` as the batch `batch` of the run `run`.
pub fn write(server: &Server, sink: &TableSink, batch: &str, rows: &dyn Rows) -> Result<Applied> {
    write_watched(server, sink, batch, rows, &|_| ())
}

/// The same, with `fail` told where it is.
pub fn write_watched(
    server: &Server,
    sink: &TableSink,
    batch: &str,
    rows: &dyn Rows,
    fail: &dyn Fn(&str),
) -> Result<Applied> {
    let writes = [Write { work: sink, owner: "night.sink", batch, run_id: "run", rows, again: false }];
    let shops = ["shop".to_owned()];
    let control =
        Control { ready: &|| Ok(()), fail, step: &|_| Ok(()), patience: Duration::from_secs(20), shops: &shops };
    apply(server, &writes, &control)
}

/// Hands bytes on between a port and a server's socket, and cuts both ways after so many bytes to the server.
pub struct Proxy {
    pub port: u16,
    /// Bytes that are handed on until the next cut.
    pub left: Arc<AtomicI64>,
}

impl Proxy {
    pub fn before(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let shared = left.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = UnixStream::connect(socket.join(".s.PGSQL.5432")) else { continue };
                serve(client, server, shared.clone());
            }
        });
        Self { port, left }
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://nightloom@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

fn serve(client: TcpStream, server: UnixStream, left: Arc<AtomicI64>) {
    let (mut from_client, mut to_client) = (client.try_clone().unwrap(), client);
    let (mut from_server, mut to_server) = (server.try_clone().unwrap(), server);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(std::net::Shutdown::Both);
    });
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from_client.read(&mut buffer) {
            let count_of = i64::try_from(count).unwrap();
            if left.fetch_sub(count_of, Ordering::SeqCst) < count_of {
                left.store(i64::MAX, Ordering::SeqCst);
                break;
            }
            if to_server.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to_server.shutdown(std::net::Shutdown::Both);
        let _ = from_client.shutdown(std::net::Shutdown::Both);
    });
}
