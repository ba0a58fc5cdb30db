//! Documents of an incident.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::http::{Method, StatusCode, header};
use domain::Timestamp;
use node::now;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{House, read, request, sign_in};

fn at(id: &str, rest: &str) -> String {
    format!("/api/v1/incidents/{id}/documents{rest}")
}

/// The job that the packet was made of: the tests' renderer hands it back.
pub async fn packet(house: &House, token: &str, id: &str, language: &str) -> Value {
    let path = at(id, &format!("/police_packet.pdf?language={language}"));
    let text = house.text(token, &path).await;
    serde_json::from_str(text.strip_prefix("%PDF-").unwrap()).unwrap()
}

/// A house in which no time passes.
async fn at_a_standstill() -> House {
    static NOW: LazyLock<Timestamp> = LazyLock::new(now);
    House::with_clock(|| *NOW).await
}

/// How often the record says that a document was made.
async fn made(house: &House, token: &str, id: &str) -> usize {
    let path = format!("/api/v1/incidents/{id}/timeline");
    let timeline = house.get(token, &path).await.ok();
    let items = timeline["items"].as_array().unwrap().iter();
    items.filter(|item| item["kind"] == "document_made").count()
}

fn rows(table: &Value) -> &[Value] {
    table["rows"].as_array().unwrap()
}

#[tokio::test]
async fn the_packet_says_what_is_known_and_leaves_open_what_is_not() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    sign_in(&house, "10450001").await;
    house.sell("10450001", 7).await;
    let id = house.lose(&owner, "10450001").await;
    for language in ["zh", "en"] {
        let job = packet(&house, &owner, &id, language).await;
        assert_eq!(
            (&job["template"], &job["language"]),
            (&json!("police_packet"), &json!(language))
        );
        let data = &job["data"];
        assert_eq!(data["number"], json!(id));
        assert_eq!(data["incident"]["reported_by"], "name of owner");
        assert_eq!(data["incident"]["stop"], "stopped");
        assert_eq!(data["terminal"]["terminal_id"], "10450001");
        assert_eq!(data["terminal"]["tusn"], Value::Null);
        assert_eq!(data["zone"], "Asia/Shanghai");
        assert!(
            data["made_at"].as_str().unwrap().ends_with("(UTC+08:00)"),
            "{data}"
        );
        assert!(data["incident"]["last_heard"]["at"].is_string(), "{data}");
        assert_eq!(data["incident"]["found_at"], Value::Null);
        let cards = data["window"]["rows"].as_array().unwrap().iter();
        let cards: Vec<&str> = cards.filter_map(|row| row["card"].as_str()).collect();
        assert!(cards.iter().any(|card| card.contains("••••••")), "{data}");
        assert_eq!(
            data["evidence"],
            json!([]),
            "nobody has a letter that was never sent"
        );
    }
}

/// Where two values are not built alike; what is not known in one of them is like anything.
pub fn unlike(at: &str, real: &Value, example: &Value) -> Vec<String> {
    match (real, example) {
        (Value::Null, _) | (_, Value::Null) => Vec::new(),
        (Value::Object(real), Value::Object(example)) => {
            let names = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<BTreeSet<_>>();
            let other = names(real)
                .symmetric_difference(&names(example))
                .cloned()
                .collect::<Vec<_>>();
            let other = other.into_iter().map(|name| format!("{at}.{name}"));
            let both = real
                .iter()
                .filter_map(|(name, value)| Some((name, value, example.get(name)?)));
            other
                .chain(both.flat_map(|(name, real, example)| unlike(&format!("{at}.{name}"), real, example)))
                .collect()
        }
        (Value::Array(_), Value::Array(example)) if example.is_empty() => Vec::new(),
        (Value::Array(real), Value::Array(example)) => {
            let is_unlike = |one: &&Value| !example.iter().any(|example| unlike(at, one, example).is_empty());
            real.iter()
                .filter(is_unlike)
                .map(|one| format!("{at}: {one}"))
                .collect()
        }
        _ if std::mem::discriminant(real) == std::mem::discriminant(example) => Vec::new(),
        _ => vec![format!("{at}: {real}")],
    }
}

#[tokio::test]
async fn a_template_that_sets_the_invented_data_is_given_such_by_a_case() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    sign_in(&house, "10450001").await;
    house.sell("10450001", 7).await;
    let id = house.lose(&owner, "10450001").await;
    let packet = packet(&house, &owner, &id, "zh").await;
    let path = at(&id, "/claim_report.pdf?language=zh");
    let text = house.text(&owner, &path).await;
    let sheet: Value = serde_json::from_str(text.strip_prefix("%PDF-").unwrap()).unwrap();
    for (real, examples) in [
        (
            packet,
            include_str!("../../../documents/templates/police_packet.example.json"),
        ),
        (
            sheet,
            include_str!("../../../documents/templates/fact_sheet.example.json"),
        ),
    ] {
        let examples: Value = serde_json::from_str(examples).unwrap();
        for known in ["all", "few"] {
            let unlike = unlike(known, &real["data"], &examples[known]);
            assert!(unlike.is_empty(), "{unlike:#?}");
        }
    }
}

