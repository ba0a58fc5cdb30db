//! What must follow a loss, as it travels.

use serde_json::{Value, json};

use super::House;

const INCIDENTS: &str = "/api/v1/incidents";

async fn duties(house: &House, token: &str, id: &str) -> Vec<Value> {
    let path = format!("{INCIDENTS}/{id}/duties");
    house.get(token, &path).await.ok()["items"]
        .as_array()
        .unwrap()
        .clone()
}

async fn named(house: &House, token: &str, id: &str, name: &str) -> Value {
    let its = duties(house, token, id).await.into_iter();
    its.into_iter().find(|duty| duty["duty"] == name).unwrap()
}

/// By the calendar of the terminals of the house.
pub fn today() -> String {
    jiff::Timestamp::now()
        .in_tz("Asia/Shanghai")
        .unwrap()
        .date()
        .to_string()
}

fn at(duty: &Value, verb: &str) -> String {
    format!("/api/v1/duties/{}/{verb}", duty["id"].as_str().unwrap())
}

async fn theft(house: &House, token: &str) -> String {
    let stolen = json!({ "terminal_id": "10450001", "manner": "stolen" });
    house.post(token, INCIDENTS, stolen).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_report_is_followed_by_duties_that_each_sees_as_its_own_to_do() {
    let house = House::new().await;
    let (owner, risk, auditor) = (
        house.token("owner").await,
        house.token("risk").await,
        house.token("auditor").await,
    );
    let id = theft(&house, &owner).await;
    let all = duties(&house, &owner, &id).await;
    for field in [
        "id",
        "duty",
        "state",
        "due_at",
        "rule",
        "whose",
        "blocks_closing",
        "actions",
    ] {
        assert!(
            all.iter()
                .all(|duty| !duty[field].is_null() || matches!(field, "due_at" | "rule")),
            "{field}"
        );
    }
    let deregister = |all: &[Value]| {
        all.iter()
            .find(|duty| duty["duty"] == "acquirer_deregister")
            .unwrap()["actions"]
            .clone()
    };
    assert_eq!(deregister(&all), json!([]));
    let of_risk = duties(&house, &risk, &id).await;
    assert_eq!(
        deregister(&of_risk),
        json!(["done", "not_needed", "hand_over", "extend"])
    );
    let of_auditor = duties(&house, &auditor, &id).await;
    assert!(of_auditor.iter().all(|duty| duty["actions"] == json!([])));
    let stranger = house.token("stranger").await;
    let path = format!("{INCIDENTS}/{id}/duties");
    house
        .get(&stranger, &path)
        .await
        .problem(404, "incident_not_found");
    let hidden = house
        .post(
            &stranger,
            &at(&all[0], "done"),
            json!({ "proof": { "reference": "1" } }),
        )
        .await;
    hidden.problem(404, "duty_not_found");
}

#[tokio::test]
async fn a_duty_is_done_by_its_proof_and_told_on_the_time_line() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = theft(&house, &owner).await;
    let police = named(&house, &owner, &id, "police_report").await;
    for (proof, field) in [
        (json!({ "statement": "went there" }), "proof.reference"),
        (
            json!({ "reference": "1", "done_at": "2100-01-01T00:00:00Z" }),
            "proof.done_at",
        ),
        (json!({ "reference": "x".repeat(201) }), "proof.reference"),
    ] {
        let refused = house
            .post(&owner, &at(&police, "done"), json!({ "proof": proof }))
            .await;
        assert_eq!(refused.problem(422, "invalid_field").body["field"], field);
    }
    let proof = json!({ "proof": { "reference": "R-2026-7", "statement": "城南派出所" } });
    let done = house.post(&owner, &at(&police, "done"), proof.clone()).await.ok();
    assert_eq!(
        (&done["state"], &done["end"]["reference"], &done["end"]["by"]),
        (&json!("done"), &json!("R-2026-7"), &json!("name of owner"))
    );
    house
        .post(&owner, &at(&police, "done"), proof)
        .await
        .problem(409, "wrong_state");
    let timeline = house
        .get(&owner, &format!("{INCIDENTS}/{id}/timeline"))
        .await
        .ok();
    let last = timeline["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["kind"], &last["duty"], &last["text"]),
        (
            &json!("duty_done"),
            &json!("police_report"),
            &json!("R-2026-7\n城南派出所")
        )
    );
    let next = house.incident(&owner, &id).await["next"].clone();
    assert_ne!(next[0]["duty"], "police_report");
}

