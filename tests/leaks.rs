//! What a house leaves behind tells nothing: its log at every level, its database with its write-ahead log and a dump of it, copies
//! of it, and its error answers hold no card, no key, no password, no token and nothing of a person that is to be sealed (R3.1).
//!
//! Recognisable values are brought in by every door, and then looked for in every byte.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use local_postgres::Cluster;
use serde_json::json;
use simulator::issuer::cards;
use simulator::terminal::Terminal;
use tests::{Api, Folder, Launch, Outside, admin, tillguard, until};

/// Files that are there to hold secrets: the keys themselves, and what the demo hands out.
const SAFES: [&str; 3] = ["data.key", "zone.keys", "demo.json"];
/// Whole card numbers that are paid with.
const CARDS: usize = 6;

const PHONE: &str = "+8613877665544";
const EMAIL: &str = "canary.mail@leak.example";
const OWN_EMAIL: &str = "canary.own@leak.example";
const INVITED: &str = "Canary Invited Wang";
const CASHIER: &str = "Canary Cashier Zhao";
const CUSTODIAN: &str = "Canary Custodian Qian";
const PLACE: &str = "Canary Lane 5, behind the counter";
const CIRCUMSTANCES: &str = "Canary left it in the taxi of Mr Zhou";
const FOUND: &str = "Canary found it under Ms Wu's seat";
const GONE: &str = "Canary Gone Feng";
const WHY_GONE: &str = "Canary moved out of the flat of Ms Chu";
const REASON: &str = "Canary asked for it in person at noon";
const CONFIRMED_BY: &str = "Canary Desk Clerk Sun";
const ACCOUNT: &str = "6222020011223344556";
const PASSWORD: &str = "canary-teapot-in-the-rain";
const SMTP_PASSWORD: &str = "canarySmtpSecret77";
const PROVIDER_KEY: &str = "sk_canary_provider_key_5521";
const APPLICANT: &str = "Canary Applicant Hu";
const APPLICANT_EMAIL: &str = "canary.applicant@leak.example";
const IDENTITY_NUMBER: &str = "110101180001010015";
const APPLICANT_MOBILE: &str = "13977554433";
const IDENTITY_SECRET: &str = "canaryIdentitySecret88";
const COMPONENTS: [&str; 2] = [
    "6D6BE51F04F76167491554FE25F7ABEF",
    "67499B2CF137DFCB9EA28FF757CD10A7",
];
/// The key of both components.
const MASTER_KEY: &str = "0A227E33F5C0BEACD7B7DB09723ABB48";
const KEY_CHECK: &str = "05EE1D";

/// What is looked for, and how it may be written.
struct Needle {
    name: String,
    forms: Vec<Vec<u8>>,
}

impl Needle {
    fn text(name: &str, text: &str) -> Self {
        let forms = vec![text.as_bytes().to_vec(), hex(text.as_bytes()).into_bytes()];
        Self {
            name: name.to_owned(),
            forms,
        }
    }

    fn key(name: &str, key: &[u8]) -> Self {
        let forms = vec![
            key.to_vec(),
            hex(key).into_bytes(),
            hex(key).to_uppercase().into_bytes(),
        ];
        Self {
            name: name.to_owned(),
            forms,
        }
    }

    /// A whole number, as digits and two of them a byte.
    fn card(pan: &str) -> Self {
        let mut needle = Self::text("a card number", pan);
        let packed = pan
            .as_bytes()
            .chunks_exact(2)
            .map(|pair| ((pair[0] - b'0') << 4) | (pair[1] - b'0'));
        needle.forms.push(packed.collect());
        needle
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        self.forms.iter().any(|form| contains(bytes, form))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?))
        .collect()
}

fn contains(bytes: &[u8], form: &[u8]) -> bool {
    let Some(first) = form.first() else { return false };
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(form) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// Every file below a folder that is no safe, and what it holds.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        if path.is_dir() {
            files(&path, found)?;
        } else if path.is_file() && !SAFES.contains(&name.as_str()) && !name.ends_with(".ready.json") {
            found.push((path.display().to_string(), std::fs::read(&path)?));
        }
    }
    Ok(())
}

