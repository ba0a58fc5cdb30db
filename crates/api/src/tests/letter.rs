//! Letters over HTTP: written, made, sent, answered; who has them; and what nobody can put into one.

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::statement::NIGHT;
use super::{House, request};

fn at(id: &str) -> String {
    format!("/api/v1/incidents/{id}/letters")
}

fn inquiry() -> Value {
    json!({
        "kind": "inquiry", "language": "zh", "to": { "name": "城南银行", "email": "fraud@bank.example" },
        "own_question": "还有别的终端吗？", "due_in_days": 7,
    })
}

impl House {
    /// A letter of an incident that was just written.
    async fn letter(&self, token: &str, id: &str, said: Value) -> Value {
        let answer = self.post(token, &at(id), said).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.body
    }

    async fn does(&self, token: &str, letter: &Value, what: &str, said: Value) -> super::Answer {
        let path = format!("/api/v1/letters/{}/{what}", letter["id"].as_str().unwrap());
        self.post(token, &path, said).await
    }

    /// What it was given to set as a letter's document.
    async fn set(&self, token: &str, letter: &Value) -> Value {
        let path = format!("/api/v1/letters/{}/document", letter["id"].as_str().unwrap());
        let text = self.text(token, &path).await;
        serde_json::from_str(text.strip_prefix("%PDF-").unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_letter_is_made_once_and_what_is_opened_is_what_was_sent() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let letter = house.letter(&owner, &id, inquiry()).await;
    assert_eq!(
        (&letter["state"], &letter["document_sha256"]),
        (&json!("draft"), &Value::Null)
    );
    let job = house.set(&owner, &letter).await;
    assert_eq!(
        (&job["template"], &job["language"]),
        (&json!("inquiry_letter"), &json!("zh"))
    );
    let data = &job["data"];
    assert_eq!(
        (&data["number"], &data["due_on"]),
        (&letter["number"], &letter["due_on"])
    );
    assert_eq!(data["to"], "城南银行");
    assert_eq!(data["ground"], Value::Null);
    assert_eq!(
        data["questions"].as_array().unwrap().last().unwrap(),
        "还有别的终端吗？"
    );
    // A name that changes afterwards changes nothing of it.
    house.behind_our_back("UPDATE terminal SET model = 'another'");
    assert_eq!(house.set(&owner, &letter).await, job);
    let made = house.told(&owner, &id, "document_made").await;
    let sent = house
        .does(&owner, &letter, "send", json!({ "by": "hand" }))
        .await
        .ok();
    assert_eq!(
        (&sent["state"], &sent["sent"]["way"]),
        (&json!("sent"), &json!("hand"))
    );
    let digest = sent["document_sha256"].as_str().unwrap();
    assert_eq!(
        made,
        [format!(
            "letter {} zh sha256:{digest}",
            letter["number"].as_str().unwrap()
        )]
    );
    assert_eq!(house.set(&owner, &letter).await, job);
    assert_eq!(house.told(&owner, &id, "document_made").await, made);
    let path = format!("/api/v1/letters/{}/document", letter["id"].as_str().unwrap());
    let answer = house
        .api
        .clone()
        .oneshot(request(Method::GET, &path, &owner, None))
        .await
        .unwrap();
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/pdf");
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    // The whole case goes with the page of its letters.
    let listed = house.get(&owner, &at(&id)).await.ok();
    assert_eq!(listed["items"], json!([sent]));
    assert_eq!(listed["mails"], false);
}

#[tokio::test]
async fn an_answer_has_words_or_a_file_and_ends_the_wait() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let letter = house.letter(&owner, &id, inquiry()).await;
    house
        .does(&owner, &letter, "answer", json!({ "text": "好" }))
        .await
        .problem(409, "wrong_state");
    house
        .does(&owner, &letter, "send", json!({ "by": "hand" }))
        .await
        .ok();
    let nothing = house
        .does(&owner, &letter, "answer", json!({ "reference": "GS-118" }))
        .await;
    nothing.problem(422, "invalid_field");
    assert_eq!(nothing.body["field"], "text");
    let file = house
        .attach(&owner, &id, ("答复.pdf", "evidence"), b"%PDF-1.7")
        .await
        .ok();
    let said = json!({ "reference": "GS-118", "attachment": file["id"] });
    let answered = house.does(&owner, &letter, "answer", said).await.ok();
    assert_eq!(answered["state"], "answered");
    assert_eq!(answered["answer"]["attachment"]["name"], "答复.pdf");
    assert_eq!(answered["actions"], json!([]));
    assert_eq!(
        house.told(&owner, &id, "letter_answered").await,
        [format!("{}\nGS-118", letter["number"].as_str().unwrap())]
    );
    let other = house.letter(&owner, &id, inquiry()).await;
    house
        .does(&owner, &other, "send", json!({ "by": "hand" }))
        .await
        .ok();
    let unsaid = house.does(&owner, &other, "withdraw", json!({})).await;
    assert_eq!(unsaid.problem(422, "invalid_field").body["field"], "ground");
    let withdrawn = house
        .does(&owner, &other, "withdraw", json!({ "ground": "寄错了" }))
        .await
        .ok();
    assert_eq!(withdrawn["withdrawn"]["ground"], "寄错了");
}

#[tokio::test]
async fn nothing_wrong_gets_into_a_letter_and_nothing_of_it_is_markup_or_a_header() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let with = |field: &str, value: Value| {
        let mut said = inquiry();
        said[field] = value;
        said
    };
    for (said, field) in [
        (with("kind", json!("settlement_hold")), "kind"),
        (with("kind", json!("protection")), "payments"),
        (with("to", json!({})), "to.name"),
        (with("to", json!({ "name": "a\r\nBcc: c@d.example" })), "to.name"),
        (
            with(
                "to",
                json!({ "name": "a", "email": "a@b.example\r\nBcc: c@d.example" }),
            ),
            "to.email",
        ),
        (with("to", json!({ "contact": "NOBODY01" })), "to.contact"),
        (
            with("to", json!({ "contact": "NOBODY01", "name": "a" })),
            "to.contact",
        ),
        (with("questions", json!(["watch"])), "questions"),
        (with("questions", json!(vec!["keep"; 21])), "questions"),
        (with("own_question", json!("x".repeat(501))), "own_question"),
        (with("payments", json!(["L9"])), "payments"),
        (with("payments", json!(vec!["L1"; 101])), "payments"),
        (with("due_in_days", json!(0)), "due_in_days"),
        (with("due_in_days", json!(61)), "due_in_days"),
    ] {
        let refused = house.post(&owner, &at(&id), said.clone()).await;
        assert_eq!(
            refused.problem(422, "invalid_field").body["field"],
            field,
            "{said}"
        );
    }
    // What people write is data of the template, never its text.
    let wild = "#panic() *a* $x$ ] \\ @b <c>";
    let letter = house.letter(&owner, &id, with("own_question", json!(wild))).await;
    let job = house.set(&owner, &letter).await;
    assert_eq!(job["data"]["questions"].as_array().unwrap().last().unwrap(), wild);
    assert!(job["template_text"].is_null());
    let mailed = house.does(&owner, &letter, "send", json!({ "by": "mail" })).await;
    mailed.problem(409, "wrong_state");
    let auditor = house.token("auditor").await;
    house
        .post(&auditor, &at(&id), inquiry())
        .await
        .problem(403, "not_allowed");
    let path = format!("/api/v1/letters/{}/document", letter["id"].as_str().unwrap());
    house.get(&auditor, &path).await.problem(403, "not_allowed");
    let stranger = house.token("stranger").await;
    house.get(&stranger, &path).await.problem(404, "letter_not_found");
    house
        .get(&stranger, &at(&id))
        .await
        .problem(404, "incident_not_found");
}

