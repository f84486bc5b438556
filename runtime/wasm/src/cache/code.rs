//! Compiled code in a file that has been verified.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::OFlags;
use wasmtime::{Engine, Result};

use crate::compiled::{Compiled, Mapped};
use crate::map;
use crate::memory::{Image, Place};
use crate::seal::{self, Broken};

/// Longer than the clock of any file system takes for a step. A file that was changed more
/// recently than that could be changed once more with no trace in its times (git has the same
/// rule: "racy-git").
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// Compiled code in an open file: it can be had even where somebody removes the file.
#[derive(Debug)]
pub(crate) struct OnDisk {
    file: Arc<File>,
    key: String,
    /// Where the component's data is, if its code is without.
    data: Option<Place>,
    /// The file as it was when all of it was last read and found whole.
    verified: Mutex<Stamp>,
}

/// What changes when a file does. Nobody can set the time of change back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    /// Whether later changes show in the times.
    settled: bool,
}

impl OnDisk {
    /// Opens a file, and reads all of it.
    ///
    /// # Errors
    /// It is not whole, or the code of another key, or it is a link or somebody else's.
    pub(super) fn open(path: &Path, key: &str) -> Result<Self, Broken> {
        let nofollow = OFlags::NOFOLLOW.bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(nofollow).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(Broken::Read(io::ErrorKind::PermissionDenied.into()));
        }
        // It was used: see `evict`. Where that cannot be noted, it may go sooner.
        let _ = file.set_modified(SystemTime::now());
        let (stamp, data) = verify(&file, key)?;
        let (file, key) = (Arc::new(file), key.to_owned());
        Ok(Self { file, key, data, verified: Mutex::new(stamp) })
    }

    /// Maps the code into memory, and the data that it is without. Where the file has not been
    /// touched since it was verified, that takes no more than the mapping; else it is read again.
    ///
    /// # Errors
    /// The file was changed.
    pub(crate) fn component(&self, engine: &Engine) -> Result<Mapped> {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if !verified.settled || Stamp::of(&self.file)? != *verified {
            let (stamp, data) = verify(&self.file, &self.key)?;
            if data != self.data {
                return Err(Broken::Changed.into());
            }
            *verified = stamp;
        }
        let image = self.data.map(|place| Image::new(self.file.clone(), place)).transpose()?;
        // SAFETY: the bytes have the digest that their seal says, with the key of this component
        // and this engine, so they are what wasmtime once made of it. They are mapped through the
        // descriptor that they were read from, so it is the same file whatever stands under the
        // name now. It is not changed while it is mapped: only this user can reach the folder, and
        // this crate never writes to a file that has this name. Whoever can do otherwise runs as
        // this user, and can run code as this user without us.
        let component = unsafe { map::component(engine, &self.file)? };
        Ok(Mapped { component, image: image.map(Arc::new) })
    }
}

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        let since = u64::try_from(changed.0).unwrap_or(0);
        let age = SystemTime::now().duration_since(UNIX_EPOCH + Duration::from_secs(since));
        Ok(Self {
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed,
            settled: age.is_ok_and(|age| age > CLOCK_STEP),
        })
    }
}

/// The content of a file: code, the data that it is without, and a seal that names both.
pub(super) fn file(compiled: &Compiled, key: &str) -> Vec<u8> {
    let mut bytes = compiled.code.clone();
    let mut label = key.to_owned();
    if let Some(data) = &compiled.data {
        // To be mapped it begins with a page.
        bytes.resize(bytes.len().next_multiple_of(rustix::param::page_size()), 0);
        let Place { offset, at, len, minimum } = data.place(bytes.len() as u64);
        label += &format!(" {offset} {at} {len} {minimum}");
        bytes.extend_from_slice(&data.bytes);
    }
    seal::seal(&mut bytes, &label);
    bytes
}

/// Reads the file, and gives its stamp from before that, and where the data is.
fn verify(file: &File, key: &str) -> Result<(Stamp, Option<Place>), Broken> {
    let stamp = Stamp::of(file)?;
    let label = seal::verify(file)?;
    match label.strip_prefix(key) {
        Some("") => Ok((stamp, None)),
        Some(place) => Ok((stamp, Some(read_place(place).ok_or(Broken::Changed)?))),
        None => Err(Broken::Changed),
    }
}

/// A place as it stands in a label.
fn read_place(text: &str) -> Option<Place> {
    let numbers = text.strip_prefix(' ')?.split(' ').map(|number| number.parse().ok());
    let [offset, at, len, minimum] = numbers.collect::<Option<Vec<usize>>>()?.try_into().ok()?;
    Some(Place { offset: offset as u64, at, len, minimum })
}
