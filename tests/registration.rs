//! Merchants that sign up by themselves, by the real binary: confirmed by a mail, checked by a cloud that verifies every signature and
//! says yes, no, nothing, or nonsense; decided by one person or by two; and the node killed while it asks.

use anyhow::{Context, Result, ensure};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use simulator::control::Control;
use simulator::identity::{Fault, Identity, IdentityConfig};
use simulator::mail::{MailConfig, MailServer};
use tests::{Api, Folder, House, WAIT_MAX, until};
use tokio::time::timeout;

const PASSWORD: &str = "teapot-in-the-rain";
const KEY_ID: &str = "LTAI5tTestKeyId";
const SECRET: &str = "an-access-key-secret-of-the-house";
const AUTH_CODE: &str = "aZ3fAuthCode";
/// Two identity numbers and a credit code that nobody has.
const NUMBERS: [&str; 2] = ["110101180001010015", "11010118000104002X"];
const CODE: &str = "91110101MA0TXXX113";

/// An acquirer's house that takes registrations, with its mail server and its cloud.
struct Acquirer {
    house: Option<House>,
    folder: Folder,
    mail: MailServer,
    cloud: Identity,
    risk: Api,
    ops: Api,
}

/// What the applicant holds.
struct Begun {
    id: String,
    token: String,
}

impl Acquirer {
    async fn open(provider: &str) -> Result<Self> {
        let folder = Folder::new()?;
        let mail = MailServer::start(MailConfig::default()).await?;
        let cloud = Identity::start(IdentityConfig {
            port: 0,
            key_id: KEY_ID.into(),
            secret: SECRET.into(),
            auth_code: AUTH_CODE.into(),
            fault: Control::default(),
        })
        .await?;
        let house = House::start(folder.path(), "node-1", &["--identity-address", &cloud.url()]).await?;
        let first = json!({
            "token": house.token()?, "mode": "acquirer", "language": "zh", "time_zone": "Asia/Shanghai", "currency": "CNY",
            "account": { "login": "risk", "name": "风控", "password": PASSWORD },
        });
        let done = house.api()?.post("/setup", &first).await?.expect(201)?;
        let risk = house.api()?.with_token(done["token"].as_str().context("token")?);
        let keys =
            json!({ "provider": provider, "key_id": KEY_ID, "secret": SECRET, "auth_code": AUTH_CODE });
        let settings = json!({
            "smtp_url": format!("smtp://{}", mail.addr()), "mail_from": "house@acquirer.example", "takes_registrations": true,
            "identity": keys,
        });
        let set = risk
            .call("PUT", "/settings", Some(settings.to_string()))
            .await?
            .expect(200)?;
        ensure!(!set.to_string().contains(SECRET), "{set}");
        let invited = json!({ "name": "运营", "role": "operations" });
        let invited = risk.post("/invitations", &invited).await?.expect(201)?;
        let accept =
            json!({ "token": invited["token"], "login": "ops", "name": "运营", "password": PASSWORD });
        let accepted = house
            .api()?
            .post("/invitations/accept", &accept)
            .await?
            .expect(201)?;
        let ops = house
            .api()?
            .with_token(accepted["token"].as_str().context("token")?);
        Ok(Self {
            house: Some(house),
            folder,
            mail,
            cloud,
            risk,
            ops,
        })
    }

    fn anybody(&self) -> Result<Api> {
        self.house.as_ref().context("no house")?.api()
    }

    /// Kill -9, and start on the same data. The mail server and the cloud go on.
    async fn kill_and_start(&mut self) -> Result<()> {
        self.house.take().context("no house")?.kill()?;
        let house = House::start(
            self.folder.path(),
            "node-1",
            &["--identity-address", &self.cloud.url()],
        )
        .await?;
        let token = |api: &Api| api.token().map(str::to_owned).context("no token");
        self.risk = house.api()?.with_token(&token(&self.risk)?);
        self.ops = house.api()?.with_token(&token(&self.ops)?);
        self.house = Some(house);
        Ok(())
    }

    /// Fills the form in, and ticks that the house's provider is asked.
    async fn ask(&self, form: &Value) -> Result<Begun> {
        let mut form = form.clone();
        let house = self.anybody()?.get("/hotline").await?;
        form["consents_to"] = house["identity_provider"].clone();
        let begun = self.anybody()?.post("/registrations", &form).await?.expect(202)?;
        let text = |field: &str| begun[field].as_str().map(str::to_owned).context("no text");
        Ok(Begun {
            id: text("id")?,
            token: text("token")?,
        })
    }

    /// The text of the mail about a registration whose text has this in it.
    async fn mailed(&self, begun: &Begun, with: &str) -> Result<String> {
        until(&format!("a mail about {} with {with}", begun.id), async || {
            let mut texts = self.mail.mails().into_iter().filter_map(|mail| {
                let parsed = MessageParser::default().parse(&mail.message)?;
                let subject = parsed.subject()?.to_owned();
                let text = parsed.body_text(0)?.into_owned();
                (subject.contains(&begun.id) && text.contains(with)).then_some(text)
            });
            Ok(texts.next_back())
        })
        .await
    }

