//! The simulator's estate, as the store keeps it: the only place where the two meet.
//!
//! Invariant: what is secret is sealed or hashed here, before it reaches the store.

use std::collections::HashMap;

use anyhow::{Context, anyhow};
use app::estate::Estate as Kept;
use domain::account::{Account, Role, Scope};
use domain::merchant::Merchant;
use domain::money::Currency;
use domain::operator::{Number, Operator};
use domain::shop::Shop;
use domain::terminal::{BoundElements, Control, SettlementAccount, Status, Terminal};
use domain::transaction::{BatchTrace, Decision, Entry, EntryMode, Kind, LedgerRow, Proof, ResponseCode};
use domain::{MaskedPan, MerchantId, Money, TerminalId, Timestamp};
use simulator::estate::{Estate, PastTransaction};
use store::terminal_session::TerminalSession;

use node::Node;
use node::seal::{Purpose, Sealer, random};

/// A log-in of the demo.
#[derive(Clone)]
pub struct Login {
    /// What it is for.
    pub role: Role,
    /// What to type.
    pub login: String,
    /// What to type.
    pub password: String,
}

/// Rows of the past in one store transaction.
const ROWS_PER_WRITE: usize = 4_000;

/// Fills an empty store with the estate, its accounts and so many days of its past.
pub async fn fill(node: &Node, estate: &Estate, logins: &[Login], days: u32) -> anyhow::Result<()> {
    let kept = kept(&node.sealer, estate, logins)?;
    node.write(move |tx| app::estate::fill(tx, &kept)).await?;
    let mut rows = Vec::with_capacity(ROWS_PER_WRITE);
    let mut past = Past::new(estate)?;
    for transaction in estate.history(days) {
        rows.push(past.row(&transaction)?);
        if rows.len() == ROWS_PER_WRITE {
            let batch = std::mem::replace(&mut rows, Vec::with_capacity(ROWS_PER_WRITE));
            node.write(move |tx| app::estate::fill_ledger(tx, &batch)).await?;
        }
    }
    node.write(move |tx| app::estate::fill_ledger(tx, &rows)).await?;
    let sessions = past.sessions(&node.sealer)?;
    node.write(move |tx| app::estate::fill_sessions(tx, &sessions))
        .await?;
    Ok(())
}

/// The log-ins of the demo: an owner of each merchant, a manager and a cashier, and the acquirer's people.
pub fn logins(estate: &Estate, password: &str) -> Vec<Login> {
    let owner = |(index, _)| {
        (
            Role::Owner,
            ["owner", "owner2", "owner3"]
                .get(index)
                .copied()
                .unwrap_or("owner4"),
        )
    };
    let owners = estate.merchants.iter().enumerate().map(owner);
    let others = [
        (Role::Manager, "manager"),
        (Role::Cashier, "cashier"),
        (Role::RiskOfficer, "risk"),
        (Role::RiskOfficer, "risk2"),
        (Role::Operations, "operations"),
        (Role::FieldEngineer, "engineer"),
        (Role::Administrator, "admin"),
        (Role::Auditor, "auditor"),
    ];
    let login = |(role, login): (Role, &str)| Login {
        role,
        login: login.to_owned(),
        password: password.to_owned(),
    };
    owners.chain(others).map(login).collect()
}

fn kept(sealer: &Sealer, estate: &Estate, logins: &[Login]) -> anyhow::Result<Kept> {
    let merchant_id = |index: usize| -> anyhow::Result<MerchantId> {
        let merchant = estate.merchants.get(index).context("no such merchant")?;
        MerchantId::parse(merchant.merchant_id.as_bytes()).context("merchant_id")
    };
    let mut kept = Kept::default();
    for (index, merchant) in estate.merchants.iter().enumerate() {
        kept.merchants.push(Merchant {
            merchant_id: merchant_id(index)?,
            name: merchant.name_zh.clone(),
            name_en: merchant.name_en.clone(),
            trade: format!("{:?}", merchant.trade).to_lowercase(),
            unified_social_credit_code: merchant.unified_social_credit_code.clone(),
            state: domain::merchant::State::Active,
        });
    }
    for shop in &estate.shops {
        kept.shops.push(Shop {
            shop_id: shop.shop_id.clone(),
            merchant_id: merchant_id(shop.merchant)?,
            name: shop.name_zh.clone(),
            address: shop.address_zh.clone(),
            state: domain::shop::State::Active,
        });
    }
    for terminal in &estate.terminals {
        let sealed = sealer.seal(Purpose::MasterKey, &terminal.terminal_id, &terminal.master_key)?;
        kept.terminals.push((
            kept_terminal(sealer, estate, terminal, merchant_id(terminal.merchant)?)?,
            sealed,
        ));
    }
    for operator in &estate.operators {
        let shop = estate.shops.get(operator.shop).context("no such shop")?;
        let hash = app::password::hash(&operator.password, &random()?)?;
        let name = operator.name_zh.clone();
        let operator = Number::parse(&operator.number).context("operator")?;
        kept.operators.push((
            Operator {
                shop_id: shop.shop_id.clone(),
                operator,
                name,
                state: domain::operator::State::Active,
            },
            hash,
        ));
    }
    let mut owners = 0;
    for login in logins {
        let hash = app::password::hash(&login.password, &random()?)?;
        kept.accounts.push((account(estate, login, &mut owners)?, hash));
    }
    Ok(kept)
}

