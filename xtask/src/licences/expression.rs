//! SPDX licence expressions: `(MIT OR Apache-2.0) AND Unicode-3.0`.
//!
//! SPDX specification 2.3, annex D: `AND` binds tighter than `OR`; `WITH` joins an exception to one licence. The
//! old `MIT/Apache-2.0` of crates' manifests means `OR`.
//!
//! Invariant: what cannot be read whole is an error, never a guess.

use anyhow::{Result, bail};

const DEPTH_MAX: usize = 32;

/// A licence expression.
#[derive(Debug, PartialEq, Eq)]
pub enum Expression {
    /// One licence, its exception included: `Apache-2.0 WITH LLVM-exception`.
    Licence(String),
    /// All of them bind.
    All(Vec<Expression>),
    /// The user chooses.
    Any(Vec<Expression>),
}

impl Expression {
    /// Whether it can be met with licences that `is_allowed` accepts.
    pub fn holds(&self, is_allowed: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Licence(id) => is_allowed(id),
            Self::All(parts) => parts.iter().all(|part| part.holds(is_allowed)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(is_allowed)),
        }
    }
}

/// Reads an expression.
///
/// # Errors
/// It is empty, ends too early, goes on too long, or is nested too deep.
pub fn parse(text: &str) -> Result<Expression> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words };
    let expression = reader.any(0)?;
    match reader.words {
        [] => Ok(expression),
        [word, ..] => bail!("did not expect `{word}`"),
    }
}

struct Reader<'a> {
    words: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn any(&mut self, depth: usize) -> Result<Expression> {
        let mut parts = vec![self.all(depth)?];
        while self.takes("OR") {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Expression::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expression> {
        let mut parts = vec![self.single(depth)?];
        while self.takes("AND") {
            parts.push(self.single(depth)?);
        }
        Ok(one_or(parts, Expression::All))
    }

    fn single(&mut self, depth: usize) -> Result<Expression> {
        if depth > DEPTH_MAX {
            bail!("nested too deep");
        }
        if self.takes("(") {
            let inner = self.any(depth + 1)?;
            if !self.takes(")") {
                bail!("a parenthesis is not closed");
            }
            return Ok(inner);
        }
        let id = self.id()?;
        if self.takes("WITH") {
            return Ok(Expression::Licence(format!("{id} WITH {}", self.id()?)));
        }
        Ok(Expression::Licence(id.to_owned()))
    }

    fn id(&mut self) -> Result<&'a str> {
        match self.words {
            [word, rest @ ..] if !["(", ")", "AND", "OR", "WITH"].contains(word) => {
                self.words = rest;
                Ok(word)
            }
            [word, ..] => bail!("expected a licence, found `{word}`"),
            [] => bail!("expected a licence, found the end"),
        }
    }

    fn takes(&mut self, wanted: &str) -> bool {
        match self.words {
            [word, rest @ ..] if *word == wanted => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

fn one_or(mut parts: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.remove(0),
        _ => several(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, allowed: &[&str]) -> bool {
        parse(text).unwrap().holds(&|id| allowed.contains(&id))
    }

    #[test]
    fn one_of_the_alternatives_is_enough_and_all_of_a_sum_are_needed() {
        assert!(holds("MIT OR GPL-3.0-only", &["MIT"]));
        assert!(!holds("MIT AND GPL-3.0-only", &["MIT"]));
        assert!(holds("MIT AND ISC", &["MIT", "ISC"]));
        assert!(holds("MIT/Apache-2.0", &["Apache-2.0"]));
    }

    #[test]
    fn and_binds_tighter_than_or_unless_parentheses_say_otherwise() {
        assert!(holds("A OR B AND C", &["A"]));
        assert!(!holds("(A OR B) AND C", &["A"]));
        assert!(holds(
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            &["MIT", "Unicode-3.0"]
        ));
        assert!(holds("((A))", &["A"]));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        let text = "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT";
        assert!(holds(text, &["MIT"]));
        assert!(!holds("Apache-2.0 WITH LLVM-exception", &["Apache-2.0"]));
        assert!(holds(
            "Apache-2.0 WITH LLVM-exception",
            &["Apache-2.0 WITH LLVM-exception"]
        ));
    }

    #[test]
    fn what_cannot_be_read_whole_is_an_error() {
        for text in [
            "", "()", "MIT OR", "AND MIT", "MIT ISC", "(MIT", "MIT)", "MIT WITH", "OR",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&format!("{}MIT{}", "(".repeat(100), ")".repeat(100))).is_err());
    }
}
