//! Two cases beside the walk's: one half-way, one closed, each made by the people whose it is, step by step, now.
//!
//! A step that fails is told in the log; what comes after it in that case is left out, and the demo goes on.
//!
//! Invariant: everything here is a request of the API's, by somebody who may make it; numbers of papers say that they are the demo's.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use node::seal::random;
use serde_json::{Value, json};
use simulator::calendar::{self, Local};
use simulator::estate::Estate;
use tokio::time::{Instant, sleep};

use super::caller::Caller;
use super::{RISK, SECOND};
use crate::estate::Login;

/// The owners whose cases these are: the walk's own merchant is left to who walks.
const PHARMACIST: &str = "owner2";
const TAILOR: &str = "owner3";
/// Their merchants, by place in the estate.
const PHARMACY: usize = 1;
const CLOTHES: usize = 2;
/// The terminal that takes the stolen one's place.
const NEW_TERMINAL: &str = "65109001";
/// How long what others do is waited for, and how often it is looked at.
const WAIT_MAX: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Attempts that are seen before somebody says so.
const ATTEMPTS: i64 = 6;

/// Who the cases are made by.
pub struct People {
    api: SocketAddr,
    pharmacist: Login,
    tailor: Login,
    risk: Login,
    second: Login,
}

impl People {
    /// By their log-ins.
    pub fn new(api: SocketAddr, logins: &[Login]) -> anyhow::Result<Self> {
        let person = |login: &str| -> anyhow::Result<Login> {
            let person = logins.iter().find(|one| one.login == login);
            person
                .cloned()
                .with_context(|| format!("nobody is called {login}"))
        };
        Ok(Self {
            api,
            pharmacist: person(PHARMACIST)?,
            tailor: person(TAILOR)?,
            risk: person(RISK)?,
            second: person(SECOND)?,
        })
    }
}

/// The terminals that are lost in them: spare ones, of other merchants than the walk's.
pub struct Terminals {
    pharmacy: String,
    clothes: String,
}

impl Terminals {
    /// Those of an estate.
    pub fn of(estate: &Estate) -> anyhow::Result<Self> {
        let spare = |merchant: usize| -> anyhow::Result<String> {
            let its =
                |terminal: &&simulator::estate::Terminal| terminal.merchant == merchant && !terminal.live;
            let spare = estate.terminals.iter().find(its).context("no spare terminal")?;
            Ok(spare.terminal_id.clone())
        };
        Ok(Self {
            pharmacy: spare(PHARMACY)?,
            clothes: spare(CLOTHES)?,
        })
    }
}

/// Makes both.
pub async fn make(people: &People, terminals: &Terminals) {
    if let Err(error) = half_way(people, &terminals.pharmacy).await {
        tracing::warn!(
            error = format!("{error:#}"),
            "the demo's case half-way is not whole"
        );
    }
    if let Err(error) = closed(people, &terminals.clothes).await {
        tracing::warn!(
            error = format!("{error:#}"),
            "the demo's closed case is not whole"
        );
    }
}

/// A theft some steps in: the police have it, the acquirer has deregistered the terminal, payments are still to be checked, and the
/// new device is looked at but not bound.
async fn half_way(people: &People, terminal_id: &str) -> anyhow::Result<()> {
    let owner = Caller::log_in(people.api, &people.pharmacist).await?;
    let risk = Caller::log_in(people.api, &people.risk).await?;
    let case = Case::report(
        &owner,
        terminal_id,
        "仓库抽屉",
        "盘点时发现备用机不在抽屉里，抽屉锁被撬。",
    )
    .await?;
    case.tried_and_seen(&owner, &risk).await?;
    let receipt = case.file(&owner, "receipt.txt", "受案回执（演示）").await?;
    case.police(&owner, "accept", "演示受案-0001", Some(&receipt))
        .await?;
    let clip = case.file(&owner, "clip.txt", "监控片段的存放处（演示）").await?;
    case.done(
        &owner,
        "camera_footage",
        json!({ "statement": "已导出仓库门口的片段。", "attachment": clip }),
    )
    .await?;
    case.done(
        &risk,
        "acquirer_deregister",
        json!({ "reference": "演示注销-0001" }),
    )
    .await?;
    case.duty_step(&risk, "card_crime_report", "hand-over", json!({ "to": SECOND }))
        .await?;
    case.say(
        &owner,
        "丢失前后的流水我今天对完。之前有没有异常签到，请帮忙看一下。",
        &[RISK],
    )
    .await?;
    let replacement = case.replace(&owner, "YZ90200417").await?;
    tracing::debug!(what = replacement, "the demo's case half-way is made");
    owner.log_out().await?;
    risk.log_out().await
}

