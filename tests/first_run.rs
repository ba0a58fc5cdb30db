//! The first run: an empty folder, a set-up address that works once, and nothing else before it (R1.0, R7.1).

use anyhow::{Context, Result, ensure};
use local_postgres::shared;
use serde_json::{Value, json};
use simulator::mail::{MailConfig, MailServer};
use tests::{Api, Folder, House, admin, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PASSWORD: &str = "teapot-in-the-rain";
/// Each kill comes 40 ms later than the one before it, until some came too late.
const KILLS_MAX: u64 = 60;

fn shop(token: &str, login: &str) -> Value {
    json!({
        "token": token, "mode": "shop", "language": "zh", "time_zone": "Asia/Shanghai", "currency": "CNY",
        "merchant": { "name": "福记小吃" },
        "account": { "login": login, "name": "李娜", "password": PASSWORD },
    })
}

fn acquirer(token: &str) -> Value {
    let mut said = shop(token, "risk");
    said["mode"] = "acquirer".into();
    said.as_object_mut().map(|said| said.remove("merchant"));
    said
}

/// Sets a new house up as a shop; its owner.
async fn shop_owner(house: &House) -> Result<Api> {
    let api = house.api()?;
    let done = api
        .post("/setup", &shop(house.token()?, "li.na"))
        .await?
        .expect(201)?;
    Ok(api.with_token(done["token"].as_str().context("no token")?))
}

/// Every route of the API's document that is no set-up, with its parameters filled in somehow.
fn routes() -> Result<Vec<(String, String)>> {
    let document: Value = serde_json::from_str(include_str!("../docs/openapi.json"))?;
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().context("no paths")? {
        let path = path.strip_prefix("/api/v1").context("another prefix")?;
        let filled: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "X" } else { part })
            .collect();
        for method in methods.as_object().context("no methods")?.keys() {
            if path != "/setup" {
                routes.push((method.to_uppercase(), filled.join("/")));
            }
        }
    }
    ensure!(routes.len() >= 25, "the document is incomplete");
    Ok(routes)
}

async fn nothing_is_answered(api: &Api) -> Result<()> {
    for (method, path) in routes()? {
        let body = (method != "GET").then(|| "{}".to_owned());
        let answered = api.call(&method, &path, body).await?;
        ensure!(
            answered.status == 503 && answered.body["code"] == "not_set_up",
            "{method} {path}: {} {}",
            answered.status,
            answered.body
        );
    }
    Ok(())
}

