//! Tables of HTML, which some sites call `.xls`.
//!
//! Invariant: a table within a table ends the row it stands in; nothing is looked up, and no script is run.

use std::io::{BufRead, BufReader, Read};

use super::trouble;
use crate::limit::LINE_BYTES_MAX;
use crate::read::{Error, Trouble};
use crate::row::Row;
use crate::table::{Flow, Tables};

/// Whether a text begins as HTML with a table.
pub fn is_table(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_lowercase();
    let begins = head.trim_start_matches('\u{feff}').trim_start().starts_with('<');
    begins && (head.contains("<table") || head.contains("<html"))
}

/// Shows its rows; they are numbered as they come.
pub fn rows(from: impl Read, tables: &mut dyn Tables) -> Result<(), Error> {
    let mut from = BufReader::new(from);
    let mut row = Row::default();
    let mut number = 0;
    let mut is_in_cell = false;
    let mut piece = Vec::new();
    loop {
        until(&mut from, b'<', &mut piece)?;
        if is_in_cell {
            put(&mut row, &piece);
        }
        if until(&mut from, b'>', &mut piece)? == 0 {
            break;
        }
        match tag(&piece).as_str() {
            "td" | "th" => {
                row.begin();
                is_in_cell = true;
            }
            "/td" | "/th" => is_in_cell = false,
            "br" if is_in_cell => row.push(" "),
            "tr" | "/tr" | "/table" => {
                is_in_cell = false;
                number += u64::from(row.len() > 0);
                if row.len() > 0 && tables.row(number, &row)? == Flow::Leave {
                    return Ok(());
                }
                row.clear();
            }
            _ => {}
        }
    }
    if row.len() > 0 {
        tables.row(number + 1, &row)?;
    }
    Ok(())
}

/// Reads up to a byte, without it; how many bytes were read with it.
fn until(from: &mut impl BufRead, end: u8, piece: &mut Vec<u8>) -> Result<usize, Trouble> {
    piece.clear();
    let read = from
        .take(LINE_BYTES_MAX as u64 + 1)
        .read_until(end, piece)
        .map_err(trouble)?;
    if piece.len() > LINE_BYTES_MAX {
        return Err(Trouble::TooLarge);
    }
    piece.pop_if(|last| *last == end);
    Ok(read)
}

/// The name of a tag, in small letters.
fn tag(piece: &[u8]) -> String {
    let name = piece
        .split(|one| one.is_ascii_whitespace())
        .next()
        .unwrap_or_default();
    let name = String::from_utf8_lossy(name.get(..16).unwrap_or(name)).to_ascii_lowercase();
    match name.len() > 1 {
        true => name.trim_end_matches('/').to_owned(),
        false => name,
    }
}

/// Adds a text to the cell, with what stands for signs in HTML read.
fn put(row: &mut Row, piece: &[u8]) {
    let text = String::from_utf8_lossy(piece);
    let mut rest = text.as_ref();
    while let Some((before, after)) = rest.split_once('&') {
        row.push(before);
        let end = after.bytes().take(10).position(|one| one == b';');
        let sign = end.and_then(|end| Some((sign(after.get(..end)?)?, after.get(end + 1..)?)));
        rest = match sign {
            Some((sign, after)) => {
                row.push(sign.encode_utf8(&mut [0; 4]));
                after
            }
            None => {
                row.push("&");
                after
            }
        };
    }
    row.push(rest);
}

fn sign(name: &str) -> Option<char> {
    let number = |text: &str, radix| u32::from_str_radix(text, radix).ok().and_then(char::from_u32);
    match name {
        "nbsp" => Some(' '),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "yen" => Some('¥'),
        _ => match name.strip_prefix('#')? {
            hex if hex.starts_with(['x', 'X']) => number(&hex[1..], 16),
            decimal => number(decimal, 10),
        },
    }
}
