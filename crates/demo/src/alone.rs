//! A shop alone in the demo: a merchant whose acquirer has never heard of us, and that acquirer's mailbox.
//!
//! It stands beside the estate and changes nothing of it. The mailbox is a real mail server on this machine that keeps what
//! it takes; a page shows it.
//!
//! Invariant: the page shows what arrived and no more; nothing here confirms a stop.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use app::estate::Estate;
use app::setting::Changes;
use domain::account::{Account, Proof, Role, Scope};
use domain::actor::Actor;
use domain::contact::{Contact, Details, Kind as ContactKind};
use domain::merchant::Merchant;
use domain::provider_account::ProviderAccount;
use domain::shop::Shop;
use domain::terminal::{
    AtProvider, BoundElements, Control as Decides, Provider, SettlementAccount, Status, Terminal,
};
use domain::{MerchantId, TerminalId};
use mail_parser::MessageParser;
use node::Node;
use node::seal::{Purpose, random};
use server::connector::provider::Elsewhere;
use simulator::control::Control;
use simulator::mail::{MailConfig, MailServer, Taken};

use simulator::provider::{Brand, Device, ProviderConfig};

use crate::estate::Login;

/// Its owner.
pub const LOGIN: &str = "alone";
const MERCHANT_ID: &str = "899305054620417";
const SHOP_ID: &str = "ALONE1";
const NAME: &str = "春芽面包房";
/// Nobody's number and nobody's address: the acquirer is made up.
const HOTLINE: &str = "400-000-0118";
const ADDRESS: &str = "stop@chenghu.example";
/// Its terminals: identifier, serial number, model, name.
const TERMINALS: [(&str, &str, &str, &str); 3] = [
    ("88210001", "8P21-004417", "Example A920", "收银台"),
    ("88210002", "8P21-004418", "Example A920", "外卖窗口"),
    (BY_PROVIDER, "WSC5-00417", "Example WisePOS", "外卡机"),
];
/// The one that a provider's interface can stop.
const BY_PROVIDER: &str = "88210003";
const DEVICE_ID: &str = "tmr_Demo0417";
const KEY: &str = "rk_demo_0417";
/// A page's request, as much of it as is read.
const REQUEST_BYTES: usize = 4_096;
/// How long a reader of the page may take.
const READER_TIME_MAX: Duration = Duration::from_secs(5);

/// Its owner's log-in.
pub fn login(password: &str) -> Login {
    Login {
        role: Role::Owner,
        login: LOGIN.to_owned(),
        password: password.to_owned(),
    }
}

/// The identifiers of its terminals.
pub fn terminals() -> [&'static str; 3] {
    TERMINALS.map(|(id, ..)| id)
}

/// Adds it, unless it is there, and says to the house where mails go out.
pub async fn fill(node: &Node, login: &Login, mailbox: &Mailbox) -> anyhow::Result<()> {
    let merchant_id = MerchantId::parse(MERCHANT_ID.as_bytes()).context("merchant_id")?;
    let url = format!("smtp://{}", mailbox.server.addr());
    let smtp_url_sealed = node.sealer.seal(Purpose::Setting, "smtp_url", url.as_bytes())?;
    let mut provider = ProviderAccount {
        merchant_id,
        provider: Provider::Stripe,
        account: None,
        address: None,
        key_sealed: Vec::new(),
        since: node::now(),
    };
    provider.key_sealed = node
        .sealer
        .seal(Purpose::Setting, &provider.sealed_as(), KEY.as_bytes())?;
    let is_there = move |tx: &store::Tx<'_>| Ok(store::merchant::get(tx, merchant_id)?.is_some());
    let is_there: bool = node.read::<_, store::Error>(is_there).await?;
    let estate = match is_there {
        true => Estate::default(),
        false => estate(node, login, merchant_id)?,
    };
    let keeper = Actor::Person(Account {
        login: "risk".to_owned(),
        name: String::new(),
        role: Role::RiskOfficer,
        scope: Scope::All,
        custom_role: None,
        proof: Proof::FRESH,
    });
    // The mailbox listens at another port after each start.
    let post = Changes {
        smtp_url_sealed: Some(Some(smtp_url_sealed)),
        mail_from: Some(Some("Tillguard <stop@tillguard.example>".to_owned())),
        ..Changes::default()
    };
    let work = move |tx: &store::Tx<'_>| {
        app::estate::fill(tx, &estate)?;
        if !is_there {
            app::case::create::<Contact>(tx, &keeper, "CHENGHU1", acquirer(merchant_id))?;
        }
        app::provider_account::put(tx, &keeper, provider)?;
        app::setting::change(tx, &keeper, post).map(drop)
    };
    Ok(node.write::<_, app::case::Error>(work).await?)
}