/// A theft that is over with: every duty done or not needed, by two people where the law asks, and the new terminal sells.
async fn closed(people: &People, terminal_id: &str) -> anyhow::Result<()> {
    let owner = Caller::log_in(people.api, &people.tailor).await?;
    let risk = Caller::log_in(people.api, &people.risk).await?;
    let second = Caller::log_in(people.api, &people.second).await?;
    let case = Case::report(&owner, terminal_id, "一楼收银台旁", "打烊清点时少了一台移动机。").await?;
    case.tried_and_seen(&owner, &risk).await?;
    let receipt = case.file(&owner, "receipt.txt", "受案回执（演示）").await?;
    case.police(&owner, "accept", "演示受案-0002", Some(&receipt))
        .await?;
    case.police(&owner, "file", "演示立案-0002", None).await?;
    let clip = case.file(&owner, "clip.txt", "监控片段的存放处（演示）").await?;
    case.done(
        &owner,
        "camera_footage",
        json!({ "statement": "已导出收银台的片段。", "attachment": clip }),
    )
    .await?;
    case.done(
        &owner,
        "check_transactions",
        json!({ "statement": "逐笔对过，没有店外的交易。" }),
    )
    .await?;
    case.done(
        &risk,
        "acquirer_deregister",
        json!({ "reference": "演示注销-0002" }),
    )
    .await?;
    let no_data = "这台移动机不保存顾客资料。";
    case.not_needed(&owner, &risk, "exposure_assessment", no_data)
        .await?;
    let no_crime = "没有用银行卡作案的迹象。";
    case.not_needed(&risk, &second, "card_crime_report", no_crime)
        .await?;
    case.replaced(&owner, &risk).await?;
    case.done(
        &risk,
        "replacement_notice",
        json!({ "reference": "演示报送-0002" }),
    )
    .await?;
    let lesson = "移动机下班后锁进柜子，由店长清点签字。";
    case.done(&owner, "lessons", json!({ "statement": lesson }))
        .await?;
    case.police(&owner, "end", "演示结案-0002", None).await?;
    let statement = "没有找到；新终端已启用。";
    owner
        .post(&case.path("/close"), json!({ "statement": statement }))
        .await?;
    owner.log_out().await?;
    risk.log_out().await?;
    second.log_out().await
}

/// A case that is being made.
struct Case {
    id: String,
    /// Its duties by name. More come when a new terminal is bound.
    duties: Value,
}

impl Case {
    async fn report(
        owner: &Caller,
        terminal_id: &str,
        place: &str,
        circumstances: &str,
    ) -> anyhow::Result<Self> {
        let said = json!({
            "terminal_id": terminal_id, "manner": "stolen", "place": place, "circumstances": circumstances,
        });
        let reported = owner.post("/incidents", said).await?;
        let id = reported["id"]
            .as_str()
            .context("a report without a number")?
            .to_owned();
        let case = Self {
            id,
            duties: Value::Null,
        };
        let path = case.path("/duties");
        let are_there = |duties: &Value| duties["items"].as_array().is_some_and(|items| !items.is_empty());
        let duties = until(owner, &path, are_there).await?;
        Ok(Self { duties, ..case })
    }

    fn path(&self, rest: &str) -> String {
        format!("/incidents/{}{rest}", self.id)
    }

    /// Waits until whoever has it has tried it, and says that somebody has seen that.
    async fn tried_and_seen(&self, owner: &Caller, risk: &Caller) -> anyhow::Result<()> {
        let is_tried = |incident: &Value| {
            incident["attempt_count"]
                .as_i64()
                .is_some_and(|count| count >= ATTEMPTS)
        };
        until(owner, &self.path(""), is_tried).await?;
        let seen = risk.post(&self.path("/alarm/acknowledge"), json!({})).await;
        seen.map(drop)
    }

    /// Brings a text that says of itself that it is the demo's; answers its identifier.
    async fn file(&self, by: &Caller, name: &str, title: &str) -> anyhow::Result<String> {
        let text = format!("{title}\nA file of the demo, case {}: no real paper.\n", self.id);
        let path = self.path(&format!("/attachments?name={name}&purpose=evidence"));
        let file = by.bring(&path, &text).await?;
        Ok(file["id"].as_str().context("a file without a number")?.to_owned())
    }

    async fn police(
        &self,
        by: &Caller,
        action: &str,
        number: &str,
        file: Option<&str>,
    ) -> anyhow::Result<()> {
        let Local { year, month, day, .. } = Local::of(calendar::now_ms());
        let said = json!({
            "action": action, "number": number, "office": "演示派出所",
            "on": format!("{year:04}-{month:02}-{day:02}"), "attachment": file,
        });
        by.post(&self.path("/police"), said).await.map(drop)
    }

    async fn say(&self, by: &Caller, text: &str, asked: &[&str]) -> anyhow::Result<()> {
        let said = json!({ "text": text, "mentions": asked });
        by.post(&self.path("/comments"), said).await.map(drop)
    }

