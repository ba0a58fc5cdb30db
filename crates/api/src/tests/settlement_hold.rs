//! Holds on settlement over HTTP: two people of the house, what each reader is told, and the list of a program that pays out.

use axum::http::StatusCode;
use domain::account::Role;
use serde_json::{Value, json};

use super::{Answer, House, OURS, THEIRS};

const HOLDS: &str = "/api/v1/settlement-holds";
const WORDS: &str = "丢失后有三笔大额交易";

fn at(id: &str) -> String {
    format!("{HOLDS}/{id}")
}

fn of_terminal(terminal: &str) -> Value {
    json!({ "terminal_id": terminal, "ground": "suspected_fraud", "text": WORDS, "days": 30 })
}

impl House {
    async fn hold(&self, token: &str, said: Value) -> Value {
        let answer = self.post(token, HOLDS, said).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.body
    }

    async fn decides(&self, token: &str, id: &str, what: &str, said: Value) -> Answer {
        self.post(token, &format!("{}/{what}", at(id)), said).await
    }

    /// A hold on a terminal of ours that stands, by people who are nobody's in a walk.
    pub(super) async fn settlement_hold(&self, terminal: &str) -> String {
        self.officer("first_officer", Role::RiskOfficer).await;
        self.officer("second_officer", Role::RiskOfficer).await;
        let first = self.token("first_officer").await;
        let second = self.token("second_officer").await;
        let hold = self.hold(&first, of_terminal(terminal)).await;
        let id = hold["id"].as_str().unwrap().to_owned();
        let confirmed = self.decides(&second, &id, "confirm", json!({ "proposed": "hold" }));
        assert_eq!(confirmed.await.ok()["state"], "standing");
        id
    }

