//! Where the files of a pack go: into a folder, or a zip that is written from its beginning to its end.
//!
//! Invariant: a name stands once, and is one folder deep at most.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use crate::ATTACHMENTS;

/// Takes files, one after the other.
pub trait Files {
    /// Begins a file of that name, a folder and a slash before it where it is in one.
    ///
    /// # Errors
    /// It cannot be written.
    fn begin(&mut self, name: &str) -> io::Result<()>;

    /// Adds bytes to it.
    ///
    /// # Errors
    /// They cannot be written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Ends it.
    ///
    /// # Errors
    /// It cannot be written.
    fn end(&mut self) -> io::Result<()>;
}

/// A folder.
pub struct Folder {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Folder {
    /// Makes a folder, which is not there yet.
    ///
    /// # Errors
    /// It is, or cannot be made.
    pub fn new(path: &Path) -> io::Result<Self> {
        std::fs::create_dir(path)?;
        Ok(Self {
            path: path.to_owned(),
            file: None,
        })
    }
}

impl Files for Folder {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        let path = self.path.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        self.file = Some(BufWriter::new(File::create_new(path)?));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = self.file.as_mut();
        file.map_or(Ok(()), |file| file.write_all(bytes))
    }

    fn end(&mut self) -> io::Result<()> {
        self.file.take().map_or(Ok(()), |mut file| file.flush())
    }
}

/// A zip.
pub struct Zip<W: Write>(ZipWriter<StreamWriter<W>>);

impl<W: Write> Zip<W> {
    /// One that goes there.
    pub fn new(to: W) -> Self {
        Self(ZipWriter::new_stream(to))
    }

    /// Writes its directory, and gives back where it went.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(self) -> io::Result<W> {
        Ok(self.0.finish()?.into_inner())
    }
}

impl<W: Write> Files for Zip<W> {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        // What people bring is packed already. It is not stored as it is all the same: some who read zips from their beginning cannot
        // tell where that ends.
        let is_packed = name.starts_with(ATTACHMENTS);
        let options = SimpleFileOptions::default().compression_level(is_packed.then_some(1));
        Ok(self.0.start_file(name, options)?)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