fn kept_terminal(
    sealer: &Sealer,
    estate: &Estate,
    terminal: &simulator::estate::Terminal,
    merchant_code: MerchantId,
) -> anyhow::Result<Terminal> {
    let merchant = estate
        .merchants
        .get(terminal.merchant)
        .context("no such merchant")?;
    let check = u32::from_be_bytes(iso8583::keys::check_value(&terminal.master_key)?);
    let account = merchant.settlement_account.as_bytes();
    let last4 = merchant
        .settlement_account
        .get(account.len().saturating_sub(4)..)
        .unwrap_or_default();
    Ok(Terminal {
        terminal_id: terminal_id(terminal)?,
        serial: terminal.serial.clone(),
        model: terminal.model.clone(),
        name: terminal.name_zh.clone(),
        shop_id: estate
            .shops
            .get(terminal.shop)
            .context("no such shop")?
            .shop_id
            .clone(),
        bound: BoundElements {
            acquirer_code: estate.acquirer.code.clone(),
            merchant_code,
            unified_social_credit_code: merchant.unified_social_credit_code.clone(),
            settlement_account: SettlementAccount {
                sealed: sealer.seal(Purpose::SettlementAccount, &terminal.terminal_id, account)?,
                last4: last4.to_owned(),
            },
            placement_address: terminal.placement_address.clone(),
        },
        status: Status::Active,
        control: Control::Gate,
        at_provider: None,
        language: "zh-CN".into(),
        time_zone: "Asia/Shanghai".into(),
        about: domain::terminal::About::default(),
        key_check: Some(format!("{check:08X}")),
    })
}

fn account(estate: &Estate, login: &Login, owners: &mut usize) -> anyhow::Result<Account> {
    let (name, scope) = match login.role {
        Role::Owner => {
            let merchant = estate
                .merchants
                .get(*owners)
                .context("an owner without a merchant")?;
            *owners += 1;
            let id = MerchantId::parse(merchant.merchant_id.as_bytes()).context("merchant_id")?;
            (format!("{}店主", merchant.name_zh), Scope::Merchant(id))
        }
        Role::Manager | Role::Cashier => {
            let shop = estate.shops.first().context("no shop")?;
            let merchant = estate.merchants.get(shop.merchant).context("no such merchant")?;
            let id = MerchantId::parse(merchant.merchant_id.as_bytes()).context("merchant_id")?;
            let what = match login.role {
                Role::Cashier => "收银员",
                _ => "店长",
            };
            (
                format!("{}{what}", shop.name_zh),
                Scope::Shop(id, shop.shop_id.clone()),
            )
        }
        Role::RiskOfficer if login.login == "risk2" => ("风控二组".to_owned(), Scope::All),
        Role::RiskOfficer => ("风控一组".to_owned(), Scope::All),
        Role::Operations => ("运营".to_owned(), Scope::All),
        Role::FieldEngineer => ("装机工程师".to_owned(), Scope::All),
        Role::Administrator => ("系统管理员".to_owned(), Scope::All),
        Role::Auditor => ("审计".to_owned(), Scope::All),
    };
    Ok(Account {
        login: login.login.clone(),
        name,
        role: login.role,
        scope,
        custom_role: None,
        proof: domain::account::Proof::default(),
    })
}

fn terminal_id(terminal: &simulator::estate::Terminal) -> anyhow::Result<TerminalId> {
    TerminalId::parse(terminal.terminal_id.as_bytes()).context("terminal_id")
}

/// Turns past transactions into ledger rows, each terminal's in its own order.
struct Past<'e> {
    estate: &'e Estate,
    ids: Vec<TerminalId>,
    last: Vec<Last>,
    /// The sequence of each approved transaction, for those that refer to it.
    named: HashMap<(usize, u32, u32), i64>,
}

#[derive(Clone, Copy)]
struct Last {
    sequence: i64,
    at: Timestamp,
    batch: u32,
}