    /// A key of a program with those rights, of the house or of a merchant.
    async fn program(&self, merchant_id: Option<&str>, rights: &[&str]) -> String {
        let risk = self.token("risk").await;
        let said = json!({ "name": "settlement", "rights": rights, "days": 30, "merchant_id": merchant_id });
        let made = self.post(&risk, "/api/v1/api-keys", said).await.ok();
        made["key"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn two_people_hold_and_two_release_and_each_answer_says_what_may_be_done_now() {
    let house = House::new().await;
    house.officer("second", Role::Operations).await;
    let (risk, second) = (house.token("risk").await, house.token("second").await);
    let proposed = house.hold(&risk, of_terminal("10450001")).await;
    let id = proposed["id"].as_str().unwrap();
    assert_eq!(
        [
            &proposed["state"],
            &proposed["scope"],
            &proposed["since"],
            &proposed["kept_back"]
        ],
        [&json!("proposed"), &json!("terminal"), &Value::Null, &Value::Null]
    );
    assert_eq!(proposed["actions"], json!(["withdraw"]));
    assert_eq!(proposed["seconds"], json!(["name of second"]));
    assert_eq!(proposed["why"]["text"], WORDS);
    let alone = house
        .decides(&risk, id, "confirm", json!({ "proposed": "hold" }))
        .await;
    alone.problem(403, "second_person_required");
    let other = house
        .decides(&second, id, "confirm", json!({ "proposed": "release" }))
        .await;
    other.problem(409, "wrong_state");
    let stands = house
        .decides(&second, id, "confirm", json!({ "proposed": "hold" }))
        .await
        .ok();
    assert_eq!(
        (&stands["state"], &stands["actions"]),
        (&json!("standing"), &json!(["release"]))
    );
    assert_eq!(stands["kept_back"]["sums"], json!([]));
    assert_eq!(stands["why"]["confirmed_by"], "name of second");
    let asked = house
        .decides(&second, id, "release", json!({ "ground": "凭证齐全" }))
        .await
        .ok();
    assert_eq!(
        (&asked["state"], &asked["why"]["release"]["ground"]),
        (&json!("standing"), &json!("凭证齐全"))
    );
    let alone = house
        .decides(&second, id, "confirm", json!({ "proposed": "release" }))
        .await;
    alone.problem(403, "second_person_required");
    let released = house
        .decides(&risk, id, "confirm", json!({ "proposed": "release" }))
        .await
        .ok();
    assert_eq!(
        (&released["state"], &released["actions"]),
        (&json!("released"), &json!([]))
    );
    let again = house
        .decides(&risk, id, "release", json!({ "ground": "x" }))
        .await;
    again.problem(409, "wrong_state");
}

#[tokio::test]
async fn its_owner_is_told_that_it_stands_and_neither_why_nor_by_whom() {
    let house = House::new().await;
    let (risk, owner) = (house.token("risk").await, house.token("owner").await);
    let lost = house.lose(&owner, "10450001").await;
    let mut said = of_terminal("10450001");
    said["incident_id"] = json!(lost);
    house.officer("second", Role::RiskOfficer).await;
    let second = house.token("second").await;
    let hold = house.hold(&risk, said).await;
    let id = hold["id"].as_str().unwrap();
    // What only waits is nobody's business.
    house
        .get(&owner, &at(id))
        .await
        .problem(404, "settlement_hold_not_found");
    assert_eq!(house.get(&owner, HOLDS).await.ok()["items"], json!([]));
    house
        .decides(&second, id, "confirm", json!({ "proposed": "hold" }))
        .await
        .ok();
    let seen = house.get(&owner, &at(id)).await.ok();
    assert_eq!(
        [&seen["state"], &seen["why"], &seen["actions"], &seen["seconds"]],
        [&json!("standing"), &Value::Null, &json!([]), &json!([])]
    );
    let refused = house
        .decides(&owner, id, "release", json!({ "ground": "x" }))
        .await;
    refused.problem(403, "not_allowed");
    for login in ["manager", "stranger"] {
        let token = house.token(login).await;
        house
            .get(&token, &at(id))
            .await
            .problem(404, "settlement_hold_not_found");
        assert_eq!(house.get(&token, HOLDS).await.ok()["items"], json!([]), "{login}");
    }
    // Nowhere in what a shop reads, a pack among it, are the words.
    let pages = [
        at(id),
        HOLDS.to_owned(),
        format!("/api/v1/incidents/{lost}/timeline"),
        "/api/v1/terminals/10450001/events".to_owned(),
    ];
    for path in pages {
        let text = house.text(&owner, &path).await;
        assert!(text.contains(id) && !text.contains(WORDS), "{path}: {text}");
        assert!(!text.contains("suspected_fraud"), "{path}: {text}");
    }
    let auditor = house.token("auditor").await;
    let checked = house.get(&auditor, &at(id)).await.ok();
    assert_eq!(checked["why"]["text"], WORDS);
    assert_eq!(checked["actions"], json!([]));
}

#[tokio::test]
async fn a_program_of_the_house_reads_what_stands_page_by_page_and_that_it_did_is_noted() {
    let house = House::new().await;
    let first = house.settlement_hold("10450001").await;
    let risk = house.token("risk").await;
    let second = house.token("second_officer").await;
    let whole = json!({ "merchant_id": OURS, "ground": "authority_order", "text": "（2026）沪01执118号", "days": 180 });
    let whole = house.hold(&risk, whole).await;
    let whole = whole["id"].as_str().unwrap();
    house
        .decides(&second, whole, "confirm", json!({ "proposed": "hold" }))
        .await
        .ok();
    house.hold(&risk, of_terminal("10450002")).await;
    let beside = house.get(&risk, &at(whole)).await.ok();
    assert_eq!(beside["beside"], json!([first]));
    let list = format!("{HOLDS}?state=standing&limit=1");
    // Neither people nor a program of somebody else's read it for the house.
    let theirs = house.program(Some(THEIRS), &[]).await;
    assert_eq!(house.get(&theirs, &list).await.ok()["items"], json!([]));
    let page = house.get(&risk, &list).await.ok();
    assert_eq!(page["items"][0]["read_at"], Value::Null);
    let program = house.program(None, &[]).await;
    let mut read = Vec::new();
    let mut path = list.clone();
    loop {
        let page = house.get(&program, &path).await.ok();
        for item in page["items"].as_array().unwrap() {
            assert_eq!((&item["why"], &item["actions"]), (&Value::Null, &json!([])));
            read.push(item["id"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("{list}&cursor={cursor}");
    }
    let mut stand = vec![first.clone(), whole.to_owned()];
    stand.sort();
    assert_eq!(read, stand);
    for id in &stand {
        let noted = house.get(&risk, &at(id)).await.ok();
        assert!(noted["read_at"].is_string(), "{noted}");
    }
    // Nor does one decide that may sign merchants on.
    let program = house.program(None, &["sign_merchant"]).await;
    let refused = house
        .decides(&program, whole, "release", json!({ "ground": "x" }))
        .await;
    refused.problem(403, "person_required");
    house
        .post(&program, HOLDS, of_terminal("10450001"))
        .await
        .problem(403, "person_required");
}

#[tokio::test]
async fn nothing_wrong_gets_into_one() {
    let house = House::new().await;
    let (risk, owner) = (house.token("risk").await, house.token("owner").await);
    let lost = house.lose(&owner, "10450002").await;
    let with = |field: &str, value: Value| {
        let mut said = of_terminal("10450001");
        said[field] = value;
        said
    };
    for (said, field) in [
        (with("terminal_id", Value::Null), "terminal_id"),
        (with("terminal_id", json!("NOBODY")), "terminal_id"),
        (with("terminal_id", json!("?")), "terminal_id"),
        (with("merchant_id", json!(OURS)), "merchant_id"),
        (with("incident_id", json!(lost)), "incident_id"),
        (with("incident_id", json!("NOBODY01")), "incident_id"),
        (with("ground", json!("spite")), "ground"),
        (with("text", json!(" ")), "text"),
        (with("text", json!("x".repeat(501))), "text"),
        (with("days", json!(0)), "days"),
        (with("days", json!(-1)), "days"),
        (with("days", json!(181)), "days"),
    ] {
        let refused = house.post(&risk, HOLDS, said.clone()).await;
        assert_eq!(
            refused.problem(422, "invalid_field").body["field"],
            field,
            "{said}"
        );
    }
    // Whoever may not is told nothing of what is wrong.
    house
        .post(&owner, HOLDS, with("days", json!(0)))
        .await
        .problem(403, "not_allowed");
    let outside = json!({ "terminal_id": "OUT1", "serial": "SN-OUT1", "model": "P1", "shop_id": "S01", "control": "outside" });
    house.post(&owner, "/api/v1/terminals", outside).await.ok();
    house
        .post(&risk, HOLDS, of_terminal("OUT1"))
        .await
        .problem(409, "settled_outside");
    // Said twice by the same key, it is one.
    let once = house
        .post_once(&risk, "hold-1", HOLDS, of_terminal("10450001"))
        .await
        .ok();
    let twice = house
        .post_once(&risk, "hold-1", HOLDS, of_terminal("10450001"))
        .await
        .ok();
    assert_eq!(once, twice);
}
