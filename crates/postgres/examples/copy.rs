//! Times what the crate alone does of a query: the bytes of a binary COPY, and its columns.
//!
//! ```text
//! cargo run --release -p nightloom-postgres --example copy -- postgres:///shop 'SELECT * FROM order_lines'
//! ```

use std::{collections::BTreeSet, time::Instant};

use nightloom_postgres::{Error, Read, Server, Session, Source};

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let (url, query) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let session = Session::open(&Server::new(&url)?)?;
    let selected = session.select(&Source { read: Read::Query(query), cents: BTreeSet::new(), changed: None })?;
    let begun = Instant::now();
    let mut reader = session.read(&selected)?;
    let mut rows = 0;
    loop {
        let (batch, has_more) = reader.next(1 << 18, usize::MAX, &mut |_| Ok(()))?;
        rows += batch.rows;
        if !has_more {
            break;
        }
    }
    println!("{rows} rows in {:.2} s", begun.elapsed().as_secs_f64());
    Ok(())
}
