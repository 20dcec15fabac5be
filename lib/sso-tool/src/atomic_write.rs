//! Atomic replace: whoever reads sees the old content or the new one, whole, whatever is killed
//! when and whatever the disk says.
//!
//! Write to a temporary file in the same directory, fsync it, rename it over the target, fsync the
//! directory. A writer holds a flock on its temporary file, so that the next writer can tell a
//! leftover of a killed one (lock free) from one in use, and sweeps it.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::flock::{self, Try};
use crate::rename::{Exchanged, exchange, put_if_free};
use crate::safe_read::{self, Opened};

/// The permissions of the new file.
#[derive(Clone, Copy, Debug)]
pub enum FileMode {
    /// 0600, always.
    Private,
    /// As the replaced file's; 0600 if there is none.
    Kept,
}

/// Replaces the content of `path`, or makes the file. A link at the end of `path` is replaced, not
/// followed: resolve it first where that is wanted.
pub fn replace(path: &Path, content: &[u8], mode: FileMode) -> anyhow::Result<()> {
    if let Some(name) = path.file_name() {
        sweep(&parent(path), Some(name));
    }
    write_beside(path, content, mode, |temporary, path| {
        temporary.persist(path).map(drop).map_err(|err| err.error)
    })
    .with_context(|| format!("cannot write {}", path.display()))
}

/// Replaces the content of `path` only if the file is there, in one step: a file that somebody else
/// removed meanwhile does not come back. Answers whether it was there. The new file is 0600.
///
/// For one of many files in a folder: [`sweep`] that folder once, instead of at every write.
pub fn replace_existing(path: &Path, content: &[u8]) -> anyhow::Result<bool> {
    match write_beside(path, content, FileMode::Private, swap_in) {
        Ok(()) => Ok(true),
        Err(err) if err.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => Ok(false),
        Err(err) => Err(err).with_context(|| format!("cannot write {}", path.display())),
    }
}

/// Makes `path` with that content (0600) unless there is something already. Answers whether it did.
///
/// For one of many files in a folder, as [`replace_existing`].
pub fn create(path: &Path, content: &[u8]) -> anyhow::Result<bool> {
    let put = |temporary: NamedTempFile, path: &Path| {
        temporary.persist_noclobber(path).map(drop).map_err(|err| err.error)
    };
    match write_beside(path, content, FileMode::Private, put) {
        Ok(()) => Ok(true),
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(err) => Err(err).with_context(|| format!("cannot write {}", path.display())),
    }
}

/// Removes the file `path` for good: it does not come back after a power cut. An error if it isn't there.
pub fn remove_for_good(path: &Path) -> anyhow::Result<()> {
    fs::remove_file(path)
        .and_then(|()| File::open(parent(path))?.sync_all())
        .with_context(|| format!("cannot remove {}", path.display()))
}

/// Removes the file `path`, if it is there. Answers whether it was.
pub fn remove(path: &Path) -> anyhow::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(err) => Err(err).with_context(|| format!("cannot remove {}", path.display())),
    }
}

/// Removes the file `path` only if what is there is what `is_expected` says: what somebody else wrote there meanwhile stays.
pub fn remove_if(path: &Path, is_expected: impl Fn(&[u8]) -> bool) -> anyhow::Result<Swap> {
    take_out_if(path, is_expected).with_context(|| format!("cannot remove {}", path.display()))
}

/// Exchanges the temporary file with the target; the old content then has the temporary name and goes with it.
fn swap_in(temporary: NamedTempFile, path: &Path) -> io::Result<()> {
    match exchange(temporary.path(), path)? {
        // Another writer may have swept the old content already.
        Exchanged::Done => temporary.close().or_else(|err| match err.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(err),
        }),
        Exchanged::Gone => Err(io::ErrorKind::NotFound.into()),
        // Not every file system can exchange. A remover that comes between these two lines loses its
        // removal; what was written back is a whole, former content.
        Exchanged::Unsupported => {
            fs::symlink_metadata(path)?;
            temporary.persist(path).map(drop).map_err(|err| err.error)
        }
    }
}