fn acquirer(merchant_id: MerchantId) -> Details {
    Details {
        merchant_id: Some(merchant_id),
        kind: ContactKind::Acquirer,
        name: "澄湖支付".into(),
        hotline: Some(HOTLINE.into()),
        email: Some(ADDRESS.into()),
        reference: Some("CH-2023-0417".into()),
    }
}

fn estate(node: &Node, login: &Login, merchant_id: MerchantId) -> anyhow::Result<Estate> {
    let terminal =
        |(id, serial, model, name): (&str, &str, &str, &str)| -> anyhow::Result<(Terminal, Vec<u8>)> {
            let terminal = Terminal {
                terminal_id: TerminalId::parse(id.as_bytes()).context("terminal_id")?,
                serial: serial.into(),
                model: model.into(),
                name: name.into(),
                shop_id: SHOP_ID.into(),
                bound: BoundElements {
                    acquirer_code: "48935050".into(),
                    merchant_code: merchant_id,
                    unified_social_credit_code: "92430102MA4L000017".into(),
                    settlement_account: SettlementAccount {
                        sealed: node
                            .sealer
                            .seal(Purpose::SettlementAccount, id, b"6222000000004417")?,
                        last4: "4417".into(),
                    },
                    placement_address: "长沙市天心区某路 17 号".into(),
                },
                status: Status::Active,
                control: Decides::Outside,
                at_provider: (id == BY_PROVIDER).then(|| AtProvider {
                    provider: Provider::Stripe,
                    device_id: DEVICE_ID.into(),
                }),
                language: "zh-CN".into(),
                time_zone: "Asia/Shanghai".into(),
                about: domain::terminal::About::default(),
                key_check: None,
            };
            // No gate knows it, and so it has no key.
            Ok((terminal, Vec::new()))
        };
    let owner = Account {
        login: login.login.clone(),
        name: format!("{NAME}店主"),
        role: Role::Owner,
        scope: Scope::Merchant(merchant_id),
        custom_role: None,
        proof: Proof::default(),
    };
    Ok(Estate {
        merchants: vec![Merchant {
            merchant_id,
            name: NAME.into(),
            name_en: "Spring Bud Bakery".into(),
            trade: "bakery".into(),
            unified_social_credit_code: "92430102MA4L000017".into(),
            state: domain::merchant::State::Active,
        }],
        shops: vec![Shop {
            shop_id: SHOP_ID.into(),
            merchant_id,
            name: "学士路店".into(),
            address: "长沙市天心区某路 17 号".into(),
            state: domain::shop::State::Active,
        }],
        terminals: TERMINALS
            .into_iter()
            .map(terminal)
            .collect::<anyhow::Result<_>>()?,
        operators: Vec::new(),
        accounts: vec![(owner, app::password::hash(&login.password, &random()?)?)],
    })
}

/// The acquirer's mail server, the page that shows what it took, and a provider with an interface.
pub struct Mailbox {
    server: Arc<MailServer>,
    provider: simulator::provider::Provider,
    page: SocketAddr,
}