#[tokio::test]
async fn a_document_leaves_with_a_name_uncached_and_as_an_event_with_its_digest() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let listed = house.get(&owner, &at(&id, "")).await.ok();
    assert_eq!(
        listed,
        json!({
            "documents": [
                { "kind": "police_packet", "languages": ["zh", "en"] },
                { "kind": "claim_report", "languages": ["zh", "en"] },
            ],
            "ready": true,
        })
    );
    let path = at(&id, "/police_packet.pdf?language=en");
    let answer = house
        .api
        .clone()
        .oneshot(request(Method::GET, &path, &owner, None))
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let told = |name| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(told(header::CONTENT_TYPE), "application/pdf");
    assert_eq!(told(header::CACHE_CONTROL), "no-store");
    assert_eq!(
        told(header::CONTENT_DISPOSITION),
        format!("attachment; filename=\"police-packet-{id}-en.pdf\"")
    );
    let timeline = house
        .get(&owner, &format!("/api/v1/incidents/{id}/timeline"))
        .await
        .ok();
    let made = timeline["items"].as_array().unwrap().iter();
    let made: Vec<&Value> = made.filter(|item| item["kind"] == "document_made").collect();
    assert_eq!(made.len(), 1, "{timeline}");
    let text = made[0]["text"].as_str().unwrap();
    let (which, digest) = text.split_once("sha256:").unwrap();
    assert_eq!((which, digest.len()), ("police_packet en ", 64));
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    use sha2::Digest;
    let ours: String = sha2::Sha256::digest(&body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(digest, ours);
}

/// What the template of the sheets is given under a title.
fn section<'v>(job: &'v Value, title: &str) -> &'v Value {
    let sections = job["data"]["sections"].as_array().unwrap();
    sections.iter().find(|section| section["title"] == title).unwrap()
}

#[tokio::test]
async fn a_closed_case_has_a_report_that_names_what_was_not_done_and_what_is_to_be_changed() {
    let house = House::new().await;
    let (owner, auditor) = (house.token("owner").await, house.token("auditor").await);
    let id = house.lose(&owner, "10450001").await;
    let path = at(&id, "/closing_report.pdf?language=en");
    house.get(&owner, &path).await.problem(409, "wrong_state");
    let duties = house
        .get(&owner, &format!("/api/v1/incidents/{id}/duties"))
        .await
        .ok();
    let all = duties["items"].as_array().unwrap();
    let lessons = all.iter().find(|duty| duty["duty"] == "lessons").unwrap();
    let lessons = lessons["id"].as_str().unwrap();
    let proof = json!({ "proof": { "statement": "Lock the drawer at night" } });
    house
        .post(&owner, &format!("/api/v1/duties/{lessons}/done"), proof)
        .await
        .ok();
    let found = json!({ "kind": "false_alarm", "statement": "Behind the counter" });
    house
        .post(&owner, &format!("/api/v1/incidents/{id}/found"), found)
        .await
        .ok();
    let risk = house.token("risk").await;
    house
        .post(&risk, &format!("/api/v1/incidents/{id}/found/confirm"), json!({}))
        .await
        .ok();
    let text = house.text(&owner, &path).await;
    let job: Value = serde_json::from_str(text.strip_prefix("%PDF-").unwrap()).unwrap();
    let rows = section(&job, "What had to follow")["list"]["rows"]
        .as_array()
        .unwrap();
    assert_eq!(rows.len(), all.len());
    let is_lesson = |row: &&Value| row[4] == "Lock the drawer at night";
    assert!(
        rows.iter()
            .filter(is_lesson)
            .all(|row| row[1] == "done" && row[3] == "name of owner"),
        "{job}"
    );
    assert_eq!(rows.iter().filter(is_lesson).count(), 1);
    assert!(
        rows.iter()
            .filter(|row| !is_lesson(row))
            .all(|row| row[1] != "done"),
        "{job}"
    );
    assert_eq!(
        section(&job, "How it came about, and what to change")["facts"][0]["said"],
        "Lock the drawer at night"
    );
    let ending = section(&job, "How it ended")["facts"].to_string();
    assert!(
        ending.contains("name of risk") && ending.contains("name of owner"),
        "{ending}"
    );
    let listed = house.get(&owner, &at(&id, "")).await.ok();
    assert_eq!(listed["documents"][2]["kind"], "closing_report");
    house.get(&auditor, &path).await.problem(403, "not_allowed");
    let claim = house
        .text(&owner, &at(&id, "/claim_report.pdf?language=zh"))
        .await;
    let claim: Value = serde_json::from_str(claim.strip_prefix("%PDF-").unwrap()).unwrap();
    assert_eq!(claim["template"], "fact_sheet");
    assert_eq!(section(&claim, "终端")["facts"][4]["said"], "10450001");
}

