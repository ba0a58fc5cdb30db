//! The documents of a case, set by Typst (R1.1): a job goes in as JSON, a PDF comes out. And its pictures, made anew without what
//! cameras write into them.
//!
//! May touch: nothing but its arguments. A job brings its data, its words' language and its time; templates and fonts are compiled
//! in. The program around it takes the limits on itself before it reads a job.
//!
//! Invariant: the same job makes the same bytes; a template reaches no file, no package and no clock; and what no font has a sign
//! for is an error, never a box.

mod error;
mod glyph;
mod job;
pub mod limit;
mod picture;
mod world;

pub use error::{Code, Error};
pub use job::{JOB_LEN_MAX, Job};
pub use picture::{PICTURE_JOB, PICTURE_LEN_MAX, make_anew};

use sha2::{Digest, Sha256};
use typst::foundations::Smart;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};
use world::World;

/// Pages at most.
const PAGES_MAX: usize = 200;
/// A PDF at most, bytes.
pub const PDF_LEN_MAX: usize = 16 << 20;

/// Input at most, bytes: of either kind of job.
pub const INPUT_LEN_MAX: usize = PICTURE_JOB.len() + PICTURE_LEN_MAX;

/// Does the job of those bytes: a picture made anew, as JPEG, or a document, as PDF.
///
/// # Errors
/// As [`make_anew`] and [`render`].
pub fn perform(job: &[u8]) -> Result<Vec<u8>, Error> {
    match job.strip_prefix(PICTURE_JOB) {
        Some(file) if file.len() > PICTURE_LEN_MAX => Err(Error::new(
            Code::TooLarge,
            format!("a file of more than {PICTURE_LEN_MAX} bytes"),
        )),
        Some(file) => make_anew(file),
        None => render(job),
    }
}

/// Sets the job of those bytes, as PDF/A-2b. Where its template came with it, this process has less time from then on.
///
/// # Errors
/// The job is not one, its template cannot be set, a sign is in no font, or the document would be too large.
pub fn render(job: &[u8]) -> Result<Vec<u8>, Error> {
    let digest = hex(&Sha256::digest(job));
    let job = Job::parse(job)?;
    if job.is_own {
        limit::apply_to_own()?;
    }
    let made_at = job.made_at;
    let world = World::new(job, &digest);
    let set = typst::compile::<PagedDocument>(&world);
    let document = set.output.map_err(|wrong| Error::not_set(&world, &wrong))?;
    // Typst warns of what may look another way than it was meant: nothing that should be handed in.
    if !set.warnings.is_empty() {
        return Err(Error::not_set(&world, &set.warnings));
    }
    if document.pages().len() > PAGES_MAX {
        return Err(Error::new(Code::TooLarge, format!("more than {PAGES_MAX} pages")));
    }
    for page in document.pages() {
        glyph::check(&page.frame)?;
    }
    let options = PdfOptions {
        ident: Smart::Custom(digest),
        creator: Smart::Custom(Some("Tillguard".to_owned())),
        timestamp: Some(Timestamp::new_utc(made_at)),
        standards: standards()?,
        ..PdfOptions::default()
    };
    let pdf = typst_pdf::pdf(&document, &options).map_err(|wrong| Error::not_set(&world, &wrong))?;
    match pdf.len() <= PDF_LEN_MAX {
        true => Ok(pdf),
        false => Err(Error::new(
            Code::TooLarge,
            format!("more than {PDF_LEN_MAX} bytes"),
        )),
    }
}

fn standards() -> Result<PdfStandards, Error> {
    PdfStandards::new(&[PdfStandard::A_2b])
        .map_err(|wrong| Error::new(Code::NotSet, wrong.message().to_string()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
