//! Connections to an index: SQLite with the vector extension.

use std::{
    ffi::{c_char, c_int},
    path::Path,
    ptr,
    time::Duration,
};

use rusqlite::{Connection, ffi};

use super::super::{
    IoError,
    sqlite::{open_to_read, open_to_write},
};

/// How an extension is entered that is part of the program.
type Entry = unsafe extern "C" fn(*mut ffi::sqlite3, *mut *mut c_char, *const ffi::sqlite3_api_routines) -> c_int;

/// A connection that cannot change the index.
///
/// # Errors
/// [`IoError::Missing`] when it is not there; when it is locked or no database.
pub fn open_index(path: &Path, busy_timeout: Duration) -> Result<Connection, IoError> {
    let connection = open_to_read(path, busy_timeout)?;
    add_vectors(&connection).map_err(|error| IoError::sqlite(path, "cannot use vectors", busy_timeout, error))?;
    Ok(connection)
}

/// A connection that may change the index, and makes the file if it is missing.
///
/// # Errors
/// When it is locked, cannot be written, or is no database.
pub fn open_index_to_write(path: &Path, busy_timeout: Duration) -> Result<Connection, IoError> {
    let connection = open_to_write(path, busy_timeout)?;
    add_vectors(&connection).map_err(|error| IoError::sqlite(path, "cannot use vectors", busy_timeout, error))?;
    Ok(connection)
}

/// Makes `vec0` known to a connection.
pub fn add_vectors(connection: &Connection) -> rusqlite::Result<()> {
    // SAFETY: the function is the entry point of the extension, which is compiled into the program: its type is that of
    // every entry point, and it asks for no table of routines then. The handle is open as long as the connection is.
    let code = unsafe {
        let entry = std::mem::transmute::<*const (), Entry>(sqlite_vec::sqlite3_vec_init as *const ());
        entry(connection.handle(), ptr::null_mut(), ptr::null())
    };
    match code {
        ffi::SQLITE_OK => Ok(()),
        code => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)),
    }
}
