//! Replacing a lost terminal, as it travels: in order, each refusal by its stable code.

use domain::transaction::{BatchTrace, HostOutcome, Kind, ResponseCode, Verdict};
use serde_json::{Value, json};

use super::{House, now, purchase, sign_in, terminal_id};

/// The new terminal.
const NEW: &str = "30501190";

fn device() -> Value {
    json!({
        "serial": "N7NL 0012 3456", "tusn": "00000304N7NL00123456", "kind": "smart", "make": "Newland", "model": "N7",
        "supplier": "收单机构", "channel": "acquirer",
        "certificate": { "unionpay": "P3100", "model": "N7", "hardware": "V2", "firmware": "V1" },
        "delivery": { "seal": "FS1", "dispatched_seal": "FS1", "box_serial": "N7NL00123456", "seal_is_whole": true },
    })
}

/// A void of the sale of a trace, approved.
async fn void(house: &House, trace: u32) {
    let asked = app::transaction::Attempt {
        kind: Kind::Void,
        name: BatchTrace {
            batch: 1,
            trace: trace + 1,
        },
        original: Some(BatchTrace { batch: 1, trace }),
        retrieval_reference: Some("000000000001".into()),
        approval_code: Some("123456".into()),
        ..purchase(NEW, trace)
    };
    let done = house.node.write(move |tx| {
        let app::transaction::Admitted::Forward { sequence } = app::transaction::authorise(tx, &asked, "n")?
        else {
            panic!("the void was not forwarded");
        };
        let approved = HostOutcome::Answered {
            response_code: ResponseCode::APPROVED,
            verdict: Verdict::Approved,
            amount_minor: None,
            retrieval_reference: None,
            approval_code: None,
        };
        app::transaction::release(tx, terminal_id(NEW), sequence, &approved, None)
    });
    let answer: Result<_, store::Error> = done.await;
    assert!(answer.unwrap().unwrap().response_code.is_approved());
}