#[tokio::test]
async fn what_cannot_be_set_names_the_character_and_leaves_no_event() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let said = json!({ "terminal_id": "10450001", "manner": "lost", "circumstances": "☃" });
    let reported = house.post_once(&owner, "k", "/api/v1/incidents", said).await.body;
    let id = reported["incident"]["id"]
        .as_str()
        .or(reported["id"].as_str())
        .unwrap()
        .to_owned();
    let refused = house
        .get(&owner, &at(&id, "/police_packet.pdf?language=zh"))
        .await;
    let refused = refused.problem(422, "document_not_rendered");
    assert!(
        refused.body["detail"].as_str().unwrap().contains("U+2603"),
        "{}",
        refused.body
    );
    house
        .get(&owner, &at(&id, "/police_packet.pdf?language=fr"))
        .await
        .problem(422, "invalid_field");
    let timeline = house
        .get(&owner, &format!("/api/v1/incidents/{id}/timeline"))
        .await
        .ok();
    assert!(!timeline.to_string().contains("document_made"), "{timeline}");
}

#[tokio::test]
async fn what_breaks_what_sets_documents_is_not_the_contents_fault() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let said = json!({ "terminal_id": "10450001", "manner": "lost", "circumstances": "☄" });
    let reported = house.post_once(&owner, "k", "/api/v1/incidents", said).await.ok();
    let path = at(reported["id"].as_str().unwrap(), "/police_packet.pdf");
    let refused = house.get(&owner, &path).await;
    refused.problem(503, "documents_not_ready");
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn nothing_after_the_find_was_an_attempt() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    sign_in(&house, "10450001").await;
    house.sell("10450001", 1).await;
    let id = house.lose(&owner, "10450001").await;
    house.ask("10450001", 2).await;
    let incident = format!("/api/v1/incidents/{id}");
    let said = json!({ "kind": "false_alarm", "statement": "behind the counter" });
    house.post(&owner, &format!("{incident}/found"), said).await.ok();
    let proposed = packet(&house, &owner, &id, "en").await;
    assert_eq!(
        proposed["data"]["incident"]["found_at"],
        Value::Null,
        "by one person only"
    );
    house
        .post(&risk, &format!("{incident}/found/confirm"), json!({}))
        .await
        .ok();
    sign_in(&house, "10450001").await;
    house.sell("10450001", 3).await;
    house.lose(&owner, "10450001").await;
    house.ask("10450001", 4).await;
    let data = &packet(&house, &owner, &id, "en").await["data"];
    assert_eq!(
        (rows(&data["after"]).len(), &data["after"]["count"]),
        (1, &json!(1))
    );
    assert!(data["incident"]["found_at"].is_string(), "{data}");
}

#[tokio::test]
async fn the_last_trusted_sale_is_neither_listed_nor_counted_in_the_window() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    sign_in(&house, "10450001").await;
    house.sell("10450001", 1).await;
    let seen_at = crate::wire::Time(now()).to_string();
    house.sell("10450001", 2).await;
    let said = json!({ "terminal_id": "10450001", "last_seen_at": seen_at });
    let reported = house.post_once(&owner, "k", "/api/v1/incidents", said).await.ok();
    let id = reported["id"].as_str().unwrap();
    let data = &packet(&house, &owner, id, "en").await["data"];
    assert_eq!(data["incident"]["window_basis"], "last_trusted_transaction");
    assert_eq!(data["window"]["count"], rows(&data["window"]).len(), "{data}");
}

#[tokio::test]
async fn the_list_of_evidence_has_the_files_that_were_not_taken_back() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let pdf = house
        .attach(&owner, &id, ("回执.pdf", "evidence"), b"%PDF-1.7 a")
        .await
        .ok();
    let photo = house
        .attach(&owner, &id, ("a.jpg", "photo"), b"\xFF\xD8\xFF a")
        .await
        .ok();
    let back = house
        .attach(&owner, &id, ("b.pdf", "evidence"), b"%PDF-1.7 b")
        .await
        .ok();
    let path = format!(
        "/api/v1/incidents/{id}/attachments/{}/withdraw",
        back["id"].as_str().unwrap()
    );
    house
        .post(&owner, &path, json!({ "ground": "传错了" }))
        .await
        .ok();
    let evidence = &packet(&house, &owner, &id, "zh").await["data"]["evidence"];
    assert_eq!(
        *evidence,
        json!([
            { "kind": "file", "name": "回执.pdf", "format": "application/pdf", "size": 10, "sha256": pdf["sha256"], "sent_sha256": null },
            { "kind": "file", "name": "a.jpg", "format": "image/jpeg", "size": photo["size"], "sha256": photo["kept_sha256"],
                "sent_sha256": photo["sha256"] },
        ])
    );
}

