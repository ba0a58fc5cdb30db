//! An estate that people set up themselves, from an empty folder to a terminal that buys, is reported and is refused (R1.2, R2.1).

use anyhow::{Context, Result, ensure};
use serde_json::json;
use simulator::issuer::cards;
use simulator::terminal::{Terminal, TerminalIdentity};
use tests::{Acquirer, Folder, hex, master_key, own_key};

const TERMINAL: &str = "30501101";
const MERCHANT: &str = "104520157120077";

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_was_added_signs_in_buys_is_reported_and_refused() -> Result<()> {
    let folder = Folder::new()?;
    let Acquirer {
        house, host, risk, ..
    } = Acquirer::begin(&folder, &[]).await?;
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
    let Acquirer {
        house,
        host: _host,
        risk,
        ..
    } = Acquirer::begin(&folder, &[]).await?;
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
