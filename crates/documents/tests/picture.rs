//! Pictures made anew: what is kept, what is lost, and what is not unpacked at all.

#![allow(clippy::unwrap_used)]

use documents::{Code, make_anew};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage};

/// Red at the left, blue at the right.
fn two_halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| match x < width / 2 {
        true => Rgb([200, 20, 20]),
        false => Rgb([20, 20, 200]),
    })
}

fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut out = Vec::new();
    JpegEncoder::new(&mut out).encode_image(picture).unwrap();
    out
}

/// The same file with what a telephone writes into it: that it lies on its side, and where it was taken.
fn from_a_telephone(jpeg: &[u8]) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2A\0\0\0\x08".to_vec();
    // Two entries: orientation 6 (turn clockwise to look at it), and a pointer to where it was taken.
    exif.extend(b"\0\x02");
    exif.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0");
    exif.extend(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x26");
    exif.extend(b"\0\0\0\0");
    exif.extend(b"\0\0\0\0\0\0GPS-31.2304N-121.4737E");
    let len = u16::try_from(exif.len() + 2).unwrap();
    let marker = [&[0xFF, 0xE1][..], &len.to_be_bytes(), &exif].concat();
    [&jpeg[..2], &marker, &jpeg[2..]].concat()
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_picture_keeps_what_is_seen_and_loses_where_it_was_taken() {
    let sent = from_a_telephone(&jpeg(&two_halves(64, 32)));
    assert!(has(&sent, b"GPS-31") && has(&sent, b"Exif"));
    let made = make_anew(&sent).unwrap();
    assert!(!has(&made, b"GPS") && !has(&made, b"Exif"));
    let seen = image::load_from_memory(&made).unwrap().to_rgb8();
    // It lay on its side: what was left is above now.
    assert_eq!(seen.dimensions(), (32, 64));
    let (above, below) = (seen.get_pixel(16, 8), seen.get_pixel(16, 56));
    assert!(above[0] > 150 && above[2] < 80, "{above:?}");
    assert!(below[2] > 150 && below[0] < 80, "{below:?}");
}

#[test]
fn a_large_picture_is_made_smaller_and_a_small_one_stays() {
    let made = make_anew(&jpeg(&two_halves(3_000, 300))).unwrap();
    let seen = image::load_from_memory(&made).unwrap();
    assert_eq!((seen.width(), seen.height()), (2_560, 256));
    let made = make_anew(&jpeg(&two_halves(40, 30))).unwrap();
    let seen = image::load_from_memory(&made).unwrap();
    assert_eq!((seen.width(), seen.height()), (40, 30));
}

#[test]
fn what_one_sees_through_lies_on_white_and_each_kind_is_taken() {
    let mut png = Vec::new();
    let mut clear = RgbaImage::from_pixel(8, 8, Rgba([0, 0, 0, 0]));
    clear.put_pixel(0, 0, Rgba([0, 0, 0, 255]));
    PngEncoder::new(&mut png)
        .write_image(&clear, 8, 8, ExtendedColorType::Rgba8)
        .unwrap();
    let mut webp = Vec::new();
    WebPEncoder::new_lossless(&mut webp)
        .encode(&clear, 8, 8, ExtendedColorType::Rgba8)
        .unwrap();
    for file in [png, webp] {
        let made = image::load_from_memory(&make_anew(&file).unwrap()).unwrap();
        let seen = made.to_rgb8();
        assert!(seen.get_pixel(6, 6)[1] > 240, "{:?}", seen.get_pixel(6, 6));
    }
}

/// A PNG that says it is so large, and has a few bytes.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(&[0; 3], 1, 1, ExtendedColorType::Rgb8)
        .unwrap();
    // The header's chunk: length, name, width, height, five more, its check.
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let check = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&check.to_be_bytes());
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

#[test]
fn what_would_unpack_to_more_than_allowed_is_not_unpacked() {
    for (width, height) in [(20_001, 1), (10_000, 10_000), (u32::MAX >> 1, u32::MAX >> 1)] {
        let code = make_anew(&bomb(width, height)).unwrap_err().code;
        assert!(matches!(code, Code::TooLarge | Code::NotSet), "{width} {height}");
    }
    assert_eq!(make_anew(&bomb(10_000, 10_000)).unwrap_err().code, Code::TooLarge);
}

#[test]
fn what_is_no_picture_or_a_broken_one_is_said_to_be_wrong() {
    let whole = jpeg(&two_halves(64, 64));
    for file in [
        &b""[..],
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        &whole[..20],
        b"\x89PNG\r\n\x1A\n\0\0",
    ] {
        let code = make_anew(file).unwrap_err().code;
        assert_eq!(code, Code::NotSet, "{file:?}");
    }
}
