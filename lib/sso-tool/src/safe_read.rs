//! Reading a file that a stranger may have made: a link, a FIFO, a directory, something huge.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::OFlags;

/// What was found at a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A regular file within the limit.
    Bytes(Vec<u8>),
    /// Nothing.
    Missing,
    /// Something that is not to be read, in words.
    Bad(&'static str),
}

/// Reads at most `limit` bytes of a regular file, without following a link at its end and without
/// ever blocking (POSIX open: `O_NONBLOCK` on a FIFO returns at once).
pub fn read(path: &Path, limit: usize) -> io::Result<Found> {
    read_dated(path, limit).map(|(found, _)| found)
}

/// The same with the file's modification time, if it was read.
pub fn read_dated(path: &Path, limit: usize) -> io::Result<(Found, Option<SystemTime>)> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    // O_* flags are small and fit whatever the platform's c_int is.
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok((Found::Missing, None)),
        Err(err) if is_link_error(&err) => return Ok((Found::Bad("is a symbolic link"), None)),
        // A socket can't be opened at all (ENXIO).
        Err(err) if err.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
            return Ok((Found::Bad("is not a regular file"), None));
        }
        Err(err) => return Err(err),
    };
    read_open(&file, limit)
}

fn read_open(file: &File, limit: usize) -> io::Result<(Found, Option<SystemTime>)> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok((Found::Bad("is not a regular file"), None));
    }
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Ok((Found::Bad("is too large"), None));
    }
    Ok((Found::Bytes(bytes), metadata.modified().ok()))
}

fn is_link_error(err: &io::Error) -> bool {
    // POSIX says ELOOP; some BSDs say EMLINK.
    let code = err.raw_os_error();
    [rustix::io::Errno::LOOP, rustix::io::Errno::MLINK].iter().any(|errno| code == Some(errno.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_a_small_regular_file_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "12345678").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        fs::create_dir(at("dir")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), 0o600.into()).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();

        assert_eq!(read(&at("file"), 8).unwrap(), Found::Bytes(b"12345678".to_vec()));
        assert_eq!(read(&at("file"), 7).unwrap(), Found::Bad("is too large"));
        assert_eq!(read(&at("none"), 8).unwrap(), Found::Missing);
        assert_eq!(read(&at("link"), 8).unwrap(), Found::Bad("is a symbolic link"));
        assert_eq!(read(&at("dangling"), 8).unwrap(), Found::Bad("is a symbolic link"));
        for special in ["dir", "fifo", "socket"] {
            assert_eq!(read(&at(special), 8).unwrap(), Found::Bad("is not a regular file"), "{special}");
        }
        assert_eq!(read(Path::new("/dev/zero"), 8).unwrap(), Found::Bad("is not a regular file"));
    }
}
