//! An estate that comes as one spreadsheet: ten thousand terminals, one of which is then lost; and what a kill leaves (R2.1).

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use local_postgres::shared;
use serde_json::{Value, json};
use simulator::issuer::cards;
use simulator::terminal::{Terminal, TerminalIdentity};
use tests::{Acquirer, Api, Folder, House, PASSWORD, admin, master_key, number, own_key, until};

/// As issue and guide promise it for ten thousand.
const TIME_MAX: Duration = Duration::from_secs(30);
const MERCHANTS: usize = 20;
const SHOPS: usize = 400;

fn terminal_id(line: usize) -> String {
    format!("{:08}", 30_500_000 + line)
}

fn merchant_id(line: usize) -> String {
    format!("1045201571{:05}", line % MERCHANTS)
}

/// What a line says, in the order of [`HEADINGS`].
fn line(number: usize) -> [String; 9] {
    let shop = number % SHOPS;
    [
        format!("门店 {shop}"),
        format!("YZ90{number:08}"),
        "云展 Y90".to_owned(),
        terminal_id(number),
        format!("工业路 {shop} 号"),
        merchant_id(number),
        format!("商户 {}", number % MERCHANTS),
        format!("{} 号机", number / SHOPS + 1),
        "前台".to_owned(),
    ]
}

/// Not in the order of the template, and as people write them.
const HEADINGS: [&str; 9] = [
    "门店名称",
    "序列号（SN）",
    "机型",
    "终端号",
    "门店地址",
    "商户编号",
    "商户名称",
    "名称",
    "位置",
];

/// A spreadsheet of so many lines, each changed by `spoil`.
fn spreadsheet(lines: usize, spoil: impl Fn(usize, &mut [String; 9])) -> Result<Vec<u8>> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, heading) in (0_u16..).zip(HEADINGS) {
        sheet.write_string(0, column, heading)?;
    }
    for number in 0..lines {
        let mut cells = line(number);
        spoil(number, &mut cells);
        for (column, cell) in (0_u16..).zip(&cells) {
            sheet.write_string(u32::try_from(number)? + 1, column, cell)?;
        }
    }
    Ok(book.save_to_buffer()?)
}

async fn upload(risk: &Api, file: Vec<u8>) -> Result<String> {
    let import = risk
        .send_file("/imports?name=estate.xlsx", file)
        .await?
        .expect(201)?;
    Ok(import["id"].as_str().context("no id")?.to_owned())
}

/// The import once its lines have been looked through, and how far it was at each look.
async fn checked(risk: &Api, id: &str) -> Result<(Value, Vec<i64>)> {
    let mut seen = Vec::new();
    let import = until("the lines to be looked through", async || {
        let import = risk.get(&format!("/imports/{id}")).await?;
        let count = import["checked_count"].as_i64().unwrap_or_default();
        if seen.last() != Some(&count) {
            seen.push(count);
        }
        Ok((import["state"] != "checking").then_some(import))
    })
    .await?;
    ensure!(import["state"] == "checked", "{import}");
    ensure!(seen.is_sorted(), "it went back: {seen:?}");
    Ok((import, seen))
}

/// How many lines of each outcome: added, changed, unchanged, wrong.
fn counts(import: &Value) -> [i64; 4] {
    ["added", "changed", "unchanged", "wrong"]
        .map(|what| import[format!("{what}_count")].as_i64().unwrap_or(-1))
}

async fn terminals(risk: &Api) -> Result<i64> {
    let list = risk.get("/terminals?limit=1").await?;
    list["counts"]["running"].as_i64().context("no count")
}

async fn commit(risk: &Api, id: &str) -> Result<Value> {
    risk.post(&format!("/imports/{id}/commit"), &json!({}))
        .await?
        .expect(200)
}

/// Four lines out of ten thousand, each wrong in another way.
fn spoil(number: usize, cells: &mut [String; 9]) {
    match number {
        17 => cells[3] = "终端一".to_owned(),
        4_711 => cells[1] = line(12)[1].clone(),
        5_000 => cells[2].clear(),
        9_999 => cells[5] = "no merchant!".to_owned(),
        _ => {}
    }
}