#[tokio::test]
async fn closing_names_the_duties_that_are_open_and_the_terminal_stays_stopped() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let id = theft(&house, &owner).await;
    let close = format!("{INCIDENTS}/{id}/close");
    let said = json!({ "statement": "没有找到" });
    let refused = house.post(&owner, &close, said.clone()).await;
    refused.problem(409, "duties_open");
    let open: Vec<_> = duties(&house, &owner, &id).await;
    let open: Vec<_> = open
        .iter()
        .filter(|duty| duty["blocks_closing"] == true)
        .map(|duty| duty["duty"].clone())
        .collect();
    assert_eq!(refused.body["open_duties"], json!(open));
    let page = house.incident(&owner, &id).await;
    assert!(
        !page["actions"].as_array().unwrap().contains(&json!("close")),
        "{}",
        page["actions"]
    );
    for duty in duties(&house, &risk, &id).await {
        let verb = match duty["actions"].as_array().unwrap().contains(&json!("not_needed")) {
            true => at(&duty, "not-needed"),
            false => at(&duty, "done"),
        };
        let body = match verb.ends_with("done") {
            true => json!({ "proof": { "reference": "R", "statement": "S" } }),
            false => json!({ "ground": "不需要" }),
        };
        house.post(&risk, &verb, body).await.ok();
    }
    let closed = house.post(&owner, &close, said).await.ok();
    assert_eq!(
        (
            &closed["state"],
            &closed["closing"]["ended"],
            &closed["terminal"]["state"]
        ),
        (&json!("closed"), &json!("not_found"), &json!("lost"))
    );
    let list = house.get(&owner, &format!("{INCIDENTS}?state=closed")).await.ok();
    assert_eq!(list["items"][0]["ended"], "not_found");
    assert_eq!(closed["actions"], json!(["report_loss", "reopen"]));
    house.ask("10450001", 1).await;
    let after = house.incident(&owner, &id).await;
    assert_eq!(
        (&after["attempt_count"], &after["approved_since"]),
        (&json!(1), &json!(0))
    );
    let again = house
        .post(&owner, INCIDENTS, json!({ "terminal_id": "10450001" }))
        .await
        .ok();
    assert_eq!(again["id"], json!(id));
    assert_eq!(house.incident(&owner, &id).await["state"], "open");
}

#[tokio::test]
async fn a_second_person_agrees_that_there_is_no_need() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let id = theft(&house, &owner).await;
    let exposure = named(&house, &owner, &id, "exposure_assessment").await;
    let proposed = house
        .post(
            &owner,
            &at(&exposure, "not-needed"),
            json!({ "ground": "不存数据" }),
        )
        .await
        .ok();
    assert_eq!(proposed["state"], "not_needed_proposed");
    let confirm = at(&exposure, "not-needed/confirm");
    house
        .post(&owner, &confirm, json!({}))
        .await
        .problem(403, "second_person_required");
    let agreed = house.post(&risk, &confirm, json!({})).await.ok();
    assert_eq!(
        (&agreed["state"], &agreed["end"]["confirmed_by"]),
        (&json!("not_needed"), &json!("name of risk"))
    );
}

#[tokio::test]
async fn a_report_that_comes_again_after_the_case_was_closed_without_the_terminal_is_told_that_it_is_stopped()
{
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let report = json!({ "terminal_id": "10450001" });
    let first = house.post_once(&owner, "a key", INCIDENTS, report.clone()).await;
    let id = first.body["id"].as_str().unwrap().to_owned();
    for duty in duties(&house, &risk, &id).await {
        let proof = json!({ "proof": { "reference": "R", "statement": "S" } });
        house.post(&risk, &at(&duty, "done"), proof).await.ok();
    }
    let said = json!({ "statement": "没有找到" });
    let closed = house
        .post(&owner, &format!("{INCIDENTS}/{id}/close"), said)
        .await
        .ok();
    // Whoever sees the terminal is led to its case, which says what is known of the stop.
    assert_eq!(closed["terminal"]["open_incident_id"], json!(id));
    let again = house.post_once(&owner, "a key", INCIDENTS, report).await;
    assert_eq!((again.status, again.body), (first.status, first.body));
}

#[tokio::test]
async fn what_the_police_wrote_is_kept_and_what_waits_for_their_answer_is_not_next() {
    let house = House::new().await;
    let (owner, auditor) = (house.token("owner").await, house.token("auditor").await);
    let id = theft(&house, &owner).await;
    let path = format!("{INCIDENTS}/{id}/police");
    let before = house.get(&auditor, &path).await.ok();
    assert_eq!(before["state"], "not_reported");
    assert_eq!((&before["entries"], &before["actions"]), (&json!([]), &json!([])));
    let next = |page: &Value| {
        let next = page["next"].as_array().unwrap().iter();
        next.map(|duty| duty["duty"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let page = format!("{INCIDENTS}/{id}");
    let first = next(&house.get(&owner, &page).await.ok());
    assert!(first.contains(&"police_report".into()) && !first.contains(&"police_decision".into()));
    let paper =
        json!({ "action": "accept", "number": "受案-7", "office": "南京东路派出所", "on": "1999-01-01" });
    let refused = house.post(&owner, &path, paper.clone()).await;
    assert_eq!(refused.body["field"], "on");
    for (field, wrong) in [("action", "take_back"), ("on", "yesterday")] {
        let mut paper = paper.clone();
        paper[field] = json!(wrong);
        let refused = house.post(&owner, &path, paper).await;
        assert_eq!(refused.body["field"], field);
    }
    let mut paper = paper;
    paper["on"] = json!(today());
    assert_eq!(
        house.post(&auditor, &path, paper.clone()).await.code(),
        "not_allowed"
    );
    let kept = house.post(&owner, &path, paper).await.ok();
    assert_eq!(kept["state"], "accepted");
    assert_eq!(kept["entries"][0]["number"], "受案-7");
    let then = next(&house.get(&owner, &page).await.ok());
    assert!(!then.contains(&"police_report".into()) && then.contains(&"police_decision".into()));
    let back = json!({ "ground": "编号写错了" });
    let kept = house.post(&owner, &format!("{path}/take-back"), back).await.ok();
    assert_eq!(kept["state"], "not_reported");
    assert!(kept["entries"][0]["taken_back_by"].is_string());
}