    async fn confirm(&self, begun: &Begun) -> Result<Value> {
        let text = self.mailed(begun, "验证码").await?;
        let is_code = |line: &&str| line.len() == 14 && line.split('-').all(|part| part.len() == 4);
        let code = text
            .lines()
            .map(str::trim)
            .find(is_code)
            .context("no code in the mail")?;
        let said = json!({ "token": begun.token, "code": code });
        self.anybody()?
            .post("/registrations/confirm", &said)
            .await?
            .expect(200)
    }

    /// Fills the form in and brings the code.
    async fn register(&self, form: &Value) -> Result<Begun> {
        let begun = self.ask(form).await?;
        self.confirm(&begun).await?;
        Ok(begun)
    }

    async fn look(&self, begun: &Begun) -> Result<Value> {
        let said = json!({ "token": begun.token });
        self.anybody()?
            .post("/registrations/look", &said)
            .await?
            .expect(200)
    }

    /// Waits until it stands there; what staff see of it.
    async fn stands(&self, begun: &Begun, state: &str) -> Result<Value> {
        let path = format!("/registrations/{}", begun.id);
        until(&format!("{} to be {state}", begun.id), async || {
            let shown = self.risk.get(&path).await?;
            Ok((shown["state"] == state).then_some(shown))
        })
        .await
    }

    async fn step(&self, by: &Api, begun: &Begun, verb: &str, said: Value) -> Result<tests::Answered> {
        by.post(&format!("/registrations/{}/{verb}", begun.id), &said)
            .await
    }
}

/// The form of an enterprise whose person and business are called so.
fn form(login: &str, person: &str, business: &str) -> Value {
    json!({
        "kind": "enterprise", "business_name": business, "credit_code": CODE, "person_name": person,
        "identity_number": NUMBERS[0], "mobile": "13800138000", "email": format!("{login}@shop.example"), "login": login,
        "password": PASSWORD, "language": "zh",
    })
}