impl<'e> Past<'e> {
    fn new(estate: &'e Estate) -> anyhow::Result<Self> {
        let ids = estate
            .terminals
            .iter()
            .map(terminal_id)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let last = vec![
            Last {
                sequence: 0,
                at: Timestamp(0),
                batch: 0
            };
            ids.len()
        ];
        Ok(Self {
            estate,
            ids,
            last,
            named: HashMap::new(),
        })
    }

    fn row(&mut self, past: &PastTransaction) -> anyhow::Result<LedgerRow> {
        let terminal_id = *self.ids.get(past.terminal).context("no such terminal")?;
        let last = self.last.get_mut(past.terminal).context("no such terminal")?;
        let at = last.at.max(Timestamp(past.decided_at_ms));
        *last = Last {
            sequence: last.sequence + 1,
            at,
            batch: past.batch,
        };
        let name = BatchTrace {
            batch: past.batch,
            trace: past.trace,
        };
        let approved = past.declined.is_none();
        if approved {
            self.named
                .insert((past.terminal, name.batch, name.trace), last.sequence);
        }
        let of = past
            .original
            .and_then(|(batch, trace)| self.named.get(&(past.terminal, batch, trace)));
        let code = past.declined.map_or("00", |declined| declined.response_code);
        let card = format!("{:06}*********{:04}", past.card.first6, past.card.last4);
        let minor = i64::try_from(past.amount_minor).context("amount")?;
        let moves_money = kind(past.kind) != Kind::Balance;
        let amount = Money::new(minor, Currency::CNY).map_err(|_| anyhow!("amount"))?;
        let operator = self
            .estate
            .operators
            .get(past.operator)
            .context("no such operator")?;
        Ok(LedgerRow {
            terminal_id,
            sequence: last.sequence,
            at,
            decision: Some(if approved {
                Decision::Approved
            } else {
                Decision::Declined
            }),
            entry: Entry::Request(kind(past.kind)),
            batch_trace: Some(name),
            amount: moves_money.then_some(amount),
            card: MaskedPan::parse(&card),
            entry_mode: Some(entry_mode(past.entry_mode)),
            operator: Some(operator.number.clone()),
            response_code: ResponseCode::parse(code.as_bytes()),
            reason: (!approved).then(|| "host".to_owned()),
            retrieval_reference: Some(past.retrieval_reference.clone()),
            approval_code: (!past.approval_code.is_empty()).then(|| past.approval_code.clone()),
            peer: None,
            requested_at: Timestamp(past.requested_at_ms),
            of_sequence: of.copied(),
            proof: Some(Proof::Proven),
            repeated: None,
        })
    }

    /// The batch each terminal's next sign-in will get: the one after its last. The keys are those of nobody.
    fn sessions(&self, sealer: &Sealer) -> anyhow::Result<Vec<(TerminalId, TerminalSession)>> {
        let session = |(id, last): (&TerminalId, &Last)| -> anyhow::Result<(TerminalId, TerminalSession)> {
            let keys = [&[16_u8][..], &random::<24>()?].concat();
            let keys_sealed = sealer.seal(Purpose::WorkingKeys, id.as_str(), &keys)?;
            let batch = last.batch % 999_999 + 1;
            Ok((
                *id,
                TerminalSession {
                    batch,
                    operator: None,
                    signed_in_at: last.at,
                    keys_sealed,
                    sequence: 0,
                    closing: None,
                },
            ))
        };
        self.ids.iter().zip(&self.last).map(session).collect()
    }
}

const fn kind(kind: simulator::kind::Kind) -> Kind {
    use simulator::kind::Kind as Simulated;
    match kind {
        Simulated::Balance => Kind::Balance,
        Simulated::Purchase => Kind::Purchase,
        Simulated::Void => Kind::Void,
        Simulated::Refund => Kind::Refund,
        Simulated::PreAuthorisation => Kind::PreAuthorisation,
        Simulated::PreAuthorisationVoid => Kind::PreAuthorisationVoid,
        Simulated::Completion => Kind::Completion,
        Simulated::CompletionNotice => Kind::CompletionNotice,
        Simulated::CompletionVoid => Kind::CompletionVoid,
    }
}

const fn entry_mode(mode: simulator::kind::EntryMode) -> EntryMode {
    use simulator::kind::EntryMode as Simulated;
    match mode {
        Simulated::Manual => EntryMode::Manual,
        Simulated::Swipe => EntryMode::Swipe,
        Simulated::Chip => EntryMode::Chip,
        Simulated::Contactless => EntryMode::Contactless,
        #[allow(unreachable_patterns, reason = "the simulator may read cards in more ways")]
        _ => EntryMode::Qr,
    }
}
