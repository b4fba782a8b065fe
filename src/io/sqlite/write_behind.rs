//! A layer over SQLite's file system that puts small writes off: neighbouring pages become one write, and a rollback
//! journal is written by a thread of its own while the transaction goes on.
//!
//! SQLite writes a page of a journal in three pieces and every page of a database by itself, each a system call: a night
//! that changes all rows of a table spends a third of its write there. What SQLite relies on stays: before a file is
//! synced, read where it was written, truncated, unlocked or closed, the system has all that was written, in order, and
//! an error of a write that was put off is returned by the call that waits for it. Between two syncs SQLite expects
//! nothing of a file, be the process killed or the power lost; so connections must sync (`PRAGMA synchronous = FULL`).

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    mem, ptr, slice,
    sync::{
        OnceLock,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
};

use rusqlite::ffi::{
    SQLITE_IOERR, SQLITE_IOERR_WRITE, SQLITE_OK, SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_MAIN_JOURNAL, sqlite3_file,
    sqlite3_int64, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find, sqlite3_vfs_register,
};

/// The name to open a connection with, once the layer is registered.
const NAME: &CStr = c"nightloom-write-behind";

/// Bytes gathered before they are written; SQLite writes to no file more than 0x1ffff at a time.
const GATHERED: usize = 1 << 16;

/// Gathered writes that may wait for the thread.
const WAITING: usize = 64;

/// SQLite's own file system and its name in it.
struct System(*mut sqlite3_vfs);

// SAFETY: SQLite's file systems live as long as the process and may be used from any thread.
unsafe impl Send for System {}
// SAFETY: as above.
unsafe impl Sync for System {}

static SYSTEM: OnceLock<Option<System>> = OnceLock::new();

/// The layer's name, to open a connection with; `None` where there is no file system to put it on.
pub(super) fn name() -> Option<&'static CStr> {
    SYSTEM.get_or_init(register).as_ref().map(|_| NAME)
}

fn register() -> Option<System> {
    // SAFETY: null asks for the default file system. The layer is a copy of it under another name, with larger files that
    // are opened otherwise, and is never freed.
    unsafe {
        let system = sqlite3_vfs_find(ptr::null());
        let layer = sqlite3_vfs {
            zName: NAME.as_ptr(),
            pNext: ptr::null_mut(),
            szOsFile: system.as_ref()?.szOsFile + c_int::try_from(HEAD).ok()?,
            xOpen: Some(open),
            ..*system
        };
        let code = sqlite3_vfs_register(Box::leak(Box::new(layer)), 0);
        (code == SQLITE_OK).then_some(System(system))
    }
}

/// A file of this layer. The system's file lies behind it.
#[repr(C)]
struct File {
    methods: *const sqlite3_io_methods,
    writes: *mut Writes,
}

/// Where the system's file begins.
const HEAD: usize = mem::size_of::<File>().next_multiple_of(16);

/// Opens a database or its journal in this layer, and all other files as the system does.
unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    path: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    opened: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives room for a file of the size that the layer asked for, and valid arguments.
    unsafe {
        let Some(Some(System(system))) = SYSTEM.get() else { return SQLITE_IOERR };
        let Some(open) = (**system).xOpen else { return SQLITE_IOERR };
        if flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL) == 0 {
            return open(*system, path, file, flags, opened);
        }
        (*file).pMethods = ptr::null();
        let below = Below(file.byte_add(HEAD));
        let code = open(*system, path, below.0, flags, opened);
        if code == SQLITE_OK {
            let by_thread = flags & SQLITE_OPEN_MAIN_JOURNAL != 0;
            let writes = Box::into_raw(Box::new(Writes::new(below, by_thread)));
            file.cast::<File>().write(File { methods: &raw const METHODS, writes });
        }
        code
    }
}

/// The system's file. SQLite's thread does not touch it while the layer's has writes to do.
#[derive(Clone, Copy)]
struct Below(*mut sqlite3_file);

// SAFETY: see above; SQLite's files may be used by one thread after the other.
unsafe impl Send for Below {}