async fn refuses_to_set_up_again(house: &House, token: &str) -> Result<()> {
    let again = house.api()?.post("/setup", &shop(token, "other")).await?;
    ensure!(
        again.status == 410 && again.body["code"] == "set_up_already",
        "{} {}",
        again.status,
        again.body
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_folder_becomes_a_shop_once_and_stays_one() -> Result<()> {
    let folder = Folder::new()?;
    let house = House::start(folder.path(), "node-1", &[]).await?;
    ensure!(house.ready["gate_addr"].is_null(), "{}", house.ready);
    let (api, token) = (house.api()?, house.token()?.to_owned());
    nothing_is_answered(&api).await?;
    let wrong = api.post("/setup", &shop(&"A".repeat(43), "li.na")).await?;
    ensure!(wrong.body["code"] == "wrong_set_up_token", "{}", wrong.body);
    let done = api.post("/setup", &shop(&token, "li.na")).await?.expect(201)?;
    let ready = house.ready_now()?;
    ensure!(ready["setup_url"].is_null(), "the address outlives its answer");
    let merchant_id = done["merchant"]["id"].as_str().context("no merchant")?;
    let owner = api.with_token(done["token"].as_str().context("no token")?);
    let account = owner.get("/session").await?;
    ensure!(
        account["role"] == "owner" && account["merchant_id"] == merchant_id,
        "{account}"
    );
    ensure!(owner.get("/terminals").await?["items"] == json!([]), "terminals");
    refuses_to_set_up_again(&house, &token).await?;
    let said = house.said()?;
    ensure!(
        !said.contains(&token) && !said.contains(PASSWORD),
        "a secret is in the log"
    );
    ensure!(
        owner.get("/settings").await?["time_zone"] == "Asia/Shanghai",
        "settings"
    );
    house.kill()?;

    let house = House::start(folder.path(), "node-1", &[]).await?;
    ensure!(house.ready["setup_url"].is_null(), "{}", house.ready);
    refuses_to_set_up_again(&house, &token).await?;
    house.api()?.signed_in("li.na", PASSWORD).await?;
    // What the killed process had begun with still counts.
    Api::new(house.ready["api_url"].as_str().context("no api_url")?)
        .with_token(done["token"].as_str().context("no token")?)
        .get("/session")
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_terminals_have_no_key_starts_again_and_reports() -> Result<()> {
    let folder = Folder::new()?;
    let house = House::start(folder.path(), "node-1", &[]).await?;
    let owner = shop_owner(&house).await?;
    let said = json!({ "name": "城南店", "address": "工业路 1 号" });
    let shop = owner.post("/shops", &said).await?.expect(201)?;
    let said = json!({
        "terminal_id": "88210001", "shop_id": shop["id"], "serial": "8P21004417", "model": "Example A920", "control": "outside",
    });
    owner.post("/terminals", &said).await?.expect(201)?;
    house.kill()?;

    let house = House::start(folder.path(), "node-1", &[]).await?;
    let owner = house.api()?.signed_in("li.na", PASSWORD).await?;
    let said = json!({ "terminal_id": "88210001", "manner": "lost" });
    let reported = owner.post("/incidents", &said).await?.expect(201)?;
    let id = reported["id"].as_str().context("no id")?;
    let incident = owner.get(&format!("/incidents/{id}")).await?;
    ensure!(incident["stop_state"] == "requested", "{incident}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_no_mail_could_be_sent_with_leaves_the_kept_one_as_it_was() -> Result<()> {
    let folder = Folder::new()?;
    let house = House::start(folder.path(), "node-1", &[]).await?;
    let owner = shop_owner(&house).await?;
    let put = async |said: Value| owner.call("PUT", "/settings", Some(said.to_string())).await;
    // A log-in without a password.
    let half = json!({ "smtp_url": "smtp://user@mail.example", "mail_from": "another@shop.example" });
    let refuses = async || -> Result<Value> {
        let refused = put(half.clone()).await?.expect(422)?;
        ensure!(
            refused["code"] == "invalid_field" && refused["field"] == "smtp_url",
            "{refused}"
        );
        owner.get("/settings").await
    };
    let before = owner.get("/settings").await?;
    ensure!(before["smtp_url_set"] == false, "{before}");
    ensure!(refuses().await? == before, "settings after a refusal");
    let server = MailServer::start(MailConfig::default()).await?;
    let well = json!({ "smtp_url": format!("smtp://{}", server.addr()), "mail_from": "stop@shop.example" });
    let kept = put(well).await?.expect(200)?;
    ensure!(refuses().await? == kept, "settings after a refusal");
    let tested = owner.post("/settings/mail/test", &json!({})).await?.expect(200)?;
    ensure!(tested["ready"] == "ready", "another server is kept: {tested}");
    Ok(())
}

/// Two set-ups at the same moment, each with its own node's token; the one that won, and what both were answered.
async fn race(houses: [&House; 2]) -> Result<Value> {
    let (first, second) = (houses[0].api()?, houses[1].api()?);
    let (one, two) = (shop(houses[0].token()?, "one"), shop(houses[1].token()?, "two"));
    let (one, two) = tokio::join!(first.post("/setup", &one), second.post("/setup", &two));
    let (one, two) = (one?, two?);
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    ensure!(
        statuses == [201, 410],
        "{} {} / {} {}",
        one.status,
        one.body,
        two.status,
        two.body
    );
    Ok(if one.status == 201 { one.body } else { two.body })
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_on_one_database_exactly_one_sets_the_house_up() -> Result<()> {
    for round in 0..3 {
        let url = tokio::task::spawn_blocking(|| shared().new_database()).await??;
        let folder = Folder::new()?;
        let more = ["--database", url.as_str()];
        let first = House::start(folder.path(), "node-a", &more).await?;
        let second = House::start(folder.path(), "node-b", &more).await?;
        ensure!(first.token()? != second.token()?, "each node has its own address");
        for house in [&first, &second] {
            nothing_is_answered(&house.api()?).await?;
            let other = if std::ptr::eq(house, &first) {
                &second
            } else {
                &first
            };
            let wrong = house.api()?.post("/setup", &shop(other.token()?, "x1")).await?;
            ensure!(wrong.body["code"] == "wrong_set_up_token", "{}", wrong.body);
        }
        let done = race([&first, &second])
            .await
            .with_context(|| format!("round {round}"))?;
        let login = done["account"]["login"].as_str().context("no login")?;
        for house in [&first, &second] {
            refuses_to_set_up_again(house, house.token()?).await?;
            house.api()?.signed_in(login, PASSWORD).await?;
            until("both ready files to forget the address", async || {
                Ok(house.ready_now()?["setup_url"].is_null().then_some(()))
            })
            .await?;
        }
        // A shell works on the same database while both run.
        let listed = admin(folder.path(), &["--database", &url, "list"], "")?;
        ensure!(
            String::from_utf8(listed.stdout)?.lines().count() == 1,
            "one account, and one only"
        );
        let reset = ["--database", &url, "reset-password", "--login", login];
        let reset = admin(folder.path(), &reset, "rain-on-the-teapot\n")?;
        ensure!(
            reset.status.success(),
            "{}",
            String::from_utf8_lossy(&reset.stderr)
        );
        second.api()?.signed_in(login, "rain-on-the-teapot").await?;
        let token = done["token"].as_str().context("no token")?;
        let old = first
            .api()?
            .with_token(token)
            .call("GET", "/session", None)
            .await?;
        ensure!(old.status == 401, "a session outlived its password");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_killed_while_it_is_set_up_is_set_up_wholly_or_not_at_all() -> Result<()> {
    let (mut set_up, mut not_set_up) = (0, 0);
    for round in 0..KILLS_MAX {
        if set_up >= 3 && not_set_up >= 3 {
            break;
        }
        let folder = Folder::new()?;
        let house = House::start(folder.path(), "node-1", &[]).await?;
        let (api, said) = (house.api()?, shop(house.token()?, "li.na"));
        let asked = tokio::spawn(async move { api.post("/setup", &said).await });
        // Real time: from before the request arrives to after its answer.
        tokio::time::sleep(std::time::Duration::from_millis(round * 40)).await;
        house.kill()?;
        let answered = asked.await?;
        let house = House::start(folder.path(), "node-1", &[]).await?;
        match house.ready["setup_url"].is_null() {
            true => {
                set_up += 1;
                house.api()?.signed_in("li.na", PASSWORD).await?;
            }
            false => {
                not_set_up += 1;
                ensure!(
                    !matches!(&answered, Ok(answered) if answered.status == 201),
                    "what was acknowledged is gone"
                );
                nothing_is_answered(&house.api()?).await?;
                let said = shop(house.token()?, "li.na");
                house.api()?.post("/setup", &said).await?.expect(201)?;
            }
        }
    }
    println!("{set_up} were set up before they were killed, {not_set_up} were not");
    ensure!(
        set_up > 0 && not_set_up > 0,
        "every kill came too early, or too late"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_takes_nothing_before_the_set_up_and_is_taken_from_the_settings_after_it() -> Result<()> {
    let folder = Folder::new()?;
    let host = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let keys = folder.path().join("zone.keys");
    std::fs::write(&keys, "mac=0123456789ABCDEF\npin=0123456789ABCDEF\n")?;
    let host_address = host.local_addr()?.to_string();
    let flags = [
        "--host",
        &host_address,
        "--zone-keys",
        keys.to_str().context("a path")?,
        "--acquirer-code",
        "48273050",
    ];
    let house = House::start(folder.path(), "node-1", &flags).await?;
    let mut terminal = TcpStream::connect(house.gate()?).await?;
    let _ = terminal.write_all(&[0, 1, 0]).await;
    let mut answer = Vec::new();
    let read = terminal.read_to_end(&mut answer).await;
    ensure!(answer.is_empty(), "it said {answer:?}, {read:?}");
    let done = house
        .api()?
        .post("/setup", &acquirer(house.token()?))
        .await?
        .expect(201)?;
    let risk = house
        .api()?
        .with_token(done["token"].as_str().context("no token")?);
    // Now it stays open.
    let mut terminal = TcpStream::connect(house.gate()?).await?;
    let waited = std::time::Duration::from_millis(300);
    ensure!(
        tokio::time::timeout(waited, terminal.read(&mut [0; 1]))
            .await
            .is_err(),
        "the gate closed a connection of a house that is set up"
    );
    ensure!(risk.get("/settings").await?["gate"] == "flags", "flags");
    let said = json!({
        "host_address": host_address, "acquirer_code": "48273050",
        "zone_keys": { "mac": "0123456789ABCDEF", "pin": "0123456789ABCDEF" },
    });
    risk.call("PUT", "/settings", Some(said.to_string()))
        .await?
        .expect(200)?;
    let tested = risk.post("/settings/host/test", &json!({})).await?.expect(200)?;
    ensure!(tested["reached"] == "kept", "{tested}");
    house.kill()?;

    let house = House::start(folder.path(), "node-1", &[]).await?;
    TcpStream::connect(house.gate()?).await?;
    let risk = house.api()?.signed_in("risk", PASSWORD).await?;
    ensure!(risk.get("/settings").await?["gate"] == "settings", "settings");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_makes_the_first_account_and_keeps_away_from_a_running_node() -> Result<()> {
    let folder = Folder::new()?;
    let first = [
        "first-account",
        "--mode",
        "shop",
        "--merchant",
        "福记小吃",
        "--login",
        "li.na",
        "--name",
        "李娜",
    ];
    let nobody = admin(folder.path(), &["list"], "")?;
    ensure!(
        !nobody.status.success() && !folder.path().join("data").exists(),
        "list made a store"
    );
    let weak = admin(folder.path(), &first, "password1\n")?;
    ensure!(!weak.status.success(), "a common password was taken");
    let made = admin(folder.path(), &first, &format!("{PASSWORD}\n"))?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let again = admin(folder.path(), &first, &format!("{PASSWORD}\n"))?;
    ensure!(!again.status.success(), "a second first account");
    let house = House::start(folder.path(), "node-1", &[]).await?;
    ensure!(house.ready["setup_url"].is_null(), "{}", house.ready);
    let owner = house.api()?.signed_in("li.na", PASSWORD).await?;
    for arguments in [&["list"][..], &["reset-password", "--login", "li.na"], &first] {
        let refused = admin(folder.path(), arguments, "rain-on-the-teapot\n")?;
        let why = String::from_utf8(refused.stderr)?;
        ensure!(
            !refused.status.success() && why.contains("a node runs"),
            "{arguments:?}: {why}"
        );
    }
    owner.get("/session").await?;
    house.kill()?;
    let reset = admin(
        folder.path(),
        &["reset-password", "--login", "li.na"],
        "rain-on-the-teapot\n",
    )?;
    ensure!(
        reset.status.success(),
        "{}",
        String::from_utf8_lossy(&reset.stderr)
    );
    let house = House::start(folder.path(), "node-1", &[]).await?;
    house.api()?.signed_in("li.na", "rain-on-the-teapot").await?;
    let old = json!({ "login": "li.na", "password": PASSWORD });
    ensure!(
        house.api()?.post("/session", &old).await?.status == 401,
        "the old password"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_named_in_part_is_refused_by_name() -> Result<()> {
    let folder = Folder::new()?;
    let parts = [
        ["--host", "127.0.0.1:1"],
        ["--zone-keys", "x"],
        ["--acquirer-code", "1"],
    ];
    for missing in 0..3 {
        let given: Vec<&str> = (0..3)
            .filter(|at| *at != missing)
            .flat_map(|at| parts[at])
            .collect();
        let run = std::process::Command::new(tests::tillguard()?)
            .args(["serve", "--data"])
            .arg(folder.path().join("data"))
            .args(&given)
            .output()?;
        let why = String::from_utf8(run.stderr)?;
        ensure!(
            !run.status.success() && why.contains(parts[missing][0]),
            "{given:?}: {why}"
        );
    }
    Ok(())
}
