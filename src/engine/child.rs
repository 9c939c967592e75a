//! The child's side: load the engine into this process and become a ClickHouse server.
//!
//! `libchdb.so` exports clickhouse-local's main as the C function `chdb_query_cmdline`, and clickhouse-local
//! can listen. The only module with `unsafe`: a foreign function is loaded and called, and signals are sent.
#![allow(unsafe_code)]

use super::{confine, library, settings};
use std::ffi::CString;
use std::io::{ErrorKind, Read};
use std::os::raw::{c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// The function of the library that is clickhouse-local's main.
pub const ENTRY: &str = "chdb_query_cmdline";
/// How long a child whose parent is gone may take to end cleanly.
pub const ORPHAN_GRACE: Duration = Duration::from_secs(5);

/// Opens the listener, then keeps the process alive; SIGTERM ends it cleanly.
const LISTEN_AND_STAY: &str = "SYSTEM START LISTEN HTTP; \
    SELECT sleepEachRow(1) FROM system.numbers \
    SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 10000000 FORMAT Null";

/// Becomes the engine of `directory` on `http_port` of loopback. Returns the process's exit code.
///
/// # Errors
/// The library cannot be loaded, or the process not be confined; the sentence says why.
pub fn run(path: &Path, directory: &Path, http_port: u16) -> Result<i32, String> {
    end_with_the_parent();
    // Held until this process ends, so that a successor does not meet us on the port or in the files.
    let lock = settings::lock_file(directory).map_err(|cause| cause.to_string())?;
    lock.try_lock().map_err(|_| "another engine runs on the same directory".to_owned())?;
    let path_argument = |name: &str, path: &Path| [name.as_bytes(), path.as_os_str().as_bytes()].concat();
    let arguments = [
        b"shopfunnel-engine".to_vec(),
        path_argument("--path=", &settings::data(directory)),
        path_argument("--config-file=", &settings::configuration(directory)),
        format!("--http_port={http_port}").into_bytes(),
        b"--listen_host=127.0.0.1".to_vec(),
        b"--log-level=error".to_vec(),
        format!("--query={LISTEN_AND_STAY}").into_bytes(),
    ];
    let arguments: Vec<CString> = arguments
        .into_iter()
        .map(CString::new)
        .collect::<Result<_, _>>()
        .map_err(|_| "the data directory's path holds a NUL byte".to_owned())?;
    let mut argv: Vec<*mut c_char> =
        arguments.iter().map(|argument| argument.as_ptr().cast_mut()).chain([std::ptr::null_mut()]).collect();

    library::check(path)?;
    let explained = |error: libloading::Error| {
        // The loader's own words are the cause; the error itself only names the call.
        let words = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        library::explain(path, &words)
    };
    // SAFETY: the library is the one the operator installed, its checksum was verified when it was; its
    // constructors may do anything, which is why it is loaded here and not in the parent.
    let library = unsafe { libloading::Library::new(path) }.map_err(explained)?;
    // SAFETY: the symbol has C's signature of `main`.
    let main = unsafe { library.get::<unsafe extern "C" fn(c_int, *mut *mut c_char) -> c_int>(ENTRY) }
        .map_err(explained)?;
    // Only now, because loading opens whatever libraries the library names.
    confine::to(directory)?;
    // SAFETY: argv has `arguments.len()` valid strings and a null behind them, all alive during the call.
    let code = unsafe { main(arguments.len() as c_int, argv.as_mut_ptr()) };
    Ok(code)
}

/// Ties this process's life to its parent's: standard input is a pipe that closes when the parent ends,
/// `kill -9` included.
fn end_with_the_parent() {
    std::thread::spawn(|| {
        let mut input = std::io::stdin();
        let mut buffer = [0; 64];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Err(error) if error.kind() != ErrorKind::Interrupted => break,
                Ok(_) | Err(_) => {}
            }
        }
        terminate(std::process::id());
        std::thread::sleep(ORPHAN_GRACE);
        // SAFETY: ends the process without running destructors, which belong to threads that may be stuck.
        unsafe { libc::_exit(1) };
    });
}

/// Asks a process to end (SIGTERM).
pub fn terminate(pid: u32) {
    // SAFETY: kill takes plain numbers; a pid that is gone gives an error, which is as good.
    unsafe { libc::kill(pid as libc::pid_t, libc::SIGTERM) };
}