    async fn duty_step(&self, by: &Caller, name: &str, step: &str, said: Value) -> anyhow::Result<()> {
        let of = |duties: &Value| {
            let items = duties["items"].as_array()?;
            let its = items.iter().find(|duty| duty["duty"] == name)?;
            its["id"].as_str().map(str::to_owned)
        };
        let id = match of(&self.duties) {
            Some(id) => id,
            None => of(&by.get(&self.path("/duties")).await?).with_context(|| name.to_owned())?,
        };
        by.post(&format!("/duties/{id}/{step}"), said).await.map(drop)
    }

    async fn done(&self, by: &Caller, name: &str, proof: Value) -> anyhow::Result<()> {
        self.duty_step(by, name, "done", json!({ "proof": proof })).await
    }

    async fn not_needed(&self, by: &Caller, second: &Caller, name: &str, ground: &str) -> anyhow::Result<()> {
        self.duty_step(by, name, "not-needed", json!({ "ground": ground }))
            .await?;
        self.duty_step(second, name, "not-needed/confirm", json!({}))
            .await
    }

    /// Begins a replacement with a device that may be used; answers its identifier.
    async fn replace(&self, by: &Caller, serial: &str) -> anyhow::Result<String> {
        let begun = by
            .post(&self.path("/replacements"), json!({ "is_loaner": false }))
            .await?;
        let id = begun["id"]
            .as_str()
            .context("a replacement without a number")?
            .to_owned();
        let device = json!({
            "serial": serial, "kind": "smart", "make": "云展", "model": "Y90", "supplier": "澄海支付", "channel": "acquirer",
            "certificate": { "unionpay": "P3100", "model": "Y90", "hardware": "V2.00", "firmware": "V1.3.7" },
            "delivery": { "seal": "FS0417", "dispatched_seal": "FS0417", "box_serial": serial, "seal_is_whole": true },
        });
        let looked_at = by.post(&format!("/replacements/{id}/device"), device).await?;
        match looked_at["state"] == "device_checked" {
            true => Ok(id),
            false => bail!("the device was not taken: {}", looked_at["refusals"]),
        }
    }

    /// The whole of it: bound, the old keys ended, the new one's compared, tried at the gate, signed for, live.
    async fn replaced(&self, owner: &Caller, risk: &Caller) -> anyhow::Result<()> {
        let id = self.replace(owner, "YZ90200418").await?;
        let path = |step: &str| format!("/replacements/{id}/{step}");
        let (key, check_value) = master_key()?;
        let bound = json!({
            "terminal_id": NEW_TERMINAL, "master_key": { "components": [key], "check_value": check_value },
        });
        risk.post(&path("binding"), bound).await?;
        risk.post(&path("old-keys"), json!({})).await?;
        risk.post(&path("keys"), json!({ "check_value": check_value }))
            .await?;
        risk.post(&path("test"), json!({})).await?;
        // The device is tried by who has it, at the gate.
        let began = Instant::now();
        while let Err(error) = risk.post(&path("test/pass"), json!({})).await {
            if began.elapsed() > WAIT_MAX {
                return Err(error);
            }
            sleep(LOOK_EVERY).await;
        }
        let list = owner.get(&self.path("/replacements")).await?;
        let items = list["checklist"]["items"].as_array().context("no checklist")?;
        let answers: Vec<Value> = items
            .iter()
            .map(|item| json!({ "item": item["item"], "is_so": true }))
            .collect();
        owner
            .post(&path("checklist"), json!({ "answers": answers }))
            .await?;
        owner.post(&path("live"), json!({})).await.map(drop)
    }
}

/// Reads something until it is so.
async fn until(by: &Caller, path: &str, is_so: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let began = Instant::now();
    loop {
        let said = by.get(path).await?;
        if is_so(&said) {
            return Ok(said);
        }
        if began.elapsed() > WAIT_MAX {
            bail!("{path}: not so in {} s", WAIT_MAX.as_secs());
        }
        sleep(LOOK_EVERY).await;
    }
}

/// A master key and its check value, as they are given to people.
fn master_key() -> anyhow::Result<(String, String)> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let key = random::<16>()?;
    let check = iso8583::keys::check_value(&key)?;
    Ok((hex(&key), hex(&check[..3])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminals_of_these_cases_stand_still_and_are_not_the_walks() {
        let estate = Estate::generate(2026, 1_795_330_882_000);
        let Terminals { pharmacy, clothes } = Terminals::of(&estate).unwrap();
        let walked = estate.shops.first().unwrap().merchant;
        for (id, merchant) in [(pharmacy, PHARMACY), (clothes, CLOTHES)] {
            let terminal = estate.terminal(&id).unwrap();
            assert_eq!((terminal.live, terminal.merchant), (false, merchant));
            assert_ne!(terminal.merchant, walked);
        }
        assert!(estate.terminal(NEW_TERMINAL).is_none(), "a number that is taken");
    }

    #[test]
    fn a_master_key_is_given_with_its_check_value() {
        let (key, check) = master_key().unwrap();
        assert_eq!((key.len(), check.len()), (32, 6));
    }
}
