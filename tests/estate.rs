//! An estate that people set up themselves, from an empty folder to a terminal that buys, is reported and is refused (R1.2, R2.1).

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use simulator::host::{FaultControl, Host, HostConfig, ZoneKey};
use simulator::issuer::{Issuer, cards};
use simulator::terminal::{Terminal, TerminalIdentity};
use tests::{Api, Folder, House};

const PASSWORD: &str = "teapot-in-the-rain";
const ZONE_KEY: [u8; 16] = [
    0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10,
];
const TERMINAL: &str = "30501101";
const MERCHANT: &str = "104520157120077";

/// A house of an acquirer that nobody has set up, with its host; and the token of the first account.
async fn begin(folder: &Folder) -> Result<(House, Host, Api)> {
    let host = Host::start(HostConfig {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        mac_key: ZoneKey(ZONE_KEY),
        pin_key: ZoneKey(ZONE_KEY),
        issuer: Issuer::new(),
        faults: FaultControl::default(),
    })
    .await?;
    let keys = folder.path().join("zone.keys");
    let hex = hex(&ZONE_KEY);
    std::fs::write(&keys, format!("mac={hex}\npin={hex}\n"))?;
    let address = host.addr().to_string();
    let keys = keys.to_str().context("a path")?;
    let flags = [
        "--host",
        &address,
        "--zone-keys",
        keys,
        "--acquirer-code",
        "48273050",
    ];
    let house = House::start(folder.path(), "node-1", &flags).await?;
    let first = json!({
        "token": house.token()?, "mode": "acquirer", "language": "zh", "time_zone": "Asia/Shanghai", "currency": "CNY",
        "account": { "login": "risk", "name": "风控", "password": PASSWORD },
    });
    let done = house.api()?.post("/setup", &first).await?.expect(201)?;
    let risk = house
        .api()?
        .with_token(done["token"].as_str().context("no token")?);
    Ok((house, host, risk))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The terminal's key as a field engineer has it: two components and the check value of both together.
fn master_key(key: &[u8; 16]) -> Result<Value> {
    let one: [u8; 16] = std::array::from_fn(|at| at as u8 * 7 + 1);
    let other: Vec<u8> = key.iter().zip(one).map(|(key, one)| key ^ one).collect();
    let check = iso8583::keys::check_value(key)?;
    Ok(json!({ "components": [hex(&one), hex(&other)], "check_value": hex(&check[..3]) }))
}

/// A key whose halves are not alike: another is refused.
fn own_key() -> [u8; 16] {
    std::array::from_fn(|at| if at < 8 { 0x5B } else { 0xC2 })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_was_added_signs_in_buys_is_reported_and_refused() -> Result<()> {
    let folder = Folder::new()?;
    let (house, host, risk) = begin(&folder).await?;
    let merchant = json!({ "merchant_id": MERCHANT, "name": "福记小吃" });
    risk.post("/merchants", &merchant).await?.expect(201)?;
    let shop = json!({ "merchant_id": MERCHANT, "name": "城南店", "address": "工业路 1 号" });
    let shop = risk.post("/shops", &shop).await?.expect(201)?;
    let mut said = json!({
        "terminal_id": TERMINAL, "shop_id": shop["id"], "serial": "YZ9030495193", "model": "云展 Y90", "control": "gate",
    });
    said["master_key"] = master_key(&own_key())?;
    let made = risk.post("/terminals", &said).await?.expect(201)?;
    ensure!(made["key_check_value"].is_string(), "{made}");
    let operator =
        json!({ "shop_id": shop["id"], "operator": "001", "name": "收银员 01", "password": "246810" });
    risk.post("/operators", &operator).await?.expect(201)?;

    let identity = TerminalIdentity::new(TERMINAL, MERCHANT, own_key(), "001");
    let mut terminal = Terminal::new(identity);
    terminal.connect(house.gate()?).await?;
    ensure!(terminal.sign_in().await?.is_approved(), "sign-in");
    let card = &cards()[0];
    let sale = terminal.purchase(1_800, card).await?;
    ensure!(sale.code() == "00", "{sale:?}");
    risk.report_lost(TERMINAL).await?;
    let refused = terminal.purchase(1_800, card).await?;
    ensure!(refused.code() != "00", "{refused:?}");
    ensure!(host.standing().len() == 1, "{:?}", host.standing());
    let retired = risk
        .post(&format!("/terminals/{TERMINAL}/retire"), &json!({}))
        .await?;
    ensure!(retired.body["code"] == "loss_open", "{}", retired.body);
    // The key is nowhere, whatever the log says.
    let said = house.said()?;
    let key = said.contains(&hex(&own_key())) || said.contains("components");
    ensure!(!key && !said.contains("246810"), "a secret is in the log");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_terminal_and_a_disabled_operator_are_turned_away_at_the_gate() -> Result<()> {
    let folder = Folder::new()?;
    let (house, _host, risk) = begin(&folder).await?;
    risk.post(
        "/merchants",
        &json!({ "merchant_id": MERCHANT, "name": "福记小吃" }),
    )
    .await?
    .expect(201)?;
    let shop = json!({ "merchant_id": MERCHANT, "name": "城南店", "address": "工业路 1 号" });
    let shop = risk.post("/shops", &shop).await?.expect(201)?;
    let mut said = json!({
        "terminal_id": TERMINAL, "shop_id": shop["id"], "serial": "YZ9030495193", "model": "云展 Y90", "control": "gate",
    });
    // Without a key it does not sign in; with another's it does not either.
    risk.post("/terminals", &said).await?.expect(201)?;
    let operator =
        json!({ "shop_id": shop["id"], "operator": "001", "name": "收银员 01", "password": "246810" });
    risk.post("/operators", &operator).await?.expect(201)?;
    let identity = TerminalIdentity::new(TERMINAL, MERCHANT, own_key(), "001");
    let mut terminal = Terminal::new(identity.clone());
    terminal.connect(house.gate()?).await?;
    let keyless = terminal.sign_in().await;
    ensure!(
        !keyless.is_ok_and(|reply| reply.is_approved()),
        "signed in without a key"
    );
    let path = format!("/terminals/{TERMINAL}");
    risk.post(&format!("{path}/master-key"), &master_key(&own_key())?)
        .await?
        .expect(200)?;
    let mut terminal = Terminal::new(identity.clone());
    terminal.connect(house.gate()?).await?;
    ensure!(terminal.sign_in().await?.is_approved(), "sign-in");
    let card = &cards()[0];
    ensure!(terminal.purchase(100, card).await?.code() == "00", "a sale");
    let operator_id = format!("{}.001", shop["id"].as_str().context("no shop")?);
    risk.post(&format!("/operators/{operator_id}/disable"), &json!({}))
        .await?
        .expect(200)?;
    ensure!(
        terminal.purchase(100, card).await?.code() != "00",
        "sold by nobody"
    );
    ensure!(
        !terminal.sign_in().await?.is_approved(),
        "a disabled operator signed in"
    );
    risk.post(&format!("/operators/{operator_id}/enable"), &json!({}))
        .await?
        .expect(200)?;
    ensure!(terminal.sign_in().await?.is_approved(), "sign-in");
    risk.post(&format!("{path}/retire"), &json!({}))
        .await?
        .expect(200)?;
    let retired = terminal.purchase(100, card).await?;
    ensure!(retired.code() == "97", "{retired:?}");
    said["terminal_id"] = "30501102".into();
    let taken = risk.post("/terminals", &said).await?;
    ensure!(
        taken.status == 409 && taken.body["code"] == "terminal_taken",
        "{}",
        taken.body
    );
    Ok(())
}
