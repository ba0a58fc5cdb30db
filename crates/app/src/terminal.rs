//! Terminals, as people find them.

use std::collections::BTreeMap;

use domain::account::Scope;
use domain::event::Subject;
use domain::terminal::Terminal;
use domain::{TerminalId, Timestamp};
use store::{Error, Tx};

use crate::case::Noun;

/// Notes that terminals were heard, when and from where. In one order on every node, so that no two wait for each other.
pub fn heard(tx: &Tx<'_>, heard: &BTreeMap<TerminalId, (Timestamp, String)>) -> Result<(), Error> {
    heard
        .iter()
        .try_for_each(|(terminal_id, (at, peer))| store::heard::put(tx, *terminal_id, *at, peer))
}

impl Noun for Terminal {
    const SUBJECT: Subject = Subject::Terminal;

    fn id(&self) -> &str {
        self.terminal_id.as_str()
    }

    fn get(tx: &Tx<'_>, id: &str) -> Result<Option<Self>, Error> {
        match TerminalId::parse(id.as_bytes()) {
            Some(terminal_id) => store::terminal::get(tx, terminal_id),
            None => Ok(None),
        }
    }

    fn seen_by(&self, _: &Tx<'_>, scope: &Scope) -> Result<bool, Error> {
        Ok(scope.sees(self.bound.merchant_code, &self.shop_id))
    }
}