#[tokio::test]
async fn a_terminal_of_our_gate_is_replaced_in_order_and_each_early_step_says_what_is_open() {
    let house = House::new().await;
    let (owner, risk, stranger) = (
        house.token("owner").await,
        house.token("risk").await,
        house.token("stranger").await,
    );
    house
        .node
        .write(|tx| {
            let mut kept = store::terminal::get(tx, terminal_id("10450001"))?.unwrap();
            kept.bound.settlement_account = Default::default();
            store::row::update(tx, &kept)
        })
        .await
        .unwrap_or_else(|error: store::Error| panic!("{error}"));
    let incident = house.lose(&owner, "10450001").await;
    let path = format!("/api/v1/incidents/{incident}/replacements");
    house
        .post(&stranger, &path, json!({}))
        .await
        .problem(404, "incident_not_found");
    let begun = house.post(&owner, &path, json!({})).await.ok();
    assert_eq!(
        (&begun["state"], &begun["actions"]),
        (&json!("begun"), &json!(["pick", "withdraw"]))
    );
    house.post(&owner, &path, json!({})).await.problem(409, "taken");
    let id = begun["id"].as_str().unwrap().to_owned();
    let at = |step: &str| format!("/api/v1/replacements/{id}/{step}");
    house
        .get(&stranger, at("").trim_end_matches('/'))
        .await
        .problem(404, "replacement_not_found");
    let key = json!({ "components": ["0123456789ABCDEFFEDCBA9876543210"], "check_value": "08D7B4" });
    let binding = json!({ "terminal_id": NEW, "master_key": key });
    let list = house.get(&owner, &path).await.ok();
    let answers: Vec<Value> = list["checklist"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| json!({ "item": item["item"], "is_so": true }))
        .collect();
    let checklist = json!({ "answers": answers });
    let early = [
        ("binding", &binding),
        ("old-keys", &json!({})),
        ("keys", &json!({ "check_value": "08D7B4" })),
        ("test", &json!({})),
        ("test/pass", &json!({})),
        ("checklist", &checklist),
        ("live", &json!({})),
    ];
    for (step, body) in early {
        let refused = house.post(&risk, &at(step), body.clone()).await;
        refused.problem(409, "earlier_step_open");
    }
    // A device that must not be used is no error, and stays on the case.
    let mut broken = device();
    broken["delivery"]["seal_is_whole"] = json!(false);
    broken["certificate"]["pts"] = json!("30412");
    let refused = house.post(&owner, &at("device"), broken).await.ok();
    assert_eq!(refused["refusals"], json!(["pts_form", "seal_broken"]));
    assert_eq!(refused["state"], "refused");
    house
        .post(&risk, &at("binding"), binding.clone())
        .await
        .problem(409, "earlier_step_open");
    let picked = house.post(&owner, &at("device"), device()).await.ok();
    assert_eq!(
        (&picked["state"], &picked["device"]["serial"]),
        (&json!("device_checked"), &json!("N7NL00123456"))
    );
    // What our gate decides is bound by the acquirer's people.
    house
        .post(&owner, &at("binding"), binding.clone())
        .await
        .problem(403, "not_allowed");
    let mut taken = binding.clone();
    taken["terminal_id"] = json!("10450001");
    house
        .post(&risk, &at("binding"), taken)
        .await
        .problem(409, "terminal_taken");
    let bound = house.post(&risk, &at("binding"), binding).await.ok();
    assert_eq!(bound["bound"]["key_check"], "08D7B4");
    let held = house.get(&owner, &format!("/api/v1/terminals/{NEW}")).await.ok();
    assert_eq!(
        (&held["state"], &held["holds"][0]["kind"]),
        (&json!("held"), &json!("commissioning"))
    );
    house
        .post(&owner, &at("old-keys"), json!({}))
        .await
        .problem(403, "not_allowed");
    house.post(&risk, &at("old-keys"), json!({})).await.ok();
    house
        .post(&risk, &at("keys"), json!({ "check_value": "E66F46" }))
        .await
        .problem(409, "other_check_value");
    house
        .post(&risk, &at("keys"), json!({ "check_value": "08d7" }))
        .await
        .problem(422, "invalid_field");
    house
        .post(&risk, &at("keys"), json!({ "check_value": "08d7b4" }))
        .await
        .ok();
    house
        .post(&risk, &at("live"), json!({}))
        .await
        .problem(409, "earlier_step_open");
    house.post(&risk, &at("test"), json!({})).await.ok();
    house
        .post(&risk, &at("test/pass"), json!({}))
        .await
        .problem(409, "not_tested");
    sign_in(&house, NEW).await;
    house.sell(NEW, 1).await;
    void(&house, 1).await;
    house.post(&owner, &at("test/pass"), json!({})).await.ok();
    let short = json!({ "answers": [{ "item": "seals", "is_so": true }] });
    house
        .post(&owner, &at("checklist"), short)
        .await
        .problem(422, "invalid_field");
    let signed = house.post(&owner, &at("checklist"), checklist).await.ok();
    assert!(
        signed["checklist"]["text"]
            .as_str()
            .unwrap()
            .contains("signed by: owner")
    );
    let live = house.post(&owner, &at("live"), json!({})).await.ok();
    assert_eq!((&live["state"], &live["actions"]), (&json!("live"), &json!([])));
    let verbs: Vec<&str> = live["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["verb"].as_str().unwrap())
        .collect();
    assert_eq!(
        verbs,
        [
            "pick_refused",
            "pick",
            "bind",
            "end_old_keys",
            "load_keys",
            "begin_test",
            "pass_test",
            "sign",
            "go_live"
        ]
    );
    assert!(
        live["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["by"].as_str().unwrap().starts_with("name of "))
    );
    house.sell(NEW, 3).await;
    // The lost one stays lost.
    let lost = house.get(&owner, "/api/v1/terminals/10450001").await.ok();
    assert_eq!(lost["state"], "lost");
    let duties = house
        .get(&owner, &format!("/api/v1/incidents/{incident}/duties"))
        .await
        .ok();
    let named = |name: &str| {
        duties["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|duty| duty["duty"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(
        (
            &named("replacement")["state"],
            &named("replacement")["end"]["reference"]
        ),
        (&json!("done"), &json!(NEW))
    );
    assert_eq!(named("replacement_notice")["term"], "2 days");
}

#[tokio::test]
async fn a_shop_alone_says_what_its_acquirer_says() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let outside = json!({
        "terminal_id": "OUT1", "serial": "SN-OUT1", "model": "P1", "shop_id": "S01", "control": "outside",
        "settlement_account": "6222000011112222",
    });
    house.post(&owner, "/api/v1/terminals", outside).await.ok();
    let incident = house.lose(&owner, "OUT1").await;
    let path = format!("/api/v1/incidents/{incident}/replacements");
    let begun = house.post(&owner, &path, json!({})).await.ok();
    let id = begun["id"].as_str().unwrap().to_owned();
    let at = |step: &str| format!("/api/v1/replacements/{id}/{step}");
    house.post(&owner, &at("device"), device()).await.ok();
    house
        .post(&owner, &at("binding"), json!({ "terminal_id": NEW }))
        .await
        .ok();
    // The settlement account is the lost one's, sealed for the new one.
    let new = house.get(&owner, &format!("/api/v1/terminals/{NEW}")).await.ok();
    assert_eq!(new["identity"]["settlement_account"], "•••• 2222");
    let sealed = house
        .node
        .read(|tx| store::terminal::get(tx, terminal_id(NEW)))
        .await
        .unwrap()
        .unwrap();
    let opened = house.node.sealer.open(
        node::seal::Purpose::SettlementAccount,
        NEW,
        &sealed.bound.settlement_account.sealed,
    );
    assert_eq!(opened.unwrap().as_slice(), b"6222000011112222");
    house
        .post(&owner, &at("old-keys"), json!({}))
        .await
        .problem(422, "invalid_field");
    let at_ms = crate::wire::Time(now()).to_string();
    let said = json!({ "confirmation": { "reference": "GD-1", "by": "95516", "at": at_ms } });
    let dead = house.post(&owner, &at("old-keys"), said).await.ok();
    assert_eq!(
        (&dead["old_is_outside"], &dead["steps"][2]["reference"]),
        (&json!(true), &json!("GD-1"))
    );
    house
        .post(&owner, &at("keys"), json!({ "statement": "客户经理上门装的" }))
        .await
        .ok();
    house
        .post(&owner, &at("test"), json!({}))
        .await
        .problem(409, "wrong_state");
    house
        .post(&owner, &at("test/pass"), json!({}))
        .await
        .problem(422, "invalid_field");
    house
        .post(
            &owner,
            &at("test/pass"),
            json!({ "receipt": { "number": "000123" } }),
        )
        .await
        .ok();
    let ended = house
        .post(&owner, &at("withdraw"), json!({ "ground": "换一台" }))
        .await
        .ok();
    assert_eq!(ended["state"], "withdrawn");
}

#[tokio::test]
async fn an_insurer_reads_what_is_known_and_that_the_rest_is_not() {
    let house = House::new().await;
    let (owner, stranger) = (house.token("owner").await, house.token("stranger").await);
    let id = house.lose(&owner, "10450001").await;
    let at =
        |language: &str| format!("/api/v1/incidents/{id}/documents/claim_report.csv?language={language}");
    let english = house.text(&owner, &at("en")).await;
    for line in [
        "terminal,10450001",
        "stopped by,our gate",
        "device value,not known",
        "police number,not known",
        "days without a terminal,0",
        "a terminal again,still without one",
        "usual takings of such days,not known",
        "new terminal,none",
    ] {
        assert!(english.lines().any(|one| one == line), "{line}: {english}");
    }
    assert!(house.text(&owner, &at("zh")).await.contains("报案编号,未知"));
    let paper = json!({ "action": "accept", "number": "A20261127", "office": "Station 9", "on": super::duty::today() });
    house
        .post(&owner, &format!("/api/v1/incidents/{id}/police"), paper)
        .await
        .ok();
    let told = house.text(&owner, &at("en")).await;
    for part in [
        "police number,A20261127",
        "police office,Station 9",
        "where it stands with the police,\"report accepted, receipt given",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    house
        .get(&stranger, &at("en"))
        .await
        .problem(404, "incident_not_found");
    // Each content is noted once.
    house.text(&owner, &at("en")).await;
    let timeline = house
        .get(&owner, &format!("/api/v1/incidents/{id}/timeline"))
        .await
        .ok();
    let made = timeline["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["kind"] == "document_made");
    assert_eq!(made.count(), 3);
}
