//! Rows of wide files, of which most cells are blank.

use std::{
    fmt::Display,
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

/// A file of rows with the columns of a header.
pub struct Table {
    out: BufWriter<File>,
    separator: u8,
    is_latin: bool,
    columns: usize,
    rows: u64,
    /// The cells of the row in hand that are not blank: column and text.
    row: Vec<u8>,
    at: usize,
}

/// The place of a column in a header; the program does not compile without it.
pub const fn column<const N: usize>(header: &[&str; N], name: &str) -> usize {
    let mut place = 0;
    while place < N {
        if is_same(header[place].as_bytes(), name.as_bytes()) {
            return place;
        }
        place += 1;
    }
    panic!("no such column")
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

impl Table {
    /// Begins a file in UTF-8 with commas.
    pub fn create(path: &Path, header: &[&str]) -> io::Result<Self> {
        Self::begin(path, header, b',', false)
    }

    /// Begins a file in Latin-1 with semicolons.
    pub fn create_latin(path: &Path, header: &[&str]) -> io::Result<Self> {
        Self::begin(path, header, b';', true)
    }

    fn begin(path: &Path, header: &[&str], separator: u8, is_latin: bool) -> io::Result<Self> {
        let out = BufWriter::with_capacity(1 << 20, File::create_new(path)?);
        let mut table =
            Self { out, separator, is_latin, columns: header.len(), rows: 0, row: Vec::with_capacity(1 << 10), at: 0 };
        for (place, name) in header.iter().enumerate() {
            table.set(place, name)?;
        }
        table.end_row()?;
        table.rows = 0;
        Ok(table)
    }

    /// Writes a cell; the columns of a row come in order, and what is left out is blank. No text holds quotes or separators.
    pub fn set(&mut self, column: usize, text: impl Display) -> io::Result<()> {
        self.blank_up_to(column);
        if self.is_latin {
            self.row.extend(text.to_string().chars().map(|letter| u8::try_from(letter).unwrap_or(b'?')));
            return Ok(());
        }
        write!(self.row, "{text}")
    }

    /// Writes a cell if there is something to say.
    pub fn set_if(&mut self, column: usize, text: Option<impl Display>) -> io::Result<()> {
        text.map_or(Ok(()), |text| self.set(column, text))
    }

    fn blank_up_to(&mut self, column: usize) {
        self.row.extend(std::iter::repeat_n(self.separator, column - self.at));
        self.at = column;
    }

    /// Ends the row.
    pub fn end_row(&mut self) -> io::Result<()> {
        self.blank_up_to(self.columns - 1);
        self.row.push(b'\n');
        self.out.write_all(&self.row)?;
        self.row.clear();
        (self.at, self.rows) = (0, self.rows + 1);
        Ok(())
    }

    /// The rows below the header.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes what is held back.
    pub fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_blank() {
        let folder = tempfile::tempdir().expect("a folder");
        let header = ["a", "é", "c"];
        assert_eq!(column(&header, "c"), 2);
        let (plain, latin) = (folder.path().join("plain.csv"), folder.path().join("latin.csv"));
        for mut table in [Table::create(&plain, &header).unwrap(), Table::create_latin(&latin, &header).unwrap()] {
            table.set(1, "ñ").unwrap();
            table.end_row().unwrap();
            table.set_if(0, Some(7)).unwrap();
            table.set_if(1, None::<u8>).unwrap();
            table.end_row().unwrap();
            assert_eq!(table.rows(), 2);
            table.finish().unwrap();
        }
        assert_eq!(std::fs::read(plain).unwrap(), "a,é,c\n,ñ,\n7,,\n".as_bytes());
        assert_eq!(std::fs::read(latin).unwrap(), b"a;\xe9;c\n;\xf1;\n7;;\n");
    }
}