/// Everything a person brings in; answers the needles that only now are known, and what was answered to what is wrong.
async fn by_the_doors(api: &Api, terminals: &[String]) -> Result<(Vec<Needle>, Vec<String>)> {
    let contact = json!({ "kind": "police", "name": "Station 9", "hotline": PHONE, "email": EMAIL });
    api.post("/contacts", &contact).await?.expect(201)?;
    let email = json!({ "email": OWN_EMAIL }).to_string();
    api.call("PUT", "/session/email", Some(email))
        .await?
        .expect(200)?;
    let shops = api.get("/shops?limit=1").await?;
    let shop = shops["items"][0]["id"].as_str().context("no shop")?.to_owned();
    let cashier = json!({ "shop_id": shop, "operator": "777", "name": CASHIER, "password": "864209" });
    api.post("/operators", &cashier).await?.expect(201)?;
    let invited = json!({ "name": INVITED, "role": "manager", "shop_id": shop });
    let link = api.post("/invitations", &invited).await?.expect(201)?;
    let token = link["token"].as_str().context("no token")?.to_owned();
    let accepted = json!({ "token": token, "login": "canary.login", "name": "Wang", "password": PASSWORD, "email": OWN_EMAIL });
    let session = api.post("/invitations/accept", &accepted).await?.expect(201)?;
    let terminal = json!({
        "terminal_id": "C4NARY01", "serial": "CN-0001", "model": "P2", "shop_id": shop, "control": "gate",
        "acquirer_code": "48021000",
        "settlement_account": ACCOUNT, "keys_held_by": CUSTODIAN,
        "master_key": { "components": COMPONENTS, "check_value": KEY_CHECK },
    });
    let made = api.post("/terminals", &terminal).await?.expect(201)?;
    let merchant = made["merchant_id"]
        .as_str()
        .or(made["bound"]["merchant_code"].as_str())
        .context("no merchant")?;
    let account = json!({ "key": PROVIDER_KEY, "account": "shop-1" }).to_string();
    api.call(
        "PUT",
        &format!("/provider-accounts/{merchant}/sumup"),
        Some(account),
    )
    .await?;
    let smtp = json!({
        "smtp_url": format!("smtps://stop:{SMTP_PASSWORD}@mail.leak.example:465"), "mail_from": "stop@leak.example",
        "takes_registrations": true,
        "identity": { "provider": "aliyun", "key_id": "LTAI5tCanary", "secret": IDENTITY_SECRET, "auth_code": IDENTITY_SECRET },
    });
    api.call("PUT", "/settings", Some(smtp.to_string()))
        .await?
        .expect(200)?;
    let form = json!({
        "kind": "individual", "business_name": "Corner kiosk", "credit_code": "92110101MA0TXXX2XP", "person_name": APPLICANT,
        "identity_number": IDENTITY_NUMBER, "mobile": APPLICANT_MOBILE, "email": APPLICANT_EMAIL, "login": "kiosk", "password": PASSWORD,
    });
    let begun = api.post("/registrations", &form).await?.expect(202)?;
    let report = json!({ "terminal_id": terminals[1], "manner": "stolen", "place": PLACE, "circumstances": CIRCUMSTANCES });
    let lost = api.post("/incidents", &report).await?.expect(201)?;
    let lost = lost["id"].as_str().context("no id")?;
    let found = json!({ "kind": "false_alarm", "statement": FOUND });
    api.post(&format!("/incidents/{lost}/found"), &found)
        .await?
        .expect(200)?;
    api.post("/accounts/canary.login/reveal", &json!({ "reason": REASON }))
        .await?
        .expect(200)?;
    erased(api, &shop).await?;
    let said = api.get(&format!("/incidents/{lost}/timeline")).await?.to_string();
    ensure!(said.contains(CIRCUMSTANCES) && said.contains(FOUND), "{said}");
    let outside = json!({ "terminal_id": "88210001", "manner": "stolen", "place": PLACE });
    let incident = api.post("/incidents", &outside).await?.expect(201)?;
    let id = incident["id"].as_str().context("no id")?;
    let confirmed =
        json!({ "reference": "R-1", "confirmed_by": CONFIRMED_BY, "at": incident["reported_at"] });
    let confirmed = api
        .post(&format!("/incidents/{id}/stop-request/confirm"), &confirmed)
        .await?;
    ensure!(confirmed.status == 200, "{}", confirmed.body);
    let key = used_key(api).await?;
    let mut needles = vec![Needle::text("an invitation's token", &token)];
    needles.push(Needle::text("an API key's secret", &key[KEY_SHOWN.len()..]));
    let own = begun["token"].as_str().context("no token")?;
    needles.push(Needle::text("a registration's token", own));
    for (name, token) in [
        ("a session's token", api.token()),
        ("a session's token", session["token"].as_str()),
    ] {
        needles.push(Needle::text(name, token.context("no token")?));
    }
    Ok((needles, wrong(api, &shop).await?))
}