/// An error if `size` bytes can't be written beside `path` now: the directory is read-only, the disk is full. For before a
/// person is asked for what could not be kept. Nothing stays of it.
pub fn rehearse(path: &Path, size: usize) -> anyhow::Result<()> {
    reserve(path, size).map(drop)
}

/// Takes the space for a content of about `size` bytes, before that content is there. For what can be got only once: a
/// disk that fills up between the question and the answer costs nothing then.
pub fn reserve(path: &Path, size: usize) -> anyhow::Result<Reservation> {
    let name = path.file_name().unwrap_or(OsStr::new("file"));
    sweep(&parent(path), Some(name));
    refuse_unfit(path)
        .and_then(|()| locked_temporary(&parent(path), name))
        .and_then(|mut temporary| {
            temporary.write_all(&vec![0; size])?;
            temporary.flush()?;
            Ok(Reservation { temporary, path: path.to_owned() })
        })
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The space for a file's next content: a temporary file beside it, which goes with this value.
#[derive(Debug)]
pub struct Reservation {
    temporary: NamedTempFile,
    path: PathBuf,
}

/// What came of a compare-and-swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// The file has the new content.
    Done,
    /// There is no file any more: somebody removed it, and it stays removed.
    Gone,
    /// The file has a content that nobody expected, and keeps it.
    Other,
}

