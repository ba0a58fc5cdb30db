//! A shop alone, by the real binary: the letter to a mail server that is well, away, refusing, silent, or lost after it took the
//! mail; the node killed at each step. The receipt never says more than is known.

use anyhow::{Context, Result, ensure};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use simulator::mail::{Fault, Faults, MailConfig, MailServer, Verb};
use tests::{Api, Folder, Launch, Node, canary_binary, until};

const TERMINAL: &str = "88210001";
const ADDRESS: &str = "stop@chenghu.example";

/// A node, the acquirer's mail server, and the owner of a shop that the node's gate does not serve.
struct House {
    node: Option<Node>,
    launch: Launch,
    server: MailServer,
    owner: Api,
    _folder: Folder,
}

impl House {
    async fn with(faults: Faults) -> Result<Self> {
        Self::launched(faults, |_, launch| launch).await
    }

    async fn launched(faults: Faults, how: impl FnOnce(&Folder, Launch) -> Launch) -> Result<Self> {
        let folder = Folder::new()?;
        let launch = how(&folder, Launch::new(&folder)?);
        let server = MailServer::start(MailConfig::default()).await?;
        server.faults().set(faults);
        let node = launch.start().await?;
        let owner = node.api_as("alone").await?;
        let house = Self {
            node: Some(node),
            launch,
            server,
            owner,
            _folder: folder,
        };
        house.write_there().await?;
        Ok(house)
    }

    fn node(&self) -> Result<&Node> {
        self.node.as_ref().context("no node")
    }

    /// Says to the house where mails go out: the demo's own mailbox is not ours to break.
    async fn write_there(&self) -> Result<()> {
        let risk = self.node()?.api_as("risk").await?;
        let url = format!("smtp://{}", self.server.addr());
        let said = json!({ "smtp_url": url, "mail_from": "Tillguard <stop@tillguard.example>" });
        risk.call("PUT", "/settings", Some(said.to_string()))
            .await?
            .expect(200)?;
        Ok(())
    }

    /// Kill -9, and start on the same data. The mail server goes on.
    async fn kill_and_start(&mut self) -> Result<()> {
        self.node.take().context("no node")?.kill()?;
        let node = self.launch.start().await?;
        self.owner = node.api_as("alone").await?;
        self.node = Some(node);
        self.write_there().await
    }

    async fn report(&self, terminal: &str) -> Result<String> {
        let report = json!({ "terminal_id": terminal, "manner": "stolen" });
        let reported = self.owner.post("/incidents", &report).await?.expect(201)?;
        for receipt in reported["receipts"].as_array().context("receipts")? {
            ensure!(receipt["state"] == "requested", "{receipt}");
        }
        Ok(reported["id"].as_str().context("id")?.to_owned())
    }

    async fn request(&self, id: &str) -> Result<Value> {
        Ok(self.owner.get(&format!("/incidents/{id}")).await?["stop_request"].clone())
    }

    /// Waits until the letter is there.
    async fn letter_is(&self, id: &str, state: &str) -> Result<Value> {
        until(&format!("the letter to be {state}"), async || {
            let request = self.request(id).await?;
            ensure!(request["state"] == "requested", "{request}");
            Ok((request["mail"]["state"] == state).then_some(request))
        })
        .await
    }

    async fn send_again(&self, id: &str) -> Result<()> {
        let path = format!("/incidents/{id}/stop-request/send");
        self.owner.post(&path, &json!({})).await?.expect(200)?;
        Ok(())
    }

    /// Lets the node do what it would do: several looks of its driver, told by work of another kind that comes and goes.
    async fn several_looks(&self) -> Result<()> {
        for _ in 0..3 {
            let id = self.another_mail_went_out().await?;
            ensure!(!id.is_empty());
        }
        Ok(())
    }

