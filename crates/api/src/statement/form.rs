//! The form that brings a file: its fields one by one, within their sizes and times.
//!
//! Invariant: a form that is not whole, or has a field that nobody knows, is refused, and nothing of it is read.

use ::statement::{HEADER_ROW_MAX, Options};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use domain::money::Currency;
use domain::statement::FILE_LEN_MAX;
use multer::{Constraints, Multipart, SizeLimit};
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use tokio_stream::StreamExt;
use utoipa::ToSchema;

use crate::edge::{BODY_TIME_MAX, UPLOAD_TIME_MAX};
use crate::input::text;
use crate::problem::{Problem, Why, code};

/// What a form has besides its file at most, bytes.
const FIELDS_LEN_MAX: u64 = 128 << 10;
/// The mapping at most, bytes.
const MAPPING_LEN_MAX: u64 = 16 << 10;
/// Any other field, in characters.
const FIELD_CHARS_MAX: usize = 100;

/// A file, and what it does not say by itself.
#[derive(Default, ToSchema)]
pub struct StatementForm {
    /// The file as it was downloaded: XLSX, XLS, CSV or another text; each also in a zip or gzip. At most 32 MiB.
    #[schema(value_type = String, format = Binary)]
    pub file: Bytes,
    /// The shop that it is for, or
    pub shop_id: Option<String>,
    /// the one terminal.
    pub terminal_id: Option<String>,
    /// `true`: say what would be read, and keep nothing. Unless said, it is.
    pub preview: Option<bool>,
    /// How to read a file whose layout is not public, as JSON; `docs/STATEMENTS.md` has its shape.
    pub mapping: Option<String>,
    /// With `preview`: the row of the headings, from 1, where a guess has not found it.
    pub header_row: Option<u32>,
    /// The currency (ISO 4217), where the file says none.
    pub currency: Option<String>,
    /// The time zone (an offset, or a name of the IANA), where the file says none.
    pub zone: Option<String>,
}

/// A form that was read.
pub struct Brought {
    pub form: StatementForm,
    pub name: String,
    pub sha256: Vec<u8>,
    pub options: Options,
}

impl Brought {
    /// How it is read, as it is kept: with all that was said of it.
    pub fn mapping(&self) -> Result<Option<String>, Problem> {
        let Some(mut mapping) = self.options.mapping.clone() else {
            return Ok(None);
        };
        let letters = || self.options.currency?.letters().map(str::to_owned);
        mapping.currency = mapping.currency.or_else(letters);
        mapping.zone = mapping.zone.or_else(|| self.form.zone.clone());
        let json = serde_json::to_string(&mapping);
        json.map(Some).map_err(|error| Problem::internal(&error))
    }
}

/// What parts the fields of a form that begins from each other. One that is none, or too large, is refused before it is sent.
pub fn begun(request: &Request) -> Result<String, Problem> {
    let boundary = boundary(request.headers()).ok_or_else(|| Problem::new(code::UNSUPPORTED_MEDIA_TYPE))?;
    match said_len(request.headers()).is_some_and(|len| len > (FILE_LEN_MAX as u64) + FIELDS_LEN_MAX) {
        true => Err(Problem::new(code::BODY_TOO_LARGE)),
        false => Ok(boundary),
    }
}

/// What parts the fields, as the head says.
fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    multer::parse_boundary(kind).ok()
}