/// How the part of an API key looks that may be shown.
const KEY_SHOWN: &str = "tg_7K2M9QWX_";

/// An API key that was used, mistaken, and refused after it was revoked.
async fn used_key(api: &Api) -> Result<String> {
    let said = json!({ "name": "ERP", "rights": ["report_loss"], "days": 30 });
    let made = api.post("/api-keys", &said).await?.expect(201)?;
    let key = made["key"].as_str().context("no key")?.to_owned();
    let program = api.with_token(&key);
    program.get("/terminals?limit=1").await?;
    let mistaken = format!("{}_{}", key, "A".repeat(3));
    for (token, status) in [(mistaken, 401), (key.clone(), 200)] {
        let answered = api.with_token(&token).call("GET", "/shops?limit=1", None).await?;
        ensure!(answered.status == status, "{}", answered.status);
    }
    let id = made["id"].as_str().context("no id")?;
    api.post(&format!("/api-keys/{id}/revoke"), &json!({}))
        .await?
        .expect(200)?;
    let refused = program.call("GET", "/shops?limit=1", None).await?;
    ensure!(refused.status == 401, "{}", refused.status);
    Ok(key)
}

/// Somebody who was here, and is erased.
async fn erased(api: &Api, shop: &str) -> Result<()> {
    let invited = json!({ "name": GONE, "role": "manager", "shop_id": shop });
    let link = api.post("/invitations", &invited).await?.expect(201)?;
    let accepted = json!({ "token": link["token"], "login": "canary.gone", "name": GONE, "password": PASSWORD, "email": EMAIL });
    api.post("/invitations/accept", &accepted).await?.expect(201)?;
    let seen = api.get("/accounts/canary.gone").await?;
    ensure!(seen["name"] == GONE, "{seen}");
    api.post("/accounts/canary.gone/reveal", &json!({ "reason": WHY_GONE }))
        .await?
        .expect(200)?;
    for (step, said) in [("disable", json!({})), ("erase", json!({ "reason": WHY_GONE }))] {
        api.post(&format!("/accounts/canary.gone/{step}"), &said)
            .await?
            .expect(200)?;
    }
    Ok(())
}

/// What is answered to requests that are refused, each with something that is nobody's business in it.
async fn wrong(api: &Api, shop: &str) -> Result<Vec<String>> {
    let mut answers = Vec::new();
    for (method, path, body) in [
        (
            "POST",
            "/session",
            json!({ "login": "risk", "password": PASSWORD }),
        ),
        ("POST", "/contacts", json!({ "kind": PHONE, "name": EMAIL })),
        (
            "PUT",
            "/session/email",
            json!({ "email": format!("{OWN_EMAIL} {PHONE}") }),
        ),
        (
            "POST",
            "/operators",
            json!({ "shop_id": shop, "operator": "777", "name": CASHIER, "password": "864209" }),
        ),
        (
            "POST",
            "/operators",
            json!({ "shop_id": shop, "operator": CASHIER, "name": [CASHIER], "password": PASSWORD }),
        ),
        (
            "POST",
            "/terminals",
            json!({ "terminal_id": ACCOUNT, "settlement_account": [ACCOUNT], "keys_held_by": CUSTODIAN }),
        ),
        (
            "POST",
            "/incidents",
            json!({ "terminal_id": ACCOUNT, "place": PLACE }),
        ),
        (
            "PUT",
            "/settings",
            json!({ "smtp_url": format!("smtps//stop:{SMTP_PASSWORD}@mail") }),
        ),
        ("PUT", "/settings", json!({ "zone_keys": { "pin": MASTER_KEY } })),
        (
            "POST",
            "/registrations",
            json!({ "kind": "micro", "business_name": "x", "person_name": APPLICANT, "identity_number": IDENTITY_NUMBER,
                "mobile": format!("{APPLICANT_MOBILE}9"), "email": APPLICANT_EMAIL, "login": "x", "password": PASSWORD }),
        ),
        ("POST", "/registrations/look", json!({ "token": PROVIDER_KEY })),
        (
            "PUT",
            "/settings",
            json!({ "identity": { "provider": "tencent", "key_id": "", "secret": IDENTITY_SECRET } }),
        ),
        (
            "POST",
            "/invitations/accept",
            json!({ "token": PROVIDER_KEY, "login": "x", "name": INVITED, "password": PASSWORD }),
        ),
    ] {
        let answered = api.call(method, path, Some(body.to_string())).await?;
        ensure!(answered.status >= 400, "{method} {path}: {}", answered.status);
        answers.push(format!("{method} {path}: {}", answered.body));
    }
    let broken = format!("{{ \"kind\": \"police\", \"hotline\": \"{PHONE}\" \"email\": \"{EMAIL}\"");
    let answered = api.call("POST", "/contacts", Some(broken)).await?;
    answers.push(format!("what is no JSON: {}", answered.body));
    Ok(answers)
}

