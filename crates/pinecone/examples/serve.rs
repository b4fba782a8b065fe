//! An index on a port of this machine, for trying clients against the documented limits: it ends with standard input.
//!
//! ```text
//! cargo run --release -p nightloom-pinecone --features testing --example serve -- 3
//! ```
//! The argument is the dimension; without it the index is one of sparse vectors. It takes the key `pc-test-key`.

use std::io::{self, Read, Write};

use nightloom_pinecone::testing::{FakeIndex, KEY, Kind};

fn main() -> io::Result<()> {
    let dimension = std::env::args().nth(1).and_then(|number| number.parse().ok());
    let stub = FakeIndex::new(Kind { dimension, delay: 2 }).serve();
    writeln!(io::stdout(), "{} {KEY}", stub.url())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
