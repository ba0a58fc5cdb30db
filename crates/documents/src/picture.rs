//! Pictures made anew: what a camera saw, without what it wrote down beside it (place, time, owner, preview).
//!
//! Invariant: how large a picture is is known before a pixel of it is unpacked; what comes out is pixels alone, turned as they are
//! to be looked at.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use crate::{Code, Error};

/// What a job for a picture begins with; the file follows.
pub const PICTURE_JOB: &[u8] = b"tillguard-picture/1\n";
/// A file at most, bytes.
pub const PICTURE_LEN_MAX: usize = 20 << 20;
/// Pixels of what comes in: more than telephones take by themselves.
const PIXELS_MAX: u64 = 64_000_000;
/// The longer side of what comes in.
const SIDE_MAX: u32 = 20_000;
/// What a decoder may ask for, bytes.
const ALLOCATED_MAX: u64 = 400 << 20;
/// The longer side of what goes out.
const SIDE_OUT_MAX: u32 = 2_560;
/// Of what goes out, of 100.
const QUALITY: u8 = 85;

/// Makes a picture anew, as JPEG.
///
/// # Errors
/// It is none of JPEG, PNG and WebP, is broken, or is larger than allowed.
pub fn make_anew(file: &[u8]) -> Result<Vec<u8>, Error> {
    let wrong = |error: image::ImageError| Error::new(Code::NotSet, error.to_string());
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|error| Error::system("the picture", error))?;
    if !matches!(
        reader.format(),
        Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)
    ) {
        return Err(Error::new(Code::NotSet, "no picture that is taken"));
    }
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(wrong)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(Error::new(
            Code::TooLarge,
            format!("more than {PIXELS_MAX} pixels"),
        ));
    }
    let orientation = decoder.orientation().map_err(wrong)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(wrong)?;
    let mut picture = match width.max(height) > SIDE_OUT_MAX {
        true => picture.thumbnail(SIDE_OUT_MAX, SIDE_OUT_MAX),
        false => picture,
    };
    picture.apply_orientation(orientation);
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, QUALITY)
        .encode_image(&on_white(&picture))
        .map_err(wrong)?;
    Ok(out)
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(ALLOCATED_MAX);
    limits
}

/// Its colours, as if it lay on paper where one sees through it.
fn on_white(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let seen = picture.to_rgba8();
    let mut paper = RgbImage::new(seen.width(), seen.height());
    for (on, pixel) in paper.pixels_mut().zip(seen.pixels()) {
        let [red, green, blue, alpha] = pixel.0.map(u32::from);
        let over = |colour: u32| ((colour * alpha + 255 * (255 - alpha)) / 255) as u8;
        on.0 = [over(red), over(green), over(blue)];
    }
    paper
}
