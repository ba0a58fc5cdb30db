//! All that a template can reach: itself, its data, the fonts, the day of the document.
//!
//! Invariant: no file and no package is ever given; what is not here cannot be asked for.

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Dict, Duration, Str, Value};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt};

use crate::Job;

static FONTS: [&[u8]; 2] = [
    include_bytes!("../fonts/NotoSansCJKsc-Regular.otf"),
    include_bytes!("../fonts/NotoSansCJKsc-Bold.otf"),
];

/// The world of one job.
pub struct World {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    main: Source,
    made_at: Datetime,
}

impl World {
    /// The world in which that job is set. `digest`: SHA-256 of the job.
    pub fn new(job: Job, digest: &str) -> Self {
        let inputs = Dict::from_iter([
            (Str::from("data"), job.data),
            (Str::from("language"), Value::Str(Str::from(job.language.code()))),
            (Str::from("digest"), Value::Str(Str::from(digest))),
            (Str::from("made_at"), Value::Datetime(job.made_at)),
        ]);
        let fonts: Vec<Font> = FONTS
            .iter()
            .flat_map(|file| Font::iter(Bytes::new(*file)))
            .collect();
        Self {
            library: LazyHash::new(Library::builder().with_inputs(inputs).build()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            main: Source::detached(job.text),
            made_at: job.made_at,
        }
    }

    /// The number of the template's line at that byte, from 1.
    pub fn line(&self, byte: usize) -> usize {
        let text = self.main.text().as_bytes();
        let before = text.get(..byte).unwrap_or(text);
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }
}

impl typst::World for World {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        match id == self.main.id() {
            true => Ok(self.main.clone()),
            false => Err(FileError::AccessDenied),
        }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        Some(self.made_at)
    }
}