fn seen() -> Value {
    json!({ "documents": ["ab".repeat(32)], "until": "long_term", "text": "执照和身份证正反面已看，一致。" })
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_found_to_be_the_same_is_accepted_by_one_and_logs_in() -> Result<()> {
    let acquirer = Acquirer::open("aliyun").await?;
    let told = acquirer.anybody()?.get("/hotline").await?;
    ensure!(
        told["takes_registrations"] == true && told["identity_provider"] == "aliyun",
        "{told}"
    );
    let begun = acquirer.ask(&form("fu", "测试甲", "测试商行")).await?;
    ensure!(
        acquirer.risk.get("/registrations").await?["items"] == json!([]),
        "it is not confirmed"
    );
    ensure!(acquirer.cloud.asked().is_empty(), "it cost something");
    acquirer.confirm(&begun).await?;
    let shown = acquirer.stands(&begun, "review").await?;
    ensure!(
        shown["person_check"]["outcome"] == "same" && shown["company_check"]["outcome"] == "same",
        "{shown}"
    );
    ensure!(
        shown["actions"] == json!(["accept", "return", "refuse", "reveal"]),
        "{shown}"
    );
    ensure!(
        acquirer.cloud.asked() == ["Id2MetaVerify 测试甲", "CompanyFourElementsVerification 测试商行"],
        "{:?}",
        acquirer.cloud.asked()
    );
    let log_in = json!({ "login": "fu", "password": PASSWORD });
    acquirer.anybody()?.post("/session", &log_in).await?.expect(401)?;
    acquirer
        .step(&acquirer.ops, &begun, "accept", json!({}))
        .await?
        .expect(200)?;
    let owner = acquirer.anybody()?.signed_in("fu", PASSWORD).await?;
    let own = owner.get("/merchants").await?;
    ensure!(
        own["items"][0]["name"] == "测试商行" && own["items"][1].is_null(),
        "{own}"
    );
    acquirer.mailed(&begun, "已通过").await?;
    let said = acquirer.house.as_ref().context("house")?.said()?;
    for secret in [
        NUMBERS[0],
        "13800138000",
        SECRET,
        AUTH_CODE,
        "测试甲",
        PASSWORD,
        &begun.token,
    ] {
        ensure!(!said.contains(secret), "the log says {secret}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_outcome_leads_where_it_must() -> Result<()> {
    for provider in ["aliyun", "tencent"] {
        let acquirer = Acquirer::open(provider).await?;
        for (login, person, business, state, outcome) in [
            ("a1", "不符甲", "测试商行", "returned", ("differs", None)),
            ("a2", "无录甲", "测试商行", "review", ("no_record", None)),
            (
                "a3",
                "怪样甲",
                "测试商行",
                "review",
                ("cannot_tell", Some("unreadable")),
            ),
            (
                "a4",
                "停机甲",
                "测试商行",
                "review",
                ("down", Some("not_reached")),
            ),
        ] {
            let begun = acquirer.register(&form(login, person, business)).await?;
            let shown = acquirer.stands(&begun, state).await?;
            let check = &shown["person_check"];
            ensure!(
                check["outcome"] == outcome.0 && check["because"] == json!(outcome.1),
                "{provider} {shown}"
            );
            let may_accept = shown["actions"]
                .as_array()
                .context("actions")?
                .contains(&json!("accept"));
            ensure!(!may_accept, "{provider}: one person alone would accept {shown}");
        }
        let begun = acquirer.register(&form("a5", "测试甲", "停业商行")).await?;
        let (state, because) = match provider {
            "aliyun" => ("returned", "not_operating"),
            _ => ("review", "not_offered"),
        };
        let shown = acquirer.stands(&begun, state).await?;
        ensure!(shown["company_check"]["because"] == because, "{provider} {shown}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_is_corrected_by_the_applicant_and_what_is_not_known_by_two_people() -> Result<()> {
    let acquirer = Acquirer::open("aliyun").await?;
    let begun = acquirer.register(&form("wang", "不符甲", "无录商行")).await?;
    acquirer.stands(&begun, "returned").await?;
    acquirer.mailed(&begun, "需要修改").await?;
    let seen_by_applicant = acquirer.look(&begun).await?;
    ensure!(
        seen_by_applicant["wrong_fields"] == json!(["person_name", "identity_number"]),
        "{seen_by_applicant}"
    );
    ensure!(
        !seen_by_applicant.to_string().contains(NUMBERS[0]),
        "{seen_by_applicant}"
    );
    let corrected = json!({
        "token": begun.token,
        "person_name": "测试乙",
        "identity_number": NUMBERS[1],
        "consents_to": "aliyun",
    });
    acquirer
        .anybody()?
        .post("/registrations/send", &corrected)
        .await?
        .expect(200)?;
    let shown = acquirer.stands(&begun, "review").await?;
    ensure!(shown["company_check"]["outcome"] == "no_record", "{shown}");
    acquirer
        .step(&acquirer.risk, &begun, "accept", json!({}))
        .await?
        .expect(409)?;
    acquirer
        .step(&acquirer.risk, &begun, "approve", seen())
        .await?
        .expect(200)?;
    let alone = acquirer
        .step(&acquirer.risk, &begun, "accept", json!({}))
        .await?
        .expect(403)?;
    ensure!(alone["code"] == "second_person_required", "{alone}");
    acquirer
        .step(&acquirer.ops, &begun, "accept", json!({}))
        .await?
        .expect(200)?;
    acquirer.anybody()?.signed_in("wang", PASSWORD).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_killed_while_it_asks_does_not_ask_again() -> Result<()> {
    let mut acquirer = Acquirer::open("aliyun").await?;
    let begun = acquirer.register(&form("zhao", "沉默甲", "测试商行")).await?;
    let asked = acquirer
        .cloud
        .until(|asked| asked.contains(&"Id2MetaVerify 沉默甲".to_owned()));
    timeout(WAIT_MAX, asked).await.context("the cloud is not asked")?;
    acquirer.kill_and_start().await?;
    let shown = acquirer.stands(&begun, "review").await?;
    ensure!(
        shown["person_check"]["outcome"] == "down" && shown["person_check"]["because"] == "no_answer",
        "{shown}"
    );
    ensure!(shown["company_check"]["outcome"] == "same", "{shown}");
    ensure!(
        acquirer.cloud.asked() == ["Id2MetaVerify 沉默甲", "CompanyFourElementsVerification 测试商行"],
        "{:?}",
        acquirer.cloud.asked()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_that_talks_nonsense_leaves_it_to_people_and_one_that_is_busy_is_asked_later() -> Result<()> {
    let acquirer = Acquirer::open("aliyun").await?;
    acquirer.cloud.fault().set(Some(Fault::Garbled));
    let begun = acquirer.register(&form("qian", "测试甲", "测试商行")).await?;
    let shown = acquirer.stands(&begun, "review").await?;
    ensure!(
        shown["person_check"]["because"] == "unreadable" && shown["company_check"]["because"] == "unreadable",
        "{shown}"
    );
    acquirer.cloud.fault().set(Some(Fault::Busy(1)));
    let begun = acquirer.register(&form("sun", "测试丙", "测试商行")).await?;
    let asked = acquirer
        .cloud
        .until(|asked| asked.contains(&"Id2MetaVerify 测试丙".to_owned()));
    timeout(WAIT_MAX, asked).await.context("the cloud is not asked")?;
    acquirer.cloud.fault().set(None);
    let shown = acquirer.stands(&begun, "review").await?;
    ensure!(shown["person_check"]["outcome"] == "same", "{shown}");
    let asked = acquirer.cloud.asked();
    let times = asked.iter().filter(|one| one.ends_with("测试丙")).count();
    ensure!(times == 2, "it was busy, and then it was not: {asked:?}");
    Ok(())
}