impl Reservation {
    /// Puts `content` into the file's place, whatever is there (0600).
    pub fn replace(self, content: &[u8]) -> anyhow::Result<()> {
        let Self { mut temporary, path } = self;
        fill(&mut temporary, content)
            .and_then(|()| temporary.persist(&path).map(drop).map_err(|err| err.error))
            .and_then(|()| File::open(parent(&path))?.sync_all())
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Puts `content` into the file's place only if what is there is what `is_expected` says, in one step: what somebody
    /// else removed or wrote meanwhile stays as they left it.
    pub fn replace_if(self, content: &[u8], is_expected: impl Fn(&[u8]) -> bool) -> anyhow::Result<Swap> {
        let Self { mut temporary, path } = self;
        fill(&mut temporary, content)
            .and_then(|()| swap_if(temporary, &path, content, is_expected))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Writes over the space that is taken already, and gives back what isn't needed of it.
fn fill(temporary: &mut NamedTempFile, content: &[u8]) -> io::Result<()> {
    let file = temporary.as_file_mut();
    file.seek(SeekFrom::Start(0))?;
    file.write_all(content)?;
    file.set_len(content.len() as u64)?;
    file.sync_all()
}

fn swap_if(
    temporary: NamedTempFile,
    path: &Path,
    content: &[u8],
    is_expected: impl Fn(&[u8]) -> bool,
) -> io::Result<Swap> {
    // Held until the end: under the temporary name, a sweeper would take it for a leftover otherwise.
    let (_former, bytes) = match hold(path)? {
        Held::File(mut file) => {
            let bytes = whole(&mut file)?;
            (file, bytes)
        }
        Held::Missing => return Ok(Swap::Gone),
        Held::Other => return Ok(Swap::Other),
    };
    if !is_expected(&bytes) {
        return Ok(Swap::Other);
    }
    match exchange(temporary.path(), path)? {
        Exchanged::Done => {}
        Exchanged::Gone => return Ok(Swap::Gone),
        // A writer that comes between the look and this line loses what it wrote.
        Exchanged::Unsupported => {
            temporary.persist(path).map_err(|err| err.error)?;
            return File::open(parent(path))?.sync_all().map(|()| Swap::Done);
        }
    }
    // Another writer may have replaced the file between the look and the exchange.
    let mut taken = match hold(temporary.path())? {
        Held::File(file) => file,
        // Such a file, and a sweeper was faster.
        Held::Missing => return Ok(Swap::Done),
        Held::Other => return put_back(&temporary, path, content),
    };
    let bytes = whole(&mut taken)?;
    if !is_expected(&bytes) {
        return put_back(&temporary, path, content);
    }
    File::open(parent(path))?.sync_all()?;
    // A writer that isn't atomic may have had the former file open: what it wrote there meanwhile is newer than this.
    if whole(&mut taken)? != bytes {
        return put_back(&temporary, path, content);
    }
    Ok(Swap::Done)
}

fn take_out_if(path: &Path, is_expected: impl Fn(&[u8]) -> bool) -> io::Result<Swap> {
    // Held until the end, as in `swap_if`.
    let mut former = match hold(path)? {
        Held::File(file) => file,
        Held::Missing => return Ok(Swap::Gone),
        Held::Other => return Ok(Swap::Other),
    };
    if !is_expected(&whole(&mut former)?) {
        return Ok(Swap::Other);
    }
    let name = path.file_name().unwrap_or(OsStr::new("file"));
    let temporary = locked_temporary(&parent(path), name)?;
    match fs::rename(path, temporary.path()) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Swap::Gone),
        moved => moved?,
    }
    // Another writer may have replaced the file between the look and the rename, or written into it since.
    let is_it = match hold(temporary.path())? {
        Held::File(mut taken) => is_expected(&whole(&mut taken)?),
        Held::Missing => true,
        Held::Other => false,
    };
    if is_it {
        return File::open(parent(path))?.sync_all().map(|()| Swap::Done);
    }
    // What came out goes back, unless there is something newer by now.
    let (_, taken) = temporary.keep().map_err(|err| err.error)?;
    if !put_if_free(&taken, path)? {
        fs::remove_file(&taken)?;
    }
    Ok(Swap::Other)
}

enum Held {
    File(File),
    Missing,
    /// A link, a directory, a FIFO.
    Other,
}

/// Opens a file and locks it if nobody else has.
fn hold(path: &Path) -> io::Result<Held> {
    Ok(match safe_read::open(path)? {
        Opened::File(file, _) => {
            // Who has it locked already keeps sweepers away just as well; without flock there are none.
            let _ = flock::wait(&file, Duration::ZERO);
            Held::File(file)
        }
        Opened::Missing => Held::Missing,
        Opened::Bad(_) => Held::Other,
    })
}

fn whole(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Gives the former file its place again, unless somebody has removed or replaced `content` there by now.
fn put_back(temporary: &NamedTempFile, path: &Path, content: &[u8]) -> io::Result<Swap> {
    match exchange(temporary.path(), path)? {
        Exchanged::Done if fs::read(temporary.path())? == content => Ok(Swap::Other),
        // What came out is newer than what was put back.
        Exchanged::Done => exchange(temporary.path(), path).map(|_| Swap::Other),
        Exchanged::Gone => Ok(Swap::Gone),
        Exchanged::Unsupported => Ok(Swap::Other),
    }
}

/// Whether an error says that nothing can be written there: a read-only mount, somebody else's directory, a full disk. It
/// costs who writes a cache the cache only.
pub fn is_unwritable(err: &anyhow::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    err.chain()
        .filter_map(|cause| {
            let errno = || cause.downcast_ref::<rustix::io::Errno>().map(|errno| errno.kind());
            cause.downcast_ref::<io::Error>().map(io::Error::kind).or_else(errno)
        })
        .any(|kind| matches!(kind, PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull))
}

fn write_beside(
    path: &Path,
    content: &[u8],
    mode: FileMode,
    put: impl Fn(NamedTempFile, &Path) -> io::Result<()>,
) -> io::Result<()> {
    refuse_unfit(path)?;
    let directory = parent(path);
    let name = path.file_name().unwrap_or(OsStr::new("file"));
    let mut temporary = locked_temporary(&directory, name)?;
    temporary.write_all(content)?;
    if let FileMode::Kept = mode
        && let Ok(metadata) = fs::metadata(path)
    {
        temporary.as_file().set_permissions(Permissions::from_mode(metadata.mode() & 0o7777))?;
    }
    temporary.as_file().sync_all()?;
    put(temporary, path)?;
    File::open(&directory)?.sync_all()
}

/// An error if no file can take the place of what is at `path`: a device, or a folder. Whoever reserves the place of an
/// answer that can be got only once hears it before the question.
fn refuse_unfit(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    refuse_device(path)
}

/// An error if `path` is a device: a setting that names `/dev/full` must not cost the machine its `/dev/full`.
pub fn refuse_device(path: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(path).map(|metadata| metadata.file_type());
    if kind.is_ok_and(|kind| kind.is_char_device() || kind.is_block_device()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a device"));
    }
    Ok(())
}

/// The directory that holds `path`.
pub fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A new file `.NAME.….tmp` (0600), flocked. A sweeper may see it in the moment before it is locked
/// and remove it; then there is another.
fn locked_temporary(directory: &Path, name: &OsStr) -> io::Result<NamedTempFile> {
    loop {
        let temporary = tempfile::Builder::new()
            .prefix(&prefix(name))
            .suffix(SUFFIX)
            .tempfile_in(directory)
            .map_err(without_path)?;
        match flock::wait(temporary.as_file(), Duration::ZERO) {
            Ok(Try::Got) if temporary.as_file().metadata()?.nlink() > 0 => return Ok(temporary),
            Ok(Try::Got | Try::Held | Try::Watched) => {}
            // Without flock (ENOSYS, or ENOLCK of a network file system) nobody can sweep either.
            Ok(Try::Unsupported) | Err(_) => return Ok(temporary),
        }
    }
}

/// The system's words alone: the name of a temporary file that could not be made tells nobody anything.
fn without_path(err: io::Error) -> io::Error {
    use rustix::io::Errno;
    let errno = match err.kind() {
        io::ErrorKind::ReadOnlyFilesystem => Errno::ROFS,
        io::ErrorKind::PermissionDenied => Errno::ACCESS,
        io::ErrorKind::StorageFull => Errno::NOSPC,
        io::ErrorKind::QuotaExceeded => Errno::DQUOT,
        io::ErrorKind::NotFound => Errno::NOENT,
        _ => return err,
    };
    errno.into()
}

const SUFFIX: &str = ".tmp";

fn prefix(name: &OsStr) -> String {
    format!(".{}.", name.to_string_lossy())
}

/// Removes what killed writers of `name` left in a directory; without a name those of every file, which is for
/// directories that are the suite's own. Never a reason to fail.
pub fn sweep(directory: &Path, name: Option<&OsStr>) {
    for path in temporaries(directory, name) {
        let _ = remove_abandoned(&path);
    }
}

/// Removes a temporary file unless a living writer holds it. Answers whether it did.
pub fn remove_abandoned(path: &Path) -> anyhow::Result<bool> {
    // Under its lock: a writer that has made the file but not locked it yet finds it held, or without a name, and makes
    // another. Without the lock that writer could get it between the look and the removal, and lose what it writes.
    let lock = abandoned(path).with_context(|| format!("cannot remove {}", path.display()))?;
    let Some(_lock) = lock else { return Ok(false) };
    remove(path)
}

/// The temporary files of `name`, or of any file, in a directory.
fn temporaries(directory: &Path, name: Option<&OsStr>) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let is_temporary = |entry: &fs::DirEntry| {
        let found = entry.file_name();
        written_to(&found.to_string_lossy())
            .is_some_and(|target| name.is_none_or(|name| *target == *name.to_string_lossy()))
            && entry.file_type().is_ok_and(|kind| kind.is_file())
    };
    entries.flatten().filter(is_temporary).map(|entry| entry.path()).collect()
}

/// The name of the file that a temporary file was to become; `None` if it isn't called like one.
pub fn written_to(name: &str) -> Option<&str> {
    let (target, random) = name.strip_prefix('.')?.strip_suffix(SUFFIX)?.rsplit_once('.')?;
    // tempfile puts six letters and digits there; anything else isn't ours.
    (random.len() == 6 && random.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(target)
}

/// Whether no living writer holds a temporary file. To remove such a file: [`remove_abandoned`].
pub fn is_abandoned(path: &Path) -> bool {
    matches!(abandoned(path), Ok(Some(_)))
}

/// The lock of a temporary file that no living writer holds.
fn abandoned(path: &Path) -> io::Result<Option<File>> {
    let Opened::File(file, _) = safe_read::open(path)? else { return Ok(None) };
    Ok(matches!(flock::wait(&file, Duration::ZERO)?, Try::Got).then_some(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn new_files_are_private_and_modes_are_kept_on_request() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        replace(&path, b"1", FileMode::Kept).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        replace(&path, b"2", FileMode::Kept).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        replace(&path, b"3", FileMode::Private).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"3");
        assert_eq!(names(dir.path()), ["a.json"]);
    }

    #[test]
    fn a_link_is_replaced_and_its_target_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        fs::write(&target, "old").unwrap();
        symlink(&target, &link).unwrap();
        replace(&link, b"new", FileMode::Private).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"old");
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
    }

