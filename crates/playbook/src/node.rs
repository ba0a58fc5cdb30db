//! YAML as it stands: values and their lines, before anybody asks what they mean.
//!
//! Invariant: nothing here fails but for what is no YAML; what aliases may grow to, and how deep lists lie, is bounded by the reader.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Nothing.
    Null,
    /// `true` or `false`.
    YesOrNo(bool),
    /// A whole number.
    Number(i64),
    /// A number of another kind.
    Odd,
    /// A text.
    Text(String),
    /// Values.
    List(Vec<Spot>),
    /// Fields with their values, in the order of the text.
    Fields(Vec<Entry>),
}

/// A value with its line.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    line: u64,
}

/// A value of any kind.
pub type Spot = At<Node>;
/// A field and its value.
pub type Entry = (At<String>, Spot);

impl<T> At<T> {
    /// Its line, from 1.
    pub fn line(&self) -> Option<u32> {
        u32::try_from(self.line).ok().filter(|line| *line > 0)
    }
}

impl Spot {
    /// The value of that field.
    pub fn field(&self, name: &str) -> Option<&Node> {
        let Node::Fields(entries) = &self.value else {
            return None;
        };
        let entry = entries.iter().find(|(field, _)| field.value == name);
        entry.map(|(_, value)| &value.value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let it = Spanned::<T>::deserialize(from)?;
        Ok(Self {
            value: it.value,
            line: it.referenced.line(),
        })
    }
}

/// A text as it stands; what is no YAML is told with its line.
pub fn parse(text: &str) -> Result<Spot, (Option<u32>, String)> {
    serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().as_ref().map(Location::line);
        let why = error.without_snippet().to_string();
        (line.and_then(|line| u32::try_from(line).ok()), why)
    })
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, it: bool) -> Result<Node, E> {
        Ok(Node::YesOrNo(it))
    }

    fn visit_i64<E>(self, it: i64) -> Result<Node, E> {
        Ok(Node::Number(it))
    }

    fn visit_u64<E>(self, it: u64) -> Result<Node, E> {
        Ok(i64::try_from(it).map_or(Node::Odd, Node::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Odd)
    }

    fn visit_str<E: de::Error>(self, it: &str) -> Result<Node, E> {
        Ok(Node::Text(it.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Node, D::Error> {
        from.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(Node::Fields(fields))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any)
    }
}