    /// A mail of another incident that goes out now: whatever else was due went out before.
    async fn another_mail_went_out(&self) -> Result<String> {
        let other = "88210002";
        let before = self.server.mails().len();
        let reported = self
            .owner
            .post("/incidents", &json!({ "terminal_id": other }))
            .await?;
        let id = reported.body["id"].as_str().context("id")?.to_owned();
        if reported.status == 200 {
            self.letter_is(&id, "sent").await?;
            self.send_again(&id).await?;
        }
        until("another mail to go out", async || {
            Ok((self.server.mails().len() > before).then_some(()))
        })
        .await?;
        self.letter_is(&id, "sent").await?;
        Ok(id)
    }

    /// How many mails came with the letter of an incident.
    async fn arrived(&self, id: &str) -> Result<usize> {
        let request = self.request(id).await?;
        let number = request["number"].as_str().context("number")?.to_owned();
        let mails = self.server.mails();
        let with = |mail: &&simulator::mail::Taken| subject_and_text(&mail.message).0.contains(&number);
        Ok(mails.iter().filter(with).count())
    }
}

/// A mail as its reader sees it.
fn subject_and_text(message: &[u8]) -> (String, String) {
    let parsed = MessageParser::default().parse(message);
    let subject = parsed
        .as_ref()
        .and_then(|mail| mail.subject())
        .unwrap_or_default();
    let text = parsed
        .as_ref()
        .and_then(|mail| mail.body_text(0))
        .unwrap_or_default();
    (subject.to_owned(), text.replace("\r\n", "\n"))
}

