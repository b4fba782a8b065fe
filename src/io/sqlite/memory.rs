//! SQLite's memory from the program's own allocator: the pages of a write lie where a stage's frames lay before.

use std::{
    ffi::{c_int, c_void},
    ptr,
};

use libmimalloc_sys::{mi_free, mi_malloc, mi_realloc, mi_usable_size};
use rusqlite::ffi::{SQLITE_CONFIG_MALLOC, SQLITE_CONFIG_MEMSTATUS, SQLITE_OK, sqlite3_config, sqlite3_mem_methods};

/// Gives SQLite the program's allocator. To be called before SQLite is used; afterwards it changes nothing.
pub fn share_allocator() {
    let methods = sqlite3_mem_methods {
        xMalloc: Some(allocate),
        xFree: Some(mi_free),
        xRealloc: Some(reallocate),
        xSize: Some(size),
        xRoundup: Some(round_up),
        xInit: Some(begin),
        xShutdown: Some(end),
        pAppData: ptr::null_mut(),
    };
    // SAFETY: SQLite copies the functions, and refuses them with a code once it is in use. The statistics that are turned
    // off are read by nobody, and would make threads that read side by side wait for each other.
    unsafe {
        sqlite3_config(SQLITE_CONFIG_MALLOC, &raw const methods);
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0 as c_int);
    }
}

unsafe extern "C" fn allocate(bytes: c_int) -> *mut c_void {
    // SAFETY: any size may be asked for.
    usize::try_from(bytes).map_or(ptr::null_mut(), |bytes| unsafe { mi_malloc(bytes) })
}

unsafe extern "C" fn reallocate(block: *mut c_void, bytes: c_int) -> *mut c_void {
    // SAFETY: the block came of the same allocator.
    usize::try_from(bytes).map_or(ptr::null_mut(), |bytes| unsafe { mi_realloc(block, bytes) })
}

unsafe extern "C" fn size(block: *mut c_void) -> c_int {
    // SAFETY: the block came of the same allocator; null has no bytes.
    c_int::try_from(unsafe { mi_usable_size(block) }).unwrap_or(c_int::MAX)
}

/// SQLite asks for multiples of eight bytes.
unsafe extern "C" fn round_up(bytes: c_int) -> c_int {
    bytes.saturating_add(7) & !7
}

unsafe extern "C" fn begin(_: *mut c_void) -> c_int {
    SQLITE_OK
}

unsafe extern "C" fn end(_: *mut c_void) {}