/// The longest part of a look through, in milliseconds, by what the house said.
fn longest_part_ms(said: &str) -> Option<u64> {
    let parts = said.lines().filter(|line| line.contains("a part of an import"));
    let took_ms = |line: &str| {
        let (_, took) = line.split_once("took_ms")?;
        // Between name and number are the colours of the log: `…m=…m`.
        let number = took
            .split(['=', 'm'])
            .find(|part| part.starts_with(|one: char| one.is_ascii_digit()))?;
        number.split_whitespace().next()?.parse().ok()
    };
    parts.filter_map(took_ms).max()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_terminals_come_from_a_spreadsheet_and_one_of_them_is_lost() -> Result<()> {
    ten_thousand(&Folder::new()?, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_terminals_come_from_a_spreadsheet_into_a_shared_store() -> Result<()> {
    let url = tokio::task::spawn_blocking(|| shared().new_database()).await??;
    ten_thousand(&Folder::new()?, &["--database", &url]).await
}

async fn ten_thousand(folder: &Folder, more: &[&str]) -> Result<()> {
    let lines = usize::try_from(number("TILLGUARD_LINES", 10_000))?;
    let acquirer = Acquirer::begin(folder, more).await?;
    let risk = &acquirer.risk;

    // Every wrong line is named, and nothing is done.
    let id = upload(risk, spreadsheet(lines, spoil)?).await?;
    let (import, _) = checked(risk, &id).await?;
    ensure!(counts(&import) == [lines as i64 - 4, 0, 0, 4], "{import}");
    let named = risk.get(&format!("/imports/{id}/lines?outcome=wrong")).await?;
    let wrong = named["items"].as_array().context("no lines")?;
    let named: Vec<_> = wrong
        .iter()
        .map(|line| (line["line"].as_i64(), line["field"].as_str()))
        .collect();
    let wanted = [
        (19, "terminal_id"),
        (4_713, "serial"),
        (5_002, "model"),
        (10_001, "merchant_id"),
    ];
    ensure!(
        named == wanted.map(|(line, field)| (Some(line), Some(field))),
        "{wrong:?}"
    );
    let refused = risk.post(&format!("/imports/{id}/commit"), &json!({})).await?;
    ensure!(
        refused.status == 409 && terminals(risk).await? == 0,
        "{}",
        refused.body
    );
    risk.post(&format!("/imports/{id}/discard"), &json!({}))
        .await?
        .expect(200)?;

    // The corrected one, against the clock.
    let file = spreadsheet(lines, |_, _| ())?;
    let began = Instant::now();
    let id = upload(risk, file.clone()).await?;
    let uploaded = began.elapsed();
    let (import, seen) = checked(risk, &id).await?;
    let looked_through = began.elapsed();
    ensure!(seen.len() > 3, "nothing to see of how far it is: {seen:?}");
    ensure!(counts(&import) == [lines as i64, 0, 0, 0], "{import}");
    ensure!(
        import["merchant_count"] == 20 && import["shop_count"] == 400,
        "{import}"
    );
    ensure!(terminals(risk).await? == 0, "seen before it was committed");
    let before = Instant::now();
    let done = commit(risk, &id).await?;
    let took = began.elapsed();
    println!(
        "{lines} terminals: sent after {uploaded:?}, looked through after {looked_through:?}, taken over in {:?}, in all {took:?}",
        before.elapsed()
    );
    let longest_ms = longest_part_ms(&acquirer.house.said()?).context("no part was told of")?;
    println!("the longest part: {longest_ms} ms");
    ensure!(
        done["state"] == "done" && terminals(risk).await? == lines as i64,
        "{done}"
    );
    ensure!(took < TIME_MAX, "{took:?}");

    // The same again finds everything there.
    let id = upload(risk, file).await?;
    let (again, _) = checked(risk, &id).await?;
    ensure!(
        counts(&again) == [0, 0, lines as i64, 0] && again["shop_count"] == 0,
        "{again}"
    );
    ensure!(again["actions"] == json!(["discard"]), "{again}");

    one_is_lost(&acquirer).await
}

/// One of the terminals is given its key, signs in, buys, is reported and refused.
async fn one_is_lost(acquirer: &Acquirer) -> Result<()> {
    let (risk, lost) = (&acquirer.risk, 7_654);
    let id = terminal_id(lost);
    let kept = risk.get(&format!("/terminals/{id}")).await?;
    ensure!(kept["location"] == "前台" && kept["control"] == "gate", "{kept}");
    risk.post(&format!("/terminals/{id}/master-key"), &master_key(&own_key())?)
        .await?
        .expect(200)?;
    let operator =
        json!({ "shop_id": kept["shop_id"], "operator": "001", "name": "收银员 01", "password": "246810" });
    risk.post("/operators", &operator).await?.expect(201)?;
    let identity = TerminalIdentity::new(&id, &merchant_id(lost), own_key(), "001");
    let mut terminal = Terminal::new(identity);
    terminal.connect(acquirer.house.gate()?).await?;
    ensure!(terminal.sign_in().await?.is_approved(), "sign-in");
    let card = &cards()[0];
    let sale = terminal.purchase(1_800, card).await?;
    ensure!(sale.code() == "00", "{sale:?}");
    risk.report_lost(&id).await?;
    let refused = terminal.purchase(1_800, card).await?;
    ensure!(refused.code() != "00", "{refused:?}");
    ensure!(
        acquirer.host.standing().len() == 1,
        "{:?}",
        acquirer.host.standing()
    );
    Ok(())
}

/// Kills it in the midst of a look through and of a commit, on that store: what is there afterwards is all of it, or nothing.
async fn is_whole_or_not_at_all(folder: &Folder, more: &[&str]) -> Result<()> {
    const LINES: usize = 3_000;
    let mut acquirer = Acquirer::begin(folder, more).await?;
    let id = upload(&acquirer.risk, spreadsheet(LINES, |_, _| ())?).await?;
    for share in [0, 500, 2_000] {
        until("the look through to have begun", async || {
            let import = acquirer.risk.get(&format!("/imports/{id}")).await?;
            Ok((import["checked_count"].as_i64() > Some(share)).then_some(()))
        })
        .await?;
        acquirer = acquirer.killed(folder).await?;
        ensure!(terminals(&acquirer.risk).await? == 0, "half an estate");
    }
    let (import, _) = checked(&acquirer.risk, &id).await?;
    ensure!(counts(&import) == [LINES as i64, 0, 0, 0], "{import}");
    let lines = acquirer
        .risk
        .get(&format!("/imports/{id}/lines?limit=1000&cursor=2001"))
        .await?;
    ensure!(
        lines["items"].as_array().map(Vec::len) == Some(1_000),
        "a line is missing"
    );

    let (mut kills, most) = (0, number("TILLGUARD_KILLS", 40));
    loop {
        let (api, id) = (acquirer.risk.clone(), id.clone());
        let asked = tokio::spawn(async move { commit(&api, &id).await });
        // Real time: from before the request arrives to after its answer.
        tokio::time::sleep(Duration::from_millis(kills * kills)).await;
        acquirer = acquirer.killed(folder).await?;
        let is_told = asked.await?.is_ok();
        kills += 1;
        match terminals(&acquirer.risk).await? {
            0 => ensure!(!is_told, "what was told is gone"),
            all => {
                ensure!(all == LINES as i64, "{all} of {LINES}");
                break;
            }
        }
        ensure!(kills < most, "every kill came too early");
    }
    println!("killed {kills} times in its commit");
    let import = acquirer.risk.get("/imports").await?;
    ensure!(import["items"][0]["state"] == "done", "{import}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_is_there_wholly_or_not_at_all() -> Result<()> {
    is_whole_or_not_at_all(&Folder::new()?, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_is_there_wholly_or_not_at_all_in_a_shared_store() -> Result<()> {
    let url = tokio::task::spawn_blocking(|| shared().new_database()).await??;
    is_whole_or_not_at_all(&Folder::new()?, &["--database", &url]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_imports_what_the_page_imports() -> Result<()> {
    let folder = Folder::new()?;
    let acquirer = Acquirer::begin(&folder, &[]).await?;
    acquirer.house.kill()?;
    let path = folder.path().join("estate.xlsx");
    let path = path.to_str().context("a path")?;
    let import = |more: &[&str]| {
        let arguments = [&["import", "--login", "risk", path], more].concat();
        let done = admin(folder.path(), &arguments, "")?;
        let said = String::from_utf8(done.stdout)?;
        Ok::<_, anyhow::Error>((done.status.success(), said))
    };
    std::fs::write(path, spreadsheet(30, spoil)?)?;
    let (done, said) = import(&[])?;
    ensure!(
        !done && said.contains("19\tterminal_id\tmust be 1 to 8 letters"),
        "{said}"
    );
    std::fs::write(path, spreadsheet(30, |_, _| ())?)?;
    let (done, said) = import(&["--dry-run"])?;
    ensure!(done && said.starts_with("30 new, 0 changed"), "{said}");
    let (done, said) = import(&[])?;
    ensure!(done && said.starts_with("30 new, 0 changed"), "{said}");
    let (done, said) = import(&[])?;
    ensure!(
        done && said.starts_with("0 new, 0 changed, 30 unchanged"),
        "{said}"
    );
    let house = House::start(folder.path(), "node-1", &[]).await?;
    let risk = house.api()?.signed_in("risk", PASSWORD).await?;
    ensure!(terminals(&risk).await? == 30, "not there");
    Ok(())
}