#[tokio::test]
async fn the_same_request_twice_writes_and_sends_one() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let first = house.post_once(&owner, "one", &at(&id), inquiry()).await.body;
    let second = house.post_once(&owner, "one", &at(&id), inquiry()).await.body;
    assert_eq!(first, second);
    let path = format!("/api/v1/letters/{}/send", first["id"].as_str().unwrap());
    let sent = house
        .post_once(&owner, "two", &path, json!({ "by": "hand" }))
        .await
        .ok();
    assert_eq!(
        house
            .post_once(&owner, "two", &path, json!({ "by": "hand" }))
            .await
            .ok(),
        sent
    );
    house
        .post(&owner, &path, json!({ "by": "hand" }))
        .await
        .problem(409, "wrong_state");
    assert_eq!(
        house.get(&owner, &at(&id)).await.ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn it_lists_payments_truncated_and_what_holds_settlement_names_the_rule() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let outside = json!({ "terminal_id": "OUT1", "serial": "SN-OUT1", "model": "P1", "shop_id": "S01", "control": "outside" });
    house.post(&owner, "/api/v1/terminals", outside).await.ok();
    let acquirer = json!({ "merchant_id": super::OURS, "kind": "acquirer", "name": "收单行", "email": "stop@acquirer.example" });
    let acquirer = house.post(&owner, "/api/v1/contacts", acquirer).await.ok();
    let bill = String::from_utf8_lossy(NIGHT).replace("10450001", "OUT1");
    house.keeps(&owner, ("night.csv", bill.as_bytes())).await.ok();
    let id = house
        .loses_on_the_day(&owner, "OUT1", ("00:00:00", "23:59:00"))
        .await;
    let suspects = house
        .get(&owner, &format!("/api/v1/incidents/{id}/suspects"))
        .await
        .ok();
    let payment = suspects["items"][0]["id"].clone();
    let offer = &house.get(&owner, &at(&id)).await.ok()["offer"];
    assert_eq!(offer["contacts"][0]["contact"], acquirer["id"]);
    let kinds: Vec<&Value> = offer["kinds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["kind"])
        .collect();
    assert_eq!(kinds, ["inquiry", "settlement_hold", "protection"]);
    let said = json!({
        "kind": "settlement_hold", "language": "en", "to": { "contact": acquirer["id"] }, "payments": [payment], "due_in_days": 3,
    });
    let letter = house.letter(&owner, &id, said).await;
    assert_eq!(
        (&letter["payment_count"], &letter["to"]["name"]),
        (&json!(1), &json!("收单行"))
    );
    let job = house.set(&owner, &letter).await;
    let data = &job["data"];
    assert!(data["ground"].as_str().unwrap().contains("article 34"), "{data}");
    assert_eq!(
        data["incident"]["stopped_at"],
        Value::Null,
        "who decides it has not said so"
    );
    let rows = data["payments"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{data}");
    assert_eq!(rows[0]["money"], "authorised", "{data}");
    // What the template is tried with is built like this.
    let examples = include_str!("../../../documents/templates/inquiry_letter.example.json");
    let examples: Value = serde_json::from_str(examples).unwrap();
    for known in ["all", "few"] {
        let unlike = super::documents::unlike(known, data, &examples[known]);
        assert!(unlike.is_empty(), "{unlike:#?}");
    }
}
