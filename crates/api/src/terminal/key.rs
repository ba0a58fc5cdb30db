//! Master keys of terminals: how people have them, and how they go in.
//!
//! Invariant: a key goes in and never comes out again; an answer has its check value.

use std::sync::Arc;

use app::terminal::MasterKey;
use axum::extract::{Path, State};
use domain::TerminalId;
use domain::hex;
use domain::terminal::Terminal;
use node::seal::{Purpose, Sealer};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::{TerminalOut, page, parse_id};
use crate::Api;
use crate::auth;
use crate::idempotency::Kept;
use crate::input::In;
use crate::problem::{Problem, ProblemOut, Why};
use crate::route::acting;

/// Parts that a key may be given in.
const COMPONENTS_MAX: usize = 3;

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(set_key))
}

/// The first four bytes of eight zero bytes under a key of 16 or 24 bytes; `None` for what is no key.
pub type KeyCheck = fn(&[u8]) -> Option<[u8; 4]>;

/// What a key is made ready with.
#[derive(Clone, Copy)]
pub struct Safe<'a> {
    /// What seals it.
    pub sealer: &'a Sealer,
    /// What checks it.
    pub check: KeyCheck,
}

/// A master key, in as many parts as it was given to people in: the key is their exclusive or.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "components": ["11223344556677889900AABBCCDDEEFF", "0123456789ABCDEFFEDCBA9876543210"], "check_value": "E66F46",
}))]
pub struct MasterKeyIn {
    /// One to three components of 16 or 24 bytes, two hexadecimal digits each; one is the key itself.
    components: Vec<String>,
    /// The first three or four bytes of eight zero bytes under the key put together: six or eight hexadecimal digits.
    check_value: String,
}

impl MasterKeyIn {
    /// The key, sealed for that terminal; nothing when the check value is another's.
    pub fn seal(self, safe: Safe<'_>, terminal_id: TerminalId) -> Result<MasterKey, Problem> {
        const COMPONENTS: &str = "master_key.components";
        let not_a_key = || Problem::field(COMPONENTS, Why::NotAMasterKey);
        let components = self.components.into_iter().map(Zeroizing::new);
        let components =
            components.map(|text| hex::read(text.trim()).map(Zeroizing::new).ok_or_else(not_a_key));
        let components = components.collect::<Result<Vec<_>, _>>()?;
        let key = together(&components).ok_or_else(not_a_key)?;
        let right = (safe.check)(&key).ok_or_else(not_a_key)?;
        let said = hex::read(self.check_value.trim()).unwrap_or_default();
        if said.len() < 3 || !right.starts_with(&said) {
            return Err(Problem::field("master_key.check_value", Why::WrongCheckValue));
        }
        let sealed = safe.sealer.seal(Purpose::MasterKey, terminal_id.as_str(), &key);
        Ok(MasterKey {
            sealed: sealed.map_err(|error| Problem::internal(&error))?,
            check: said.iter().map(|byte| format!("{byte:02X}")).collect(),
        })
    }
}

/// The exclusive or of components of one length that a master key can have; nothing for a weak key.
fn together(components: &[Zeroizing<Vec<u8>>]) -> Option<Zeroizing<Vec<u8>>> {
    let (first, rest) = components.split_first()?;
    let is_long = matches!(first.len(), 16 | 24) && components.len() <= COMPONENTS_MAX;
    if !is_long || rest.iter().any(|component| component.len() != first.len()) {
        return None;
    }
    let mut key = first.clone();
    for component in rest {
        key.iter_mut()
            .zip(component.iter())
            .for_each(|(byte, other)| *byte ^= other);
    }
    // With two halves alike it is a single DES key; all zero it is what components make that cancel each other.
    let is_weak = key[..8] == key[8..16];
    (!is_weak).then_some(key)
}

/// Give a terminal another master key, for its next sign-in.
#[utoipa::path(post, path = "/terminals/{terminal_id}/master-key", tag = "terminal", params(("terminal_id" = String, Path)),
    request_body = MasterKeyIn, responses(
    (status = 200, body = TerminalOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn set_key(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(terminal_id): Path<String>,
    input: In<MasterKeyIn>,
) -> Result<Kept, Problem> {
    let (terminal_id, node) = (parse_id(&terminal_id)?, api.node.clone());
    let check = api.settings.key_check;
    acting(&api, account, input, move |tx, actor, said: MasterKeyIn| {
        let safe = Safe {
            sealer: &node.sealer,
            check,
        };
        app::case::find::<Terminal>(tx, actor, terminal_id.as_str())?;
        let key = said.seal(safe, terminal_id)?;
        page(tx, actor, app::terminal::set_key(tx, actor, terminal_id, key)?)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(components: &[&str], check_value: &str) -> Result<MasterKey, Problem> {
        let key = MasterKeyIn {
            components: components.iter().map(|text| (*text).to_owned()).collect(),
            check_value: check_value.to_owned(),
        };
        let safe = Safe {
            sealer: &Sealer::new(&[7; 32]),
            check: |key| iso8583::keys::check_value(key).ok(),
        };
        key.seal(safe, TerminalId::parse(b"30501101").unwrap())
    }

    #[test]
    fn a_key_is_put_together_of_its_components_and_checked() {
        let whole = "0123456789ABCDEFFEDCBA9876543210";
        for check in ["08D7B4", "08d7b4fb", " 08D7B4 "] {
            let sealed = key(&[whole], check).unwrap();
            let opened = Sealer::new(&[7; 32]).open(Purpose::MasterKey, "30501101", &sealed.sealed);
            assert_eq!(opened.unwrap().as_slice(), hex::read(whole).unwrap());
            assert_eq!(sealed.check, check.trim().to_uppercase());
        }
        let other = "00112233445566778899AABBCCDDEEFF";
        let rest: String = hex::read(whole)
            .unwrap()
            .iter()
            .zip(hex::read(other).unwrap())
            .map(|(one, other)| format!("{:02x}", one ^ other))
            .collect();
        assert_eq!(key(&[other, &rest], "08D7B4").unwrap().check, "08D7B4");
        let field = |components: &[&str], check| {
            key(components, check)
                .err()
                .unwrap()
                .wrong_field()
                .map(str::to_owned)
        };
        for check in ["", "08D7", "08D7B5", "08D7B4FB00"] {
            assert_eq!(
                field(&[whole], check).as_deref(),
                Some("master_key.check_value"),
                "{check}"
            );
        }
        for components in [
            &[][..],
            &["0123456789ABCDEF"],
            &[whole, whole],
            &["0123456789ABCDEF0123456789ABCDEF"],
            &[whole; 4],
            &[whole, "0123456789ABCDEF"],
            &["xx"],
            &["+123456789ABCDEFFEDCBA9876543210"],
        ] {
            assert_eq!(
                field(components, "08D7B4").as_deref(),
                Some("master_key.components"),
                "{components:?}"
            );
        }
    }
}