/// How long the body is, as its head says.
fn said_len(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A form to its end: a piece within [`BODY_TIME_MAX`] each, all of it within [`UPLOAD_TIME_MAX`].
pub async fn taken_in(boundary: String, body: Body) -> Result<Brought, Problem> {
    let limits = SizeLimit::new()
        .whole_stream((FILE_LEN_MAX as u64) + FIELDS_LEN_MAX)
        .per_field(4 * FIELD_CHARS_MAX as u64)
        .for_field("file", FILE_LEN_MAX as u64)
        .for_field("mapping", MAPPING_LEN_MAX);
    // Pieces of a body are read by a stream that keeps its place between two of them.
    let pieces = Box::pin(body.into_data_stream().timeout(BODY_TIME_MAX));
    let pieces = pieces.map(|piece| match piece {
        Ok(piece) => piece.map_err(Cut::Broken),
        Err(_) => Err(Cut::Slow),
    });
    let mut form = Multipart::with_constraints(pieces, boundary, Constraints::new().size_limit(limits));
    let all = async {
        let (mut read, mut has) = (StatementForm::default(), Vec::new());
        let mut file_name = String::new();
        while let Some(part) = form.next_field().await.map_err(not_whole)? {
            let name = part.name().unwrap_or_default().to_owned();
            if has.contains(&name) {
                return Err(Problem::field(field(&name), Why::Invalid));
            }
            if name == "file" {
                file_name = part.file_name().map(named).unwrap_or_default();
            }
            read.take(&name, part.bytes().await.map_err(not_whole)?)?;
            has.push(name);
        }
        Ok((read, file_name))
    };
    let slow = |_| Problem::new(code::BODY_TOO_SLOW);
    let (form, name) = timeout(UPLOAD_TIME_MAX, all).await.map_err(slow)??;
    if form.file.is_empty() {
        return Err(Problem::field("file", Why::Missing));
    }
    Ok(Brought {
        options: form.options()?,
        sha256: Sha256::digest(&form.file).to_vec(),
        name,
        form,
    })
}

/// Why a body ended before its end.
#[derive(Debug, thiserror::Error)]
enum Cut {
    /// Its sender took too long.
    #[error("too slow")]
    Slow,
    /// Its sender is gone.
    #[error("broken off")]
    Broken(#[source] axum::Error),
}

/// Why a form did not come whole.
fn not_whole(error: multer::Error) -> Problem {
    match error {
        multer::Error::FieldSizeExceeded {
            field_name: Some(name),
            ..
        } if name != "file" => Problem::field(field(&name), Why::TooLong),
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            Problem::new(code::BODY_TOO_LARGE)
        }
        multer::Error::StreamReadFailed(cut) if matches!(cut.downcast_ref(), Some(Cut::Slow)) => {
            Problem::new(code::BODY_TOO_SLOW)
        }
        _ => Problem::new(code::MALFORMED_REQUEST),
    }
}

/// A field's name as it is named back.
fn field(name: &str) -> String {
    name.chars().take(FIELD_CHARS_MAX).collect()
}

impl StatementForm {
    /// Takes a field.
    fn take(&mut self, name: &str, value: Bytes) -> Result<(), Problem> {
        let invalid = || Problem::field(name, Why::Invalid);
        let said = || std::str::from_utf8(&value).map_err(|_| invalid());
        let short = || Ok::<_, Problem>(Some(text(name, said()?, FIELD_CHARS_MAX)?));
        match name {
            "file" => self.file = value,
            "shop_id" => self.shop_id = short()?,
            "terminal_id" => self.terminal_id = short()?,
            "currency" => self.currency = short()?,
            "zone" => self.zone = short()?,
            "mapping" => self.mapping = Some(said()?.to_owned()),
            "header_row" => {
                let row = said()?
                    .parse()
                    .ok()
                    .filter(|row| (1..=HEADER_ROW_MAX).contains(row));
                self.header_row = Some(row.ok_or_else(invalid)?);
            }
            "preview" => {
                let is_preview = said()?
                    .parse::<bool>()
                    .map_err(|_| Problem::field(name, Why::NotAWord));
                self.preview = Some(is_preview?);
            }
            _ => return Err(Problem::field(field(name), Why::Unknown)),
        }
        Ok(())
    }

    /// What the file does not say by itself.
    fn options(&self) -> Result<Options, Problem> {
        let currency = self.currency.as_deref().map(|letters| {
            Currency::parse(&letters.to_ascii_uppercase())
                .ok_or_else(|| Problem::field("currency", Why::NotACurrency))
        });
        let zone = self
            .zone
            .as_deref()
            .map(|name| ::statement::zone(name).ok_or_else(|| Problem::field("zone", Why::NotAZone)));
        let mapping = self
            .mapping
            .as_deref()
            .map(|json| serde_json::from_str(json).map_err(|_| Problem::field("mapping", Why::Invalid)));
        Ok(Options {
            currency: currency.transpose()?,
            zone: zone.transpose()?,
            mapping: mapping.transpose()?,
        })
    }
}

/// The name of a file without folders, and without what cannot be seen or turns how it is read.
fn named(name: &str) -> String {
    let own = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |one: char| matches!(one, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let own: String = own
        .chars()
        .filter(|one| !one.is_control() && !turns(*one))
        .take(FIELD_CHARS_MAX)
        .collect();
    match own.trim() {
        "" => "file".to_owned(),
        own => own.to_owned(),
    }
}