#[tokio::test]
async fn one_content_is_one_event_for_each_who_has_it() {
    let house = at_a_standstill().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let id = house.lose(&owner, "10450001").await;
    for _ in 0..2 {
        for language in ["zh", "en"] {
            packet(&house, &owner, &id, language).await;
        }
    }
    assert_eq!(made(&house, &owner, &id).await, 2);
    packet(&house, &risk, &id, "zh").await;
    assert_eq!(made(&house, &owner, &id).await, 3, "somebody else has it, too");
}

#[tokio::test]
async fn one_account_has_one_document_made_at_a_time() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let id = house.lose(&owner, "10450001").await;
    let path = at(&id, "/police_packet.pdf?language=en");
    let being_made = house.state.being_made.take("owner").unwrap();
    let refused = house.get(&owner, &path).await;
    refused.problem(429, "one_document_at_a_time");
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(house.get(&risk, &path).await.status, StatusCode::OK);
    drop(being_made);
    for _ in 0..2 {
        assert_eq!(house.get(&owner, &path).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_cookie_alone_has_no_document_made_and_a_head_has_none() {
    let house = House::new().await;
    let token = house.token("owner").await;
    let id = house.lose(&token, "10450001").await;
    let path = at(&id, "/police_packet.pdf?language=en");
    let ask = async |more: &[(&'static str, &str)]| {
        let mut asked = request(Method::GET, &path, "", None);
        let cookie = format!("tillguard_session={token}");
        asked
            .headers_mut()
            .insert(header::COOKIE, cookie.parse().unwrap());
        for (name, value) in more {
            asked.headers_mut().insert(*name, value.parse().unwrap());
        }
        read(house.api.clone().oneshot(asked).await.unwrap()).await
    };
    let page = ("x-tillguard", "1");
    for refused in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin")],
        &[page, ("sec-fetch-site", "same-site")],
        &[page, ("origin", "https://evil.example")],
    ] {
        ask(refused).await.problem(403, "cross_origin");
    }
    let head = request(Method::HEAD, &path, &token, None);
    let head = house.api.clone().oneshot(head).await.unwrap();
    assert_eq!(head.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(made(&house, &token, &id).await, 0);
    // In plain HTTP a browser says nothing of the site with a GET.
    for taken in [&[page][..], &[page, ("sec-fetch-site", "same-origin")]] {
        assert_eq!(ask(taken).await.status, StatusCode::OK);
    }
    assert_ne!(made(&house, &token, &id).await, 0);
}

#[tokio::test]
async fn what_the_letter_says_of_the_merchant_the_packet_says_too() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house.outside("20450001").await;
    let contact = json!({
        "merchant_id": super::OURS, "kind": "acquirer", "name": "澄湖支付", "hotline": "400-000-0117", "reference": "HT-2024-17",
    });
    house.post(&owner, "/api/v1/contacts", contact).await.ok();
    let id = house.lose(&owner, "20450001").await;
    let data = &packet(&house, &owner, &id, "zh").await["data"];
    let page = house.incident(&owner, &id).await;
    let letter = page["stop_request"]["text_zh"].as_str().unwrap();
    for said in [
        &data["merchant"]["merchant_id"],
        &data["merchant"]["credit_code"],
        &data["shop"]["address"],
        &data["incident"]["reported_at"],
    ] {
        let said = said.as_str().unwrap();
        assert!(
            !said.is_empty() && letter.contains(&format!("：{said}\n")),
            "{said} in {letter}"
        );
    }
    assert_eq!(data["merchant"]["merchant_id"], "HT-2024-17");
    assert_eq!(data["evidence"][0]["sha256"], page["stop_request"]["sha256"]);
    assert_eq!(data["incident"]["stop"], "requested");
    let confirmed = json!({ "reference": "GS-0417", "confirmed_by": "0317", "at": page["reported_at"] });
    let confirm = format!("/api/v1/incidents/{id}/stop-request/confirm");
    house.post(&owner, &confirm, confirmed).await.ok();
    let incident = &packet(&house, &owner, &id, "zh").await["data"]["incident"];
    let confirmation = &incident["stop_confirmation"];
    assert_eq!(
        [&incident["stop"], &confirmation["reference"], &confirmation["by"]],
        [&json!("confirmed"), &json!("GS-0417"), &json!("0317")]
    );
}
