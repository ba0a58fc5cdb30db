//! JSON in one form only (RFC 8785, for objects of texts and whole numbers): what is hashed.
//!
//! Invariant: the same members give the same bytes, and other members other bytes.

use std::fmt::Write;

/// An object, its members in the order of their names.
#[derive(Default)]
pub struct Object {
    text: String,
    last: &'static str,
}

/// A member's value.
pub enum Member<'a> {
    /// Nothing.
    Null,
    /// A whole number, at most 2⁵³ either way, so that every reader takes it for the same.
    Number(i64),
    /// A text.
    Text(&'a str),
}

impl From<i64> for Member<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl<'a> From<&'a str> for Member<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a, T: Into<Member<'a>>> From<Option<T>> for Member<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Member::Null, Into::into)
    }
}

impl Object {
    /// Adds a member, whose name follows all before it.
    pub fn with<'a>(mut self, name: &'static str, value: impl Into<Member<'a>>) -> Self {
        debug_assert!(self.last < name, "{name} stands in the wrong place");
        self.last = name;
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        text(&mut self.text, name);
        self.text.push(':');
        match value.into() {
            Member::Null => self.text.push_str("null"),
            Member::Number(number) => self.text.push_str(&number.to_string()),
            Member::Text(value) => text(&mut self.text, value),
        }
        self
    }

    /// Adds a member where there is something to say.
    pub fn with_some<'a>(self, name: &'static str, value: Option<impl Into<Member<'a>>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The object as it is hashed.
    pub fn finish(mut self) -> String {
        if self.text.is_empty() {
            self.text.push('{');
        }
        self.text.push('}');
        self.text
    }
}

fn text(to: &mut String, value: &str) {
    to.push('"');
    for sign in value.chars() {
        match sign {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\u{8}' => to.push_str("\\b"),
            '\t' => to.push_str("\\t"),
            '\n' => to.push_str("\\n"),
            '\u{c}' => to.push_str("\\f"),
            '\r' => to.push_str("\\r"),
            sign if sign < ' ' => {
                // Writing to a text does not fail.
                let _ = write!(to, "\\u{:04x}", u32::from(sign));
            }
            sign => to.push(sign),
        }
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_written_in_one_way() {
        let object = Object::default()
            .with("a", Member::Null)
            .with("b", -3)
            .with_some("c", None::<i64>)
            .with("d", "\u{1}\u{8}\t\n\u{c}\r\"\\/é€ \u{1f600}\u{7f}");
        let expected = "{\"a\":null,\"b\":-3,\"d\":\"\\u0001\\b\\t\\n\\f\\r\\\"\\\\/é€ \u{1f600}\u{7f}\"}";
        assert_eq!(object.finish(), expected);
        assert_eq!(Object::default().finish(), "{}");
    }

    #[test]
    #[should_panic(expected = "stands in the wrong place")]
    fn members_out_of_order_are_refused() {
        let _ = Object::default().with("b", 1).with("a", 1);
    }
}
