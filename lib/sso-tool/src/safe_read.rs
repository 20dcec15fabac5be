//! Reading a file that a stranger may have made: a link, a FIFO, a directory, something huge.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::OFlags;

/// What was found at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Reads the file with its modification time, if it was read.
pub fn read_dated(path: &Path, limit: usize) -> io::Result<(Found, Option<SystemTime>)> {
    let (file, metadata) = match open(path)? {
        Opened::File(file, metadata) => (file, metadata),
        Opened::Missing => return Ok((Found::Missing, None)),
        Opened::Bad(what) => return Ok((Found::Bad(what), None)),
    };
    // In one read: without the size, a file is read in pieces that double from 32 bytes.
    let size = usize::try_from(metadata.len()).unwrap_or(limit).min(limit);
    let mut bytes = Vec::with_capacity(size + 1);
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Ok((Found::Bad("is too large"), None));
    }
    Ok((Found::Bytes(bytes), metadata.modified().ok()))
}

/// What was opened at a path.
#[derive(Debug)]
pub enum Opened {
    /// A regular file, with the metadata of this very file.
    File(File, Metadata),
    /// Nothing.
    Missing,
    /// Something that is not to be opened, in words.
    Bad(&'static str),
}

/// Opens a file that a stranger may have made, for reading: the one such open of the tools. A link at the end of the path
/// isn't followed, a FIFO doesn't block, and what the path is is asked of the open file: between a look at the path and
/// the open, a stranger can put a FIFO there, which would hold the state lock for ever.
pub fn open(path: &Path) -> io::Result<Opened> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    // O_* flags are small and fit whatever the platform's c_int is.
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Opened::Missing),
        Err(err) if is_link_error(&err) => return Ok(Opened::Bad("is a symbolic link")),
        // A socket can't be opened at all (ENXIO).
        Err(err) if err.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
            return Ok(Opened::Bad("is not a regular file"));
        }
        Err(err) => return Err(err),
    };
    let metadata = file.metadata()?;
    Ok(if metadata.is_file() { Opened::File(file, metadata) } else { Opened::Bad("is not a regular file") })
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
        assert!(matches!(open(&at("fifo")).unwrap(), Opened::Bad("is not a regular file")));
        assert_eq!(read(Path::new("/dev/zero"), 8).unwrap(), Found::Bad("is not a regular file"));
    }
}