impl Mailbox {
    /// Starts both on free ports of this machine.
    pub async fn start() -> anyhow::Result<Self> {
        let server = Arc::new(MailServer::start(MailConfig::default()).await?);
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let page = listener.local_addr()?;
        let shown = server.clone();
        std::thread::Builder::new()
            .name("mailbox".into())
            .spawn(move || serve(&listener, &shown))?;
        let provider = ProviderConfig {
            brand: Brand::Stripe,
            port: 0,
            key: KEY.to_owned(),
            merchant: String::new(),
            devices: vec![Device::new(DEVICE_ID, "WSC5-00417")],
            faults: Control::default(),
        };
        Ok(Self {
            server,
            provider: simulator::provider::Provider::start(provider).await?,
            page,
        })
    }

    /// Where this demo's provider is.
    pub fn elsewhere(&self) -> anyhow::Result<Elsewhere> {
        let elsewhere = format!("{}={}", Provider::Stripe.code(), self.provider.url());
        elsewhere.parse().map_err(anyhow::Error::msg)
    }

    /// Where to look at it.
    pub fn url(&self) -> String {
        format!("http://{}/", self.page)
    }
}

/// Shows the page to one reader after another; one that is slow is left.
fn serve(listener: &TcpListener, server: &MailServer) {
    for stream in listener.incoming().flatten() {
        if let Err(error) = show(stream, server) {
            tracing::debug!(%error, "a reader of the mailbox went away");
        }
    }
}

fn show(mut stream: TcpStream, server: &MailServer) -> std::io::Result<()> {
    stream.set_read_timeout(Some(READER_TIME_MAX))?;
    stream.set_write_timeout(Some(READER_TIME_MAX))?;
    let mut request = [0; REQUEST_BYTES];
    let _ = stream.read(&mut request)?;
    let page = page(&server.mails());
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\nConnection: close\r\n\r\n{page}",
        page.len()
    )
}

const HEAD: &str = "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"refresh\" content=\"3\">\
    <title>澄湖支付的邮箱 / The acquirer’s mailbox</title><style>\
    :root{color-scheme:light dark}body{font:15px/1.6 system-ui,sans-serif;max-width:760px;margin:0 auto;padding:20px 16px}\
    article{border:1px solid #8888;border-radius:12px;padding:12px 16px;margin:14px 0}pre{white-space:pre-wrap;\
    overflow-wrap:anywhere;font:inherit;margin:8px 0 0}small{opacity:.75}h1{font-size:22px}h2{font-size:17px;margin:0}</style>";

/// What arrived, newest first.
fn page(mails: &[Taken]) -> String {
    let mut page = String::from(HEAD);
    page.push_str("<h1>澄湖支付的邮箱 / The acquirer’s mailbox</h1><p>演示用：这里显示真的寄到的信。 / For the demo: what really arrived.</p>");
    if mails.is_empty() {
        page.push_str("<p data-test=\"empty\">还没有信。 / Nothing has arrived yet.</p>");
    }
    for mail in mails.iter().rev() {
        page.push_str(&article(mail));
    }
    page
}

fn article(mail: &Taken) -> String {
    let parsed = MessageParser::default().parse(&mail.message);
    let subject = parsed
        .as_ref()
        .and_then(|mail| mail.subject())
        .unwrap_or_default();
    let text = parsed
        .as_ref()
        .and_then(|mail| mail.body_text(0))
        .unwrap_or_default();
    format!(
        "<article data-test=\"mail\"><h2>{}</h2><small>{} → {}</small><pre>{}</pre></article>",
        escaped(subject),
        escaped(&mail.from),
        escaped(&mail.to.join(", ")),
        escaped(&text)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_shown_as_text_and_never_as_a_page() {
        let mail = Taken {
            from: "a@b.example".into(),
            to: vec!["stop@chenghu.example".into()],
            message: b"Subject: <script>x</script>\r\n\r\nplease <b>stop</b>\r\n".to_vec(),
        };
        let page = page(&[mail]);
        assert!(page.contains("&lt;script&gt;") && page.contains("please &lt;b&gt;stop"));
        assert!(!page.contains("<script>") && !page.contains("<b>"));
    }
}
