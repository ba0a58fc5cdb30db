//! Filling an empty store with an estate: merchants, shops, terminals, operators, accounts and past transactions.
//!
//! Invariant: only an empty store is filled.

use domain::TerminalId;
use domain::account::Account;
use domain::merchant::Merchant;
use domain::operator::Operator;
use domain::setting::Settings;
use domain::shop::Shop;
use domain::terminal::Terminal;
use domain::transaction::LedgerRow;
use store::terminal_session::TerminalSession;
use store::{Error, Tx};

/// Who and what an estate consists of.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    /// Merchants.
    pub merchants: Vec<Merchant>,
    /// Shops.
    pub shops: Vec<Shop>,
    /// Terminals and their encrypted master keys.
    pub terminals: Vec<(Terminal, Vec<u8>)>,
    /// Operators and the hashes of their passwords.
    pub operators: Vec<(Operator, String)>,
    /// Accounts and the hashes of their passwords.
    pub accounts: Vec<(Account, String)>,
}

/// Whether the store has an estate already.
pub fn exists(tx: &Tx<'_>) -> Result<bool, Error> {
    Ok(store::terminal::count(tx)? > 0)
}

/// Adds an estate.
pub fn fill(tx: &Tx<'_>, estate: &Estate) -> Result<(), Error> {
    for merchant in &estate.merchants {
        store::merchant::insert(tx, merchant)?;
    }
    for shop in &estate.shops {
        store::shop::insert(tx, shop)?;
    }
    for (terminal, master_key_sealed) in &estate.terminals {
        store::terminal::insert(tx, terminal, master_key_sealed)?;
    }
    for (operator, password_hash) in &estate.operators {
        store::operator::insert(tx, operator, password_hash)?;
    }
    for (account, password_hash) in &estate.accounts {
        store::account::insert(tx, account, password_hash)?;
    }
    if !estate.accounts.is_empty() && store::setting::get(tx)?.is_none() {
        store::setting::insert(tx, &Settings::unasked())?;
    }
    Ok(())
}

/// Adds rows of the past, each terminal's in its order.
pub fn fill_ledger(tx: &Tx<'_>, rows: &[LedgerRow]) -> Result<(), Error> {
    rows.iter().try_for_each(|row| store::ledger::append(tx, row))
}

/// Adds what the terminals' last sign-ins left.
pub fn fill_sessions(tx: &Tx<'_>, sessions: &[(TerminalId, TerminalSession)]) -> Result<(), Error> {
    let put = |(terminal_id, session): &(TerminalId, TerminalSession)| {
        store::terminal_session::put(tx, *terminal_id, session)
    };
    sessions.iter().try_for_each(put)
}

/// Notes the check value of a data key that seals from now on; on a shared store only once every node that is present has it.
/// Answers the name of one that lacks it, and then nothing was noted. `node` is who asks, and is not asked itself; `None`: there is
/// nobody else.
///
/// # Errors
/// [`Error::Conflict`] when another node has noted one at the same time.
pub fn sealed_by(tx: &Tx<'_>, node: Option<&str>, check: &[u8]) -> Result<Option<String>, Error> {
    let is_first = store::data_key::newest(tx)?.is_none();
    if !is_first
        && let Some(node) = node
        && let Some(lacking) = store::node::lacks(tx, check, node)?
    {
        return Ok(Some(lacking));
    }
    store::data_key::insert(tx, check)?;
    Ok(None)
}