/// Everything that must be nowhere.
fn needles(master_keys: &[[u8; 16]]) -> Result<Vec<Needle>> {
    let mut needles: Vec<Needle> = [
        ("a telephone", PHONE),
        ("a contact's address", EMAIL),
        ("a person's address", OWN_EMAIL),
        ("an invited person", INVITED),
        ("a cashier", CASHIER),
        ("a custodian", CUSTODIAN),
        ("a place", PLACE),
        ("how it was lost", CIRCUMSTANCES),
        ("who found it", FOUND),
        ("why somebody looked", REASON),
        ("who is erased", GONE),
        ("why somebody was looked up and erased", WHY_GONE),
        ("a clerk", CONFIRMED_BY),
        ("an account number", ACCOUNT),
        ("a password", PASSWORD),
        ("a mail server's password", SMTP_PASSWORD),
        ("a provider's key", PROVIDER_KEY),
        ("an applicant", APPLICANT),
        ("an applicant's address", APPLICANT_EMAIL),
        ("an identity number", IDENTITY_NUMBER),
        ("an applicant's mobile", APPLICANT_MOBILE),
        ("a secret for identity checks", IDENTITY_SECRET),
    ]
    .map(|(name, text)| Needle::text(name, text))
    .into();
    for key in COMPONENTS.into_iter().chain([MASTER_KEY]) {
        needles.push(Needle::key("a master key", &unhex(key)?));
    }
    needles.extend(
        master_keys
            .iter()
            .map(|key| Needle::key("a terminal's master key", key)),
    );
    needles.extend(cards().iter().take(CARDS).map(|card| Needle::card(&card.pan)));
    Ok(needles)
}

/// Every table as text, as a dump has it.
fn dump(cluster: &Cluster, url: &str) -> Result<String> {
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'";
    let mut dump = String::new();
    for table in cluster.sql(url, tables)?.lines() {
        dump.push_str(&cluster.sql(url, &format!("SELECT t::text FROM {table} t"))?);
        dump.push('\n');
    }
    Ok(dump)
}

