//! What the memory of a component's guests has in it at first.

use std::cell::RefCell;
use std::fs::File;
use std::io;
#[cfg(feature = "compile")]
use std::io::Write;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::mapping::Mapping;
#[cfg(feature = "compile")]
use crate::compiled::Data;

/// Data in a file, to be mapped into memories of guests.
///
/// The file is not changed as long as the image lives: it is one of the compiled code's.
#[derive(Debug)]
pub(crate) struct Image {
    file: Arc<File>,
    place: Place,
    /// All of it, to be copied over what guests have written.
    content: Mapping,
}

/// Where the data is in its file and where it belongs in a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// In the file, in bytes; a multiple of the page's size.
    pub(crate) offset: u64,
    /// In the memory, in bytes; a multiple of the page's size.
    pub(crate) at: usize,
    /// How much, in bytes; a multiple of the page's size.
    pub(crate) len: usize,
    /// Size of the memory at first, in bytes.
    pub(crate) minimum: usize,
}

impl Image {
    /// An image from a file that has it.
    ///
    /// # Errors
    /// It cannot be mapped: this machine's pages are larger than those it was made for.
    pub(crate) fn new(file: Arc<File>, place: Place) -> io::Result<Self> {
        if place.at.checked_add(place.len).is_none_or(|end| end > place.minimum) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let content = Mapping::of_file(&file, place.offset, place.len)?;
        Ok(Self { file, place, content })
    }

    /// An image of data that no file has.
    ///
    /// # Errors
    /// There is no memory for it, or it cannot be mapped.
    #[cfg(feature = "compile")]
    pub(crate) fn in_memory(data: &Data) -> io::Result<Self> {
        let flags = rustix::fs::MemfdFlags::CLOEXEC;
        let mut file = File::from(rustix::fs::memfd_create("samovar-data", flags)?);
        file.write_all(&data.bytes)?;
        Self::new(Arc::new(file), data.place(0))
    }

    /// Where it is in a memory, in bytes.
    pub(super) fn range(&self) -> Range<usize> {
        self.place.at..self.place.at + self.place.len
    }

    /// Makes the pages of a memory the image's, as they were at first.
    pub(super) fn map(&self, memory: &mut Mapping) -> io::Result<()> {
        memory.map_file(self.range(), &self.file, self.place.offset)
    }

    /// Copies a part of the image, given by its place in a memory, into that memory.
    pub(super) fn restore(&self, memory: &mut Mapping, range: Range<usize>) {
        let from = range.start - self.place.at;
        memory.copy(range, &self.content, from);
    }
}

thread_local! {
    /// The image of the instance that this thread is making.
    static WANTED: RefCell<Option<Arc<Image>>> = const { RefCell::new(None) };
}

/// Makes an instance of which the memory has this image at first. wasmtime does not tell
/// [`MemoryCreator`](wasmtime::MemoryCreator) for which component a memory is, but asks for it on
/// the thread that polls.
///
/// # Errors
/// Those of `making`. No memory was asked for that the image is of: the instance would lack it.
pub(crate) async fn with_image<T>(
    image: Option<&Arc<Image>>,
    making: impl Future<Output = wasmtime::Result<T>>,
) -> wasmtime::Result<T> {
    let Some(image) = image else { return making.await };
    let mut wanted = Some(image.clone());
    let mut making = pin!(making);
    let made = std::future::poll_fn(|context| {
        let offered = Offered::new(&mut wanted);
        let polled: Poll<_> = making.as_mut().poll(context);
        drop(offered);
        polled
    });
    let made = made.await?;
    match wanted {
        None => Ok(made),
        Some(_) => Err(wasmtime::format_err!("the component's data has no memory to be in")),
    }
}

/// An image that this thread may be asked for, taken back when dropped, by a panic too.
struct Offered<'a>(&'a mut Option<Arc<Image>>);

impl<'a> Offered<'a> {
    fn new(image: &'a mut Option<Arc<Image>>) -> Self {
        // Nobody makes one instance while they make another.
        WANTED.set(image.take());
        Self(image)
    }
}

impl Drop for Offered<'_> {
    fn drop(&mut self) {
        *self.0 = WANTED.take();
    }
}

/// The image of a memory of so many bytes that this thread is asked for, once.
pub(super) fn wanted(minimum: usize) -> Option<Arc<Image>> {
    WANTED.with_borrow_mut(|wanted| wanted.take_if(|image| image.place.minimum == minimum))
}