impl Below {
    fn write(self, bytes: &[u8], at: sqlite3_int64) -> c_int {
        let Ok(length) = c_int::try_from(bytes.len()) else { return SQLITE_IOERR_WRITE };
        // SAFETY: the file is open, and the bytes are there.
        unsafe {
            let Some(write) = (*(*self.0).pMethods).xWrite else { return SQLITE_IOERR_WRITE };
            write(self.0, bytes.as_ptr().cast(), length, at)
        }
    }
}

/// The writes to a file that were put off.
struct Writes {
    start: sqlite3_int64,
    gathered: Vec<u8>,
    below: Below,
    writer: Option<Writer>,
}

impl Writes {
    fn new(below: Below, by_thread: bool) -> Self {
        let writer = if by_thread { Writer::start(below) } else { None };
        Self { start: 0, gathered: Vec::new(), below, writer }
    }

    fn end(&self) -> sqlite3_int64 {
        self.start + self.gathered.len() as sqlite3_int64
    }

    fn write(&mut self, bytes: &[u8], at: sqlite3_int64) -> c_int {
        if at != self.end() || self.gathered.len() + bytes.len() > GATHERED {
            let code = self.pass_on();
            if code != SQLITE_OK {
                return code;
            }
            self.start = at;
        }
        self.gathered.extend_from_slice(bytes);
        SQLITE_OK
    }

    fn pass_on(&mut self) -> c_int {
        if self.gathered.is_empty() {
            return SQLITE_OK;
        }
        let code = match &mut self.writer {
            None => self.below.write(&self.gathered, self.start),
            Some(writer) => writer.take(&mut self.gathered, self.start),
        };
        self.gathered.clear();
        code
    }

    /// Waits until the system has everything.
    fn settle(&mut self) -> c_int {
        let code = self.pass_on();
        let waited = self.writer.as_mut().map_or(SQLITE_OK, Writer::wait);
        if code == SQLITE_OK { waited } else { code }
    }
}

/// A thread that writes.
struct Writer {
    orders: SyncSender<Order>,
    answers: Receiver<c_int>,
    spare: Receiver<Vec<u8>>,
    is_busy: bool,
}

enum Order {
    Write(Vec<u8>, sqlite3_int64),
    Answer,
}

impl Writer {
    fn start(below: Below) -> Option<Self> {
        let (orders, ordered) = sync_channel(WAITING);
        let (answer, answers) = channel();
        let (back, spare) = channel();
        let work = move || work(below, &ordered, &answer, &back);
        thread::Builder::new().name("sqlite journal".to_owned()).spawn(work).ok()?;
        Some(Self { orders, answers, spare, is_busy: false })
    }

    /// Orders a write, and leaves an empty buffer in place of what is to be written.
    fn take(&mut self, bytes: &mut Vec<u8>, at: sqlite3_int64) -> c_int {
        self.is_busy = true;
        let empty = self.spare.try_recv().unwrap_or_else(|_| Vec::with_capacity(GATHERED));
        let order = Order::Write(mem::replace(bytes, empty), at);
        self.orders.send(order).map_or(SQLITE_IOERR_WRITE, |()| SQLITE_OK)
    }

    /// Waits for what was ordered; the first error of it.
    fn wait(&mut self) -> c_int {
        if !mem::take(&mut self.is_busy) {
            return SQLITE_OK;
        }
        match self.orders.send(Order::Answer) {
            Ok(()) => self.answers.recv().unwrap_or(SQLITE_IOERR_WRITE),
            Err(_) => SQLITE_IOERR_WRITE,
        }
    }
}

/// The thread's work; it ends when the file is closed. After an error nothing is written until somebody has heard of it.
fn work(below: Below, orders: &Receiver<Order>, answer: &Sender<c_int>, back: &Sender<Vec<u8>>) {
    let mut code = SQLITE_OK;
    while let Ok(order) = orders.recv() {
        match order {
            Order::Write(mut bytes, at) => {
                if code == SQLITE_OK {
                    code = below.write(&bytes, at);
                }
                bytes.clear();
                let _ = back.send(bytes);
            }
            Order::Answer => {
                let _ = answer.send(mem::replace(&mut code, SQLITE_OK));
            }
        }
    }
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // Not 3: pages that are mapped into memory would pass by the writes that wait.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// The writes put off, the system's file and its functions.
///
/// # Safety
/// `file` must have been opened by [`open`].
unsafe fn parts<'a>(file: *mut sqlite3_file) -> (&'a mut Writes, *mut sqlite3_file, &'a sqlite3_io_methods) {
    // SAFETY: `open` put them there, and SQLite calls one function of a file at a time.
    unsafe {
        let writes = &mut *(*file.cast::<File>()).writes;
        let below = writes.below.0;
        (writes, below, &*(*below).pMethods)
    }
}