fn at(verb: Verb, fault: Fault) -> Faults {
    Faults {
        at: Some((verb, fault)),
        ..Faults::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_letter_arrives_as_it_is_shown_and_the_acquirer_confirms() -> Result<()> {
    let house = House::with(Faults::default()).await?;
    let id = house.report(TERMINAL).await?;
    let request = house.letter_is(&id, "sent").await?;
    let mails = house.server.mails();
    ensure!(mails.len() == 1 && mails[0].to == [ADDRESS], "{mails:?}");
    let (subject, text) = subject_and_text(&mails[0].message);
    ensure!(
        subject.contains(request["number"].as_str().context("number")?),
        "{subject}"
    );
    let shown = format!(
        "{}\n\n{}",
        request["text_zh"].as_str().context("zh")?,
        request["text_en"].as_str().context("en")?
    );
    ensure!(text.trim_end() == shown.trim_end(), "{text}\n---\n{shown}");
    let path = format!("/incidents/{id}/stop-request/confirm");
    let said = json!({ "reference": "GS-0417", "confirmed_by": "0317", "at": "2026-11-01T00:00:00Z" });
    let confirmed = house.owner.post(&path, &said).await?.expect(200)?;
    for receipt in confirmed["receipts"].as_array().context("receipts")? {
        ensure!(receipt["state"] == "confirmed", "{receipt}");
    }
    Ok(())
}

/// The mails that came for somebody, as their reader sees them.
fn mails_for(house: &House, address: &str) -> Vec<(String, String)> {
    let mails = house.server.mails();
    let theirs = mails.iter().filter(|mail| mail.to == [address]);
    theirs.map(|mail| subject_and_text(&mail.message)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_confirms_people_are_reminded_by_mail_and_the_letter_goes_out_again() -> Result<()> {
    const OWNER: &str = "owner@alone.example";
    const RISK: &str = "risk@house.example";
    let binary = tokio::task::spawn_blocking(canary_binary).await??;
    let mut house = House::launched(Faults::default(), |folder, launch| Launch {
        binary,
        clock_file: Some(folder.path().join("clock")),
        ..launch
    })
    .await?;
    let clock = house.launch.clock_file.clone().context("no clock")?;
    // Written beside it and put in its place: the node reads it at any moment.
    let on = |minutes: i64| {
        let next = clock.with_extension("next");
        std::fs::write(&next, (minutes * 60_000).to_string())?;
        std::fs::rename(&next, &clock)
    };
    let risk = house.node()?.api_as("risk").await?;
    for (api, email) in [(&house.owner, OWNER), (&risk, RISK)] {
        api.call(
            "PUT",
            "/session/email",
            Some(json!({ "email": email }).to_string()),
        )
        .await?
        .expect(200)?;
    }
    let id = house.report(TERMINAL).await?;
    let request = house.letter_is(&id, "sent").await?;
    ensure!(mails_for(&house, OWNER).is_empty(), "reminded at once");
    for (minutes, wanted) in [(16, [1, 0, 1]), (61, [2, 0, 2]), (4 * 60 + 1, [3, 1, 3])] {
        on(minutes)?;
        let [owner, risk, letters] = wanted;
        until(&format!("the mails of minute {minutes}"), async || {
            let came = [OWNER, RISK, ADDRESS].map(|address| mails_for(&house, address).len());
            ensure!(
                came[0] <= owner && came[1] <= risk && came[2] <= letters,
                "too many: {came:?}"
            );
            Ok((came == wanted).then_some(()))
        })
        .await?;
    }
    let (subject, text) = mails_for(&house, OWNER).pop().context("no mail")?;
    let number = request["number"].as_str().context("number")?;
    ensure!(
        subject.contains(number) && text.contains(&id),
        "{subject}\n{text}"
    );
    until("the time line to name each who was mailed", async || {
        let line = house.owner.get(&format!("/incidents/{id}/timeline")).await?;
        let items = line["items"].as_array().context("items")?;
        let sent = items.iter().filter(|item| item["kind"] == "reminder_sent");
        Ok((sent.count() == 4).then_some(()))
    })
    .await?;
    // Once somebody has confirmed, nobody is reminded.
    let said = json!({ "reference": "GS-0417", "confirmed_by": "0317", "at": "2026-11-01T00:00:00Z" });
    let path = format!("/incidents/{id}/stop-request/confirm");
    house.owner.post(&path, &said).await?.expect(200)?;
    on(29 * 60)?;
    house.owner = house.node()?.api_as("alone").await?;
    house.several_looks().await?;
    let of_the_stop = |(subject, _): &(String, String)| subject.contains(number);
    // What is late by then, with a stop that long ago, is told by the same way, and is no reminder of the stop.
    until("the mail about a duty", async || {
        let mails = mails_for(&house, OWNER);
        let about = format!("事件 {id}：");
        Ok(mails
            .iter()
            .any(|(subject, _)| subject.starts_with(&about))
            .then_some(()))
    })
    .await?;
    ensure!(
        mails_for(&house, OWNER)
            .iter()
            .filter(|mail| of_the_stop(mail))
            .count()
            == 3,
        "reminded of what is confirmed"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_or_later_says_when_it_is_back_gets_the_letter_once() -> Result<()> {
    for faults in [
        Faults {
            away: true,
            ..Faults::default()
        },
        at(Verb::Recipient, Fault::Says("451 4.3.0 try again later".into())),
    ] {
        let mut house = House::with(faults).await?;
        let id = house.report(TERMINAL).await?;
        until("the page to say why it was not sent", async || {
            let mail = house.request(&id).await?["mail"].clone();
            ensure!(mail["state"] == "queued", "{mail}");
            Ok(mail["said"].as_str().map(str::to_owned))
        })
        .await?;
        // Nothing is lost with the node, and nothing was sent.
        house.kill_and_start().await?;
        ensure!(house.arrived(&id).await? == 0);
        house.server.faults().set(Faults::default());
        house.letter_is(&id, "sent").await?;
        ensure!(house.arrived(&id).await? == 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_letter_says_so_and_a_person_has_it_sent_again() -> Result<()> {
    let house = House::with(at(Verb::Recipient, Fault::Says("550 5.1.1 no such desk".into()))).await?;
    let id = house.report(TERMINAL).await?;
    let request = house.letter_is(&id, "refused").await?;
    let said = request["mail"]["said"].as_str().unwrap_or_default().to_owned();
    ensure!(said.contains("550"), "{said}");
    house.server.faults().set(Faults::default());
    house.send_again(&id).await?;
    house.letter_is(&id, "sent").await?;
    ensure!(house.arrived(&id).await? == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_was_taken_and_not_answered_is_unknown_and_goes_out_no_second_time() -> Result<()> {
    let mut house = House::with(at(Verb::End, Fault::Closes)).await?;
    let id = house.report(TERMINAL).await?;
    house.letter_is(&id, "unknown").await?;
    ensure!(house.arrived(&id).await? == 1);
    house.server.faults().set(Faults::default());
    house.several_looks().await?;
    house.kill_and_start().await?;
    house.several_looks().await?;
    house.letter_is(&id, "unknown").await?;
    ensure!(house.arrived(&id).await? == 1, "it was sent again");
    house.send_again(&id).await?;
    house.letter_is(&id, "sent").await?;
    ensure!(house.arrived(&id).await? == 2, "a person may have it sent again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_waits_for_no_mail_and_a_node_killed_while_it_sends_does_not_know() -> Result<()> {
    for (verb, arrived) in [(Verb::Greeting, 0), (Verb::Data, 0), (Verb::End, 1)] {
        let mut house = House::with(at(verb, Fault::Silent)).await?;
        let id = house.report(TERMINAL).await?;
        until("a node to have it under way", async || {
            let risk = house.node()?.api_as("risk").await?;
            let work = risk.get("/work?kind=mail&state=claimed").await?;
            let is_under_way = work["items"].as_array().is_some_and(|items| !items.is_empty());
            Ok((is_under_way && house.server.mails().len() == arrived).then_some(()))
        })
        .await?;
        house.server.faults().set(Faults::default());
        house.kill_and_start().await?;
        house.letter_is(&id, "unknown").await?;
        house.several_looks().await?;
        ensure!(
            house.arrived(&id).await? == arrived,
            "{verb:?}: it was sent by itself"
        );
        house.send_again(&id).await?;
        house.letter_is(&id, "sent").await?;
        ensure!(house.arrived(&id).await? == arrived + 1, "{verb:?}");
    }
    Ok(())
}

/// The house of a shop that has no gate: nothing of an acquirer's host is there to be waited for.
#[tokio::test(flavor = "multi_thread")]
async fn the_letter_leaves_a_house_that_has_no_gate() -> Result<()> {
    let (folder, server) = (Folder::new()?, MailServer::start(MailConfig::default()).await?);
    let house = tests::House::start(folder.path(), "node-1", &[]).await?;
    let first = json!({
        "token": house.token()?, "mode": "shop", "language": "zh", "time_zone": "Asia/Shanghai", "currency": "CNY",
        "merchant": { "name": "福记小吃" },
        "account": { "login": "li.na", "name": "李娜", "password": "teapot-in-the-rain" },
    });
    let done = house.api()?.post("/setup", &first).await?.expect(201)?;
    let owner = house.api()?.with_token(done["token"].as_str().context("token")?);
    let post = json!({ "smtp_url": format!("smtp://{}", server.addr()), "mail_from": "stop@shop.example" });
    owner
        .call("PUT", "/settings", Some(post.to_string()))
        .await?
        .expect(200)?;
    let acquirer = json!({ "merchant_id": done["merchant"]["id"], "kind": "acquirer", "name": "澄湖支付", "email": ADDRESS });
    owner.post("/contacts", &acquirer).await?.expect(201)?;
    let shop = json!({ "name": "城南店", "address": "工业路 1 号" });
    let shop = owner.post("/shops", &shop).await?.expect(201)?;
    let terminal = json!({
        "terminal_id": TERMINAL, "shop_id": shop["id"], "serial": "SN-1", "model": "A", "control": "outside",
    });
    owner.post("/terminals", &terminal).await?.expect(201)?;
    let report = json!({ "terminal_id": TERMINAL, "manner": "stolen" });
    owner.post("/incidents", &report).await?.expect(201)?;
    let to = until("the letter to arrive", async || Ok(server.mails().pop()))
        .await?
        .to;
    ensure!(to == [ADDRESS], "{to:?}");
    Ok(())
}
