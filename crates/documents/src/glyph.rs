//! Signs that no font has.
//!
//! Invariant: a document with one is never handed out; glyph 0 is what a font shows for what it does not have.

use typst::layout::{Frame, FrameItem};
use typst::text::TextItem;

use crate::Error;

/// Fails with the first sign of a frame that is in no font.
pub fn check(frame: &Frame) -> Result<(), Error> {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => check(&group.frame)?,
            FrameItem::Text(text) => {
                if let Some(character) = missing(text) {
                    return Err(Error::missing(character));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn missing(text: &TextItem) -> Option<char> {
    let glyph = text.glyphs.iter().find(|glyph| glyph.id == 0)?;
    let character = text.text.get(glyph.range()).and_then(|part| part.chars().next());
    Some(character.unwrap_or(char::REPLACEMENT_CHARACTER))
}