/// Functions of the system's file, called when it has all that was written.
macro_rules! settled {
    ($($name:ident = $method:ident($($argument:ident: $kind:ty),*);)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($argument: $kind),*) -> c_int {
            // SAFETY: SQLite calls it with a file of this layer, and with arguments that the system's function takes.
            unsafe {
                let (writes, below, methods) = parts(file);
                match (writes.settle(), methods.$method) {
                    (SQLITE_OK, Some(call)) => call(below, $($argument),*),
                    (SQLITE_OK, None) => SQLITE_IOERR,
                    (code, _) => code,
                }
            }
        }
    )*};
}

settled! {
    truncate = xTruncate(bytes: sqlite3_int64);
    sync = xSync(flags: c_int);
    file_size = xFileSize(bytes: *mut sqlite3_int64);
    lock = xLock(level: c_int);
    unlock = xUnlock(level: c_int);
    check_reserved_lock = xCheckReservedLock(is_reserved: *mut c_int);
    file_control = xFileControl(what: c_int, argument: *mut c_void);
    shm_map = xShmMap(region: c_int, bytes: c_int, extend: c_int, memory: *mut *mut c_void);
    shm_lock = xShmLock(offset: c_int, count: c_int, flags: c_int);
    shm_unmap = xShmUnmap(delete: c_int);
    settled_read = xRead(into: *mut c_void, bytes: c_int, at: sqlite3_int64);
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once and does not touch it afterwards.
    unsafe {
        let (writes, below, methods) = parts(file);
        let settled = writes.settle();
        drop(Box::from_raw((*file.cast::<File>()).writes));
        (*file).pMethods = ptr::null();
        let closed = methods.xClose.map_or(SQLITE_OK, |close| close(below));
        if settled == SQLITE_OK { closed } else { settled }
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, bytes: c_int, at: sqlite3_int64) -> c_int {
    // SAFETY: SQLite gives so many bytes.
    unsafe {
        let Ok(length) = usize::try_from(bytes) else { return SQLITE_IOERR_WRITE };
        parts(file).0.write(slice::from_raw_parts(from.cast(), length), at)
    }
}

/// Reads beside the writes that wait; only where they are to be written, or a thread may be at work, they go first.
unsafe extern "C" fn read(file: *mut sqlite3_file, into: *mut c_void, bytes: c_int, at: sqlite3_int64) -> c_int {
    // SAFETY: SQLite gives room for so many bytes.
    unsafe {
        let (writes, below, methods) = parts(file);
        let overlap = at < writes.end() && writes.start < at + sqlite3_int64::from(bytes);
        match methods.xRead {
            Some(read) if !overlap && writes.writer.is_none() => read(below, into, bytes, at),
            _ => settled_read(file, into, bytes, at),
        }
    }
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    // SAFETY: as in `settled`.
    unsafe {
        let (_, below, methods) = parts(file);
        methods.xSectorSize.map_or(4096, |call| call(below))
    }
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    // SAFETY: as in `settled`.
    unsafe {
        let (_, below, methods) = parts(file);
        methods.xDeviceCharacteristics.map_or(0, |call| call(below))
    }
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: as in `settled`.
    unsafe {
        let (_, below, methods) = parts(file);
        if let Some(call) = methods.xShmBarrier {
            call(below);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use rusqlite::{Connection, OpenFlags, ffi::SQLITE_FULL};

    use super::*;

    fn connect(path: &Path, by_layer: bool) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        if by_layer {
            Connection::open_with_flags_and_vfs(path, flags, name().unwrap()).unwrap()
        } else {
            Connection::open_with_flags(path, flags).unwrap()
        }
    }

    /// A transaction's statements, each on rows of up to a few pages, and whether it is committed.
    #[derive(Clone, Debug)]
    struct Change {
        rows: Vec<(u8, u16)>,
        deleted: u8,
        is_kept: bool,
    }

    fn changes() -> impl Strategy<Value = Vec<Change>> {
        let rows = prop::collection::vec((any::<u8>(), 0u16..9_000), 0..60);
        let change = (rows, any::<u8>(), any::<bool>());
        prop::collection::vec(change.prop_map(|(rows, deleted, is_kept)| Change { rows, deleted, is_kept }), 1..6)
    }

    /// Makes the changes with a cache of a few pages, so that open transactions spill into the file.
    fn make(path: &Path, by_layer: bool, mode: &str, changes: &[Change]) {
        let mut connection = connect(path, by_layer);
        connection.pragma_update(None, "journal_mode", mode).unwrap();
        connection.execute_batch("PRAGMA cache_size = 4; CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)").unwrap();
        for change in changes {
            let transaction = connection.transaction().unwrap();
            for (id, length) in &change.rows {
                let text = format!("{id}").repeat(usize::from(*length) / 2);
                transaction.execute("INSERT OR REPLACE INTO t VALUES (?, ?)", (id, text)).unwrap();
            }
            transaction.execute("DELETE FROM t WHERE id % 7 = ? % 7", [change.deleted]).unwrap();
            if change.is_kept {
                transaction.commit().unwrap();
            } else {
                transaction.rollback().unwrap();
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_database_is_the_one_that_the_system_alone_would_have_made(
            changes in changes(),
            mode in prop::sample::select(vec!["delete", "truncate", "persist", "memory", "wal"]),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (plain, layered) = (folder.path().join("plain.db"), folder.path().join("layered.db"));
            make(&plain, false, mode, &changes);
            make(&layered, true, mode, &changes);
            prop_assert!(std::fs::read(&plain).unwrap() == std::fs::read(&layered).unwrap());
        }
    }

    #[test]
    fn another_connection_sees_what_was_committed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let (layered, plain) = (connect(&path, true), connect(&path, false));
        let seen = || plain.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0));
        layered.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
        assert_eq!(seen(), Ok(1));
        layered.execute_batch("BEGIN; INSERT INTO t SELECT hex(randomblob(3000)) FROM t, t AS u, t AS v").unwrap();
        assert_eq!(seen(), Ok(1));
        layered.execute_batch("COMMIT").unwrap();
        assert_eq!(seen(), Ok(2));
        plain.execute_batch("INSERT INTO t VALUES (3)").unwrap();
        assert_eq!(layered.query_row("SELECT max(x) FROM t WHERE x < 9", [], |row| row.get(0)), Ok(3));
    }

    /// A file that notes what is written, and has no room from a place on.
    #[repr(C)]
    struct Disk {
        methods: *const sqlite3_io_methods,
        room: sqlite3_int64,
        writes: Vec<(sqlite3_int64, usize)>,
    }

    unsafe extern "C" fn note(file: *mut sqlite3_file, _: *const c_void, bytes: c_int, at: sqlite3_int64) -> c_int {
        let disk = unsafe { &mut *file.cast::<Disk>() };
        let bytes = usize::try_from(bytes).unwrap();
        disk.writes.push((at, bytes));
        if at + bytes as sqlite3_int64 > disk.room { SQLITE_FULL } else { SQLITE_OK }
    }

    static NOTES: sqlite3_io_methods = sqlite3_io_methods { xWrite: Some(note), ..METHODS };

    #[test]
    fn neighbouring_writes_become_one_and_an_error_is_told_once_to_who_waits() {
        for by_thread in [false, true] {
            let mut disk = Disk { methods: &raw const NOTES, room: 1_000_000, writes: Vec::new() };
            let mut writes = Writes::new(Below((&raw mut disk).cast()), by_thread);
            for (at, bytes) in [(0, 4), (4, 100), (104, 4), (4_096, 50), (2_000_000, 7)] {
                assert_eq!(writes.write(&vec![1; bytes], at), SQLITE_OK, "{at}");
            }
            // Without a thread it is the next write that hears of the error, and is not done.
            let codes = if by_thread { [SQLITE_OK, SQLITE_FULL] } else { [SQLITE_FULL, SQLITE_OK] };
            assert_eq!([writes.write(&[1], 500), writes.settle()], codes);
            assert_eq!(writes.settle(), SQLITE_OK);
            drop(writes);
            assert_eq!(disk.writes, [(0, 108), (4_096, 50), (2_000_000, 7)]);
        }
    }
}