    #[test]
    fn a_device_stays_a_device() {
        // Nothing that could be lost if this fails: a device of our own, where we may make one.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("full");
        let kind = rustix::fs::FileType::CharacterDevice;
        let (mode, number) = (rustix::fs::Mode::from_raw_mode(0o666), rustix::fs::makedev(1, 7));
        if rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, number).is_err() {
            return;
        }
        let refused =
            |result: anyhow::Error| assert!(format!("{result:#}").ends_with("it is a device"), "{result:#}");
        refused(replace(&path, b"1", FileMode::Private).unwrap_err());
        refused(replace_existing(&path, b"1").unwrap_err());
        refused(crate::quarantine::quarantine(dir.path(), &path, crate::time::now().unwrap()).unwrap_err());
        assert!(fs::symlink_metadata(&path).unwrap().file_type().is_char_device());
    }

    #[test]
    fn a_removed_file_does_not_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert!(!replace_existing(&path, b"1").unwrap());
        assert_eq!(names(dir.path()), [""; 0]);
        fs::write(&path, "old").unwrap();
        assert!(replace_existing(&path, b"new").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn an_existing_file_is_not_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert!(create(&path, b"1").unwrap());
        assert!(!create(&path, b"2").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"1");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn leftovers_of_dead_writers_are_swept_and_those_of_live_ones_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let live = locked_temporary(dir.path(), "a".as_ref()).unwrap();
        fs::write(dir.path().join(".a.123abc.tmp"), "").unwrap();
        fs::write(dir.path().join(".a.b.123abc.tmp"), "").unwrap();
        fs::write(dir.path().join(".a.not-ours.tmp"), "").unwrap();
        replace(&path, b"1", FileMode::Private).unwrap();
        let live_name = live.path().file_name().unwrap().to_str().unwrap().to_owned();
        let mut expected =
            vec![".a.b.123abc.tmp".to_owned(), ".a.not-ours.tmp".to_owned(), "a".to_owned(), live_name];
        expected.sort();
        assert_eq!(names(dir.path()), expected);
        sweep(dir.path(), None);
        expected.retain(|name| name != ".a.b.123abc.tmp");
        assert_eq!(names(dir.path()), expected);
    }

    #[test]
    fn a_failure_leaves_the_old_content_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::create_dir(&path).unwrap();
        assert!(
            format!("{:#}", replace(&path, b"1", FileMode::Private).unwrap_err()).contains("cannot write")
        );
        assert_eq!(names(dir.path()), ["a"]);
        assert!(replace(&dir.path().join("none/a"), b"1", FileMode::Private).is_err());
    }

    #[test]
    fn what_was_removed_or_replaced_meanwhile_stays_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let swap = |is_expected: &dyn Fn(&[u8]) -> bool| {
            reserve(&path, 64).unwrap().replace_if(b"new", is_expected).unwrap()
        };
        assert_eq!(swap(&|_| true), Swap::Gone);
        assert_eq!(names(dir.path()), [""; 0]);
        fs::write(&path, "old").unwrap();
        assert_eq!(swap(&|there| there == b"older"), Swap::Other);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(swap(&|there| there == b"old"), Swap::Done);
        assert_eq!(fs::read(&path).unwrap(), b"new");
        // A writer that had the former file open, and wrote into it between the look and the end.
        fs::write(&path, "old").unwrap();
        let mut open = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let is_first_look = |there: &[u8]| {
            if there == b"old" {
                (&mut &open).write_all(b"abc").unwrap();
            }
            there == b"old"
        };
        let done = reserve(&path, 64).unwrap().replace_if(b"new", is_first_look).unwrap();
        open.flush().unwrap();
        assert_eq!((done, fs::read(&path).unwrap()), (Swap::Other, b"abc".to_vec()));
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn only_the_expected_file_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert_eq!(remove_if(&path, |_| true).unwrap(), Swap::Gone);
        fs::write(&path, "newer").unwrap();
        assert_eq!(remove_if(&path, |there| there == b"old").unwrap(), Swap::Other);
        assert_eq!(fs::read(&path).unwrap(), b"newer");
        // A writer that comes between the look and the removal.
        fs::write(&path, "old").unwrap();
        let replaced = |there: &[u8]| {
            if there == b"old" {
                replace(&path, b"newer", FileMode::Private).unwrap();
            }
            there == b"old"
        };
        assert_eq!(remove_if(&path, replaced).unwrap(), Swap::Other);
        assert_eq!((fs::read(&path).unwrap(), names(dir.path())), (b"newer".to_vec(), vec!["a".to_owned()]));
        assert_eq!(remove_if(&path, |there| there == b"newer").unwrap(), Swap::Done);
        assert_eq!(names(dir.path()), [""; 0]);
        assert!(!remove(&path).unwrap());
    }

    #[test]
    fn a_reserved_space_is_held_until_it_is_written_and_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let reserved = reserve(&path, 4096).unwrap();
        assert_eq!(reserved.temporary.as_file().metadata().unwrap().len(), 4096);
        reserved.replace(b"1").unwrap();
        assert_eq!((fs::read(&path).unwrap(), names(dir.path())), (b"1".to_vec(), vec!["a".to_owned()]));
        drop(reserve(&path, 4096).unwrap());
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn a_sweeper_takes_nothing_from_a_living_writer() {
        let dir = tempfile::tempdir().unwrap();
        let is_done = std::sync::atomic::AtomicBool::new(false);
        let relaxed = std::sync::atomic::Ordering::Relaxed;
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !is_done.load(relaxed) {
                        sweep(dir.path(), None);
                    }
                });
            }
            let writers: Vec<_> = ["a", "b"]
                .map(|name| {
                    let path = dir.path().join(name);
                    scope.spawn(move || -> anyhow::Result<()> {
                        fs::write(&path, "0")?;
                        for n in 1..300_u32 {
                            replace(&path, n.to_string().as_bytes(), FileMode::Private)?;
                            anyhow::ensure!(replace_existing(&path, b"x")?, "not replaced");
                            let swap = reserve(&path, 9)?.replace_if(b"y", |there| there == b"x")?;
                            anyhow::ensure!(swap == Swap::Done, "{swap:?}");
                        }
                        Ok(())
                    })
                })
                .into();
            let ended: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
            is_done.store(true, relaxed);
            for end in ended {
                end.unwrap();
            }
        });
    }
}