/// Runs a house through its main jobs, and looks at everything it leaves.
async fn leaves_nothing(cluster: Option<&'static Cluster>) -> Result<()> {
    let folder = Folder::new()?;
    let elsewhere = Folder::new()?;
    let outside = Outside::start(elsewhere.path(), 5).await?;
    let mut launch = Launch::new(&folder)?.asking(&outside);
    launch.through = ["env", "TILLGUARD_LOG=trace"].map(str::to_owned).to_vec();
    let url = cluster.map(Cluster::url);
    if let Some(url) = &url {
        launch = launch.named("node-a", url);
    }
    let node = launch.start().await?;
    let mut master_keys = Vec::new();
    for (index, ready) in node.ready.terminals.iter().take(3).enumerate() {
        master_keys.push(ready.identity.master_key);
        let mut terminal = Terminal::new(ready.identity.clone());
        terminal.connect(node.ready.gate).await?;
        ensure!(terminal.sign_in().await?.is_approved(), "the sign-in");
        for card in &cards()[index * 2..index * 2 + 2] {
            let sale = terminal.purchase(1_000, card).await?;
            let approved = sale.approved.clone().context("the sale")?;
            ensure!(terminal.refund(400, &approved).await?.is_approved(), "the refund");
        }
    }
    let api = node.api_as("risk").await?;
    let terminals: Vec<String> = node
        .ready
        .terminals
        .iter()
        .map(|ready| ready.id().to_owned())
        .collect();
    let (brought, answers) = by_the_doors(&api, &terminals).await?;
    // A lost terminal goes on trying.
    let mut lost = Terminal::new(node.ready.terminals[1].identity.clone());
    lost.connect(node.ready.gate).await?;
    let _ = lost.sign_in().await;
    let mut needles = needles(&master_keys)?;
    needles.extend(brought);
    // Killed, so that the write-ahead log stays as it is; what a backup would take is then all there.
    until("the work to be looked at", async || {
        Ok(Some(api.get("/work").await?))
    })
    .await?;
    node.kill()?;
    let mut left = Vec::new();
    if let (Some(cluster), Some(url)) = (cluster, &url) {
        left.push(("a dump".to_owned(), dump(cluster, url)?.into_bytes()));
        // A name in clear is in the rows of before until they are vacuumed away, and in the log until it is over.
        cluster.sql(url, "VACUUM FULL account")?;
        cluster.sql(url, "CHECKPOINT")?;
        files(&cluster.folder(), &mut left)?;
    } else {
        let listed = admin(folder.path(), &["list"], "")?;
        left.push(("admin list".to_owned(), listed.stdout));
        left.push(("admin list, errors".to_owned(), listed.stderr));
    }
    files(folder.path(), &mut left)?;
    left.extend(
        answers
            .into_iter()
            .map(|answer| ("an answer".to_owned(), answer.into_bytes())),
    );
    is_in_it(&left)?;
    verifies(folder.path(), url.as_deref())?;
    let mut found = BTreeSet::new();
    for (file, bytes) in &left {
        let is_over = |needle: &&Needle| file.contains("/pg_wal/") && needle.name == "who is erased";
        let there = needles.iter().filter(|needle| needle.is_in(bytes));
        for needle in there.filter(|needle| !is_over(needle)) {
            found.insert(format!("{} is in {file}", needle.name));
        }
    }
    for (file, bytes) in left.iter().filter(|(file, _)| file.ends_with(".said.txt")) {
        // What the database may hold in clear is no business of the log's.
        for (name, text) in [
            ("a password's hash", "$argon2"),
            ("a log-in", "canary.login"),
            ("a name", "Station 9"),
        ] {
            if Needle::text(name, text).is_in(bytes) {
                found.insert(format!("{name} is in {file}"));
            }
        }
    }
    ensure!(
        found.is_empty(),
        "{}",
        found.into_iter().collect::<Vec<_>>().join("\n")
    );
    Ok(())
}

/// That the audit log verifies, of which texts were erased.
fn verifies(folder: &Path, url: Option<&str>) -> Result<()> {
    let data = folder.join("data");
    let mut verify = std::process::Command::new(tillguard()?);
    verify.arg("verify").arg("--data-key").arg(data.join("data.key"));
    match url {
        Some(url) => verify.arg("--database").arg(url),
        None => verify.arg("--data").arg(&data),
    };
    let said = verify.output()?;
    ensure!(
        said.status.success(),
        "{}{}",
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    );
    Ok(())
}

/// That what was looked at is what was to be looked at: names in clear are found there, and the log is one of every level.
fn is_in_it(left: &[(String, Vec<u8>)]) -> Result<()> {
    for (name, text) in [
        ("a contact's name", "Station 9"),
        ("a log-in", "canary.login"),
        ("the log's finer levels", "DEBUG"),
    ] {
        let needle = Needle::text(name, text);
        ensure!(
            left.iter().any(|(_, bytes)| needle.is_in(bytes)),
            "{name} is nowhere"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_house_leaves_nothing_behind() -> Result<()> {
    leaves_nothing(None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_on_postgresql_leaves_nothing_behind() -> Result<()> {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await??;
    leaves_nothing(Some(Box::leak(Box::new(cluster)))).await
}

#[test]
fn what_is_there_is_found() -> Result<()> {
    let card = Needle::card("6222020011223344");
    ensure!(card.is_in(b"pan=6222020011223344;") && card.is_in(b"\x00\x62\x22\x02\x00\x11\x22\x33\x44\x01"));
    ensure!(!card.is_in(b"622202******3344"));
    let key = Needle::key("a key", &[0xa0, 0x1b]);
    ensure!(key.is_in(b"xA01Bx") && key.is_in(b"a01b") && key.is_in(&[1, 0xa0, 0x1b]) && !key.is_in(b"a01"));
    Ok(())
}
