//! A terminal that an outside acquirer decides: the same report, and nothing said that is not known.

use domain::terminal::{Control, Terminal};
use serde_json::{Value, json};

use super::{House, OURS, terminal, terminal_id};

const INCIDENTS: &str = "/api/v1/incidents";

impl House {
    /// Adds a terminal to shop S01 that an outside acquirer decides.
    pub(super) async fn outside(&self, id: &str) {
        self.outside_in(id, "Asia/Shanghai").await;
    }

    /// The same, its clock of that zone.
    async fn outside_in(&self, id: &str, time_zone: &str) {
        let terminal = Terminal {
            control: Control::Outside,
            time_zone: time_zone.into(),
            ..terminal(id, "S01")
        };
        self.node
            .write(move |tx| store::terminal::insert(tx, &terminal, b""))
            .await
            .unwrap();
    }

    async fn acquirer(&self, token: &str, email: Option<&str>) {
        let contact = json!({
            "merchant_id": OURS, "kind": "acquirer", "name": "澄湖支付", "hotline": "400-000-0117", "email": email,
        });
        self.post(token, "/api/v1/contacts", contact).await.ok();
    }

    pub(super) async fn incident(&self, token: &str, id: &str) -> Value {
        self.get(token, &format!("{INCIDENTS}/{id}")).await.ok()
    }

    async fn confirm(&self, token: &str, id: &str, body: Value) -> super::Answer {
        self.post(token, &format!("{INCIDENTS}/{id}/stop-request/confirm"), body)
            .await
    }
}

/// What each receipt says.
fn states(of: &Value) -> Vec<&str> {
    let receipts = of["receipts"].as_array().unwrap();
    receipts
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect()
}

/// Every text in an answer, names of fields aside.
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| texts(one, into)),
        Value::Object(all) => all.values().for_each(|one| texts(one, into)),
        _ => {}
    }
}

fn said() -> Value {
    json!({ "reference": "GS-0417", "confirmed_by": "0317", "at": "2026-11-01T07:19:00Z" })
}

#[tokio::test]
async fn a_report_says_requested_and_nowhere_stopped_until_somebody_confirms() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house.outside("20450001").await;
    house.acquirer(&owner, Some("stop@acquirer.example")).await;
    let reported = house
        .post(
            &owner,
            INCIDENTS,
            json!({ "terminal_id": "20450001", "manner": "stolen" }),
        )
        .await;
    assert_eq!(reported.status, 201);
    let reported = reported.ok();
    assert_eq!(states(&reported), ["requested"; 6]);
    let id = reported["id"].as_str().unwrap();
    let page = house.incident(&owner, id).await;
    assert_eq!(states(&page), ["requested"; 6]);
    assert_eq!(page["stop_state"], "requested");
    let mut all = Vec::new();
    for path in ["", "/timeline", "/activity"] {
        let answer = house.get(&owner, &format!("{INCIDENTS}/{id}{path}")).await.ok();
        texts(&answer, &mut all);
    }
    texts(
        &house.get(&owner, "/api/v1/terminals/20450001").await.ok(),
        &mut all,
    );
    for text in all {
        for word in ["stopped", "Stopped by", "停用时间", "已停", "suspended"] {
            assert!(!text.contains(word), "{text}");
        }
    }
    let asked = &page["stop_request"];
    assert_eq!(
        [
            &asked["state"],
            &asked["mail"]["state"],
            &asked["mail"]["to"],
            &asked["contact"]["hotline"]
        ],
        [
            &json!("requested"),
            &json!("queued"),
            &json!("stop@acquirer.example"),
            &json!("400-000-0117")
        ]
    );
    assert_eq!(asked["actions"], json!(["confirm"]), "the mail still waits");
    assert_eq!(
        [&asked["reminder_count"], &asked["next_reminded"]],
        [&json!(0), &json!("reporter")]
    );
    assert!(asked["next_reminder_at"].is_string() && asked["sha256"].as_str().unwrap().len() == 64);
    let deregister = |page: &Value| {
        let duties = page["next"].as_array().unwrap().iter();
        let mut its = duties.filter(|duty| duty["duty"] == "acquirer_deregister");
        its.next().unwrap()["due_at"].clone()
    };
    assert_eq!(
        deregister(&page),
        Value::Null,
        "two days run from a stop, and there is none"
    );

    let confirmed = house.confirm(&owner, id, said()).await.ok();
    assert_eq!(states(&confirmed), ["confirmed"; 6]);
    assert_eq!(states(&house.incident(&owner, id).await), ["confirmed"; 6]);
    let asked = &confirmed["stop_request"];
    assert_eq!(
        [
            &asked["confirmation"]["reference"],
            &asked["confirmation"]["confirmed_by"],
            &asked["confirmation"]["recorded_by"],
            &asked["next_reminder_at"],
            &asked["actions"],
        ],
        [
            &json!("GS-0417"),
            &json!("0317"),
            &json!("name of owner"),
            &Value::Null,
            &json!([])
        ]
    );
    assert!(deregister(&confirmed).is_string());
    house
        .confirm(&owner, id, said())
        .await
        .problem(409, "wrong_state");
}

#[tokio::test]
async fn the_same_terminal_reported_again_says_what_is_known_by_then() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house.outside("20450001").await;
    let id = house.lose(&owner, "20450001").await;
    house.confirm(&owner, &id, said()).await.ok();
    let again = house
        .post(&owner, INCIDENTS, json!({ "terminal_id": "20450001" }))
        .await;
    assert_eq!(again.status, 200);
    assert_eq!(states(&again.ok()), ["confirmed"; 6]);
}

#[tokio::test]
async fn who_confirms_says_what_who_and_when() {
    let house = House::new().await;
    let (owner, auditor) = (house.token("owner").await, house.token("auditor").await);
    let stranger = house.token("stranger").await;
    house.outside("20450001").await;
    let id = house.lose(&owner, "20450001").await;
    for (field, value) in [
        ("reference", json!("")),
        ("reference", json!("x".repeat(201))),
        ("confirmed_by", json!(" ")),
        ("at", json!("2099-01-01T00:00:00Z")),
        ("at", json!("yesterday")),
    ] {
        let mut body = said();
        body[field] = value;
        let refused = house.confirm(&owner, &id, body).await;
        assert_eq!(refused.problem(422, "invalid_field").body["field"], field);
    }
    for field in ["reference", "confirmed_by", "at"] {
        let mut body = said();
        body.as_object_mut().unwrap().remove(field);
        house
            .confirm(&owner, &id, body)
            .await
            .problem(422, "invalid_field");
    }
    house
        .confirm(&auditor, &id, said())
        .await
        .problem(403, "not_allowed");
    house
        .confirm(&stranger, &id, said())
        .await
        .problem(404, "incident_not_found");
    assert_eq!(states(&house.incident(&owner, &id).await), ["requested"; 6]);
}

#[tokio::test]
async fn what_our_gate_stopped_is_stopped_and_has_nothing_to_confirm() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let page = house.incident(&owner, &id).await;
    assert_eq!(states(&page), ["stopped"; 6]);
    assert_eq!(
        [
            &page["stop_request"]["state"],
            &page["stop_request"]["actions"],
            &page["stop_request"]["sha256"]
        ],
        [&json!("stopped"), &json!([]), &Value::Null]
    );
    house
        .confirm(&owner, &id, said())
        .await
        .problem(409, "wrong_state");
    let send = format!("{INCIDENTS}/{id}/stop-request/send");
    house
        .post(&owner, &send, json!({}))
        .await
        .problem(409, "wrong_state");
}

#[tokio::test]
async fn the_letter_is_shown_as_it_was_written() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house.outside("20450001").await;
    let id = house.lose(&owner, "20450001").await;
    let written = house.incident(&owner, &id).await["stop_request"].clone();
    house
        .node
        .write(|tx| {
            let kept = store::terminal::get(tx, terminal_id("20450001"))?.unwrap();
            let moved = Terminal {
                serial: "ANOTHER".into(),
                ..kept
            };
            store::row::update(tx, &moved).map(drop)
        })
        .await
        .unwrap();
    let now = house.incident(&owner, &id).await;
    assert_eq!(now["terminal"]["serial"], "ANOTHER");
    for field in ["text_zh", "text_en", "sha256"] {
        assert_eq!(now["stop_request"][field], written[field]);
    }
    assert!(written["text_zh"].as_str().unwrap().contains("SN20450001"));
}

#[tokio::test]
async fn a_chinese_rule_and_its_limit_are_named_in_china_only() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    for (terminal, zone, holds) in [
        ("20450001", "Asia/Shanghai", true),
        ("20450002", "Europe/Berlin", false),
    ] {
        house.outside_in(terminal, zone).await;
        let id = house.lose(&owner, terminal).await;
        let page = house.confirm(&owner, &id, said()).await.ok();
        let request = &page["stop_request"];
        assert_eq!(request["rule"].is_string(), holds, "{request}");
        for text in ["text_zh", "text_en"] {
            assert_eq!(
                request[text].as_str().unwrap().contains("259"),
                holds,
                "{request}"
            );
        }
        let next = page["next"].as_array().unwrap();
        assert_eq!(
            next.iter().any(|duty| duty["rule"].is_string()),
            holds,
            "{next:?}"
        );
        assert_eq!(page["next_due_at"].is_string(), holds, "{page}");
    }
}

#[tokio::test]
async fn a_letter_without_an_address_is_not_sent_and_one_added_later_is_used() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house.outside("20450001").await;
    let id = house.lose(&owner, "20450001").await;
    let send = format!("{INCIDENTS}/{id}/stop-request/send");
    let asked = house.incident(&owner, &id).await["stop_request"].clone();
    assert_eq!([&asked["mail"], &asked["contact"]], [&Value::Null, &Value::Null]);
    assert_eq!(asked["mail_is_set_up"], false);
    assert_eq!(asked["actions"], json!(["confirm"]));
    house
        .post(&owner, &send, json!({}))
        .await
        .problem(404, "contact_not_found");
    house.acquirer(&owner, Some("stop@acquirer.example")).await;
    let asked = house.incident(&owner, &id).await["stop_request"].clone();
    assert_eq!(asked["actions"], json!(["confirm", "send"]));
    let sent = house.post(&owner, &send, json!({})).await.ok();
    assert_eq!(sent["stop_request"]["mail"]["state"], "queued");
    house
        .post(&owner, &send, json!({}))
        .await
        .problem(409, "wrong_state");
}

#[tokio::test]
async fn lists_and_homes_say_what_is_known() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house.outside("20450001").await;
    house.lose(&owner, "20450001").await;
    house.lose(&owner, "10450001").await;
    let known = |items: Value, key: &'static str| -> Vec<(String, Value)> {
        let items = items["items"].as_array().unwrap().clone();
        let pair = |one: &Value| (one[key].as_str().unwrap().to_owned(), one["stop_state"].clone());
        items.iter().map(pair).collect()
    };
    let mut incidents = known(house.get(&owner, INCIDENTS).await.ok(), "terminal_id");
    incidents.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        incidents,
        [
            ("10450001".into(), json!("stopped")),
            ("20450001".into(), json!("requested"))
        ]
    );
    let terminals = known(house.get(&owner, "/api/v1/terminals").await.ok(), "terminal_id");
    assert_eq!(terminals[0].1, "stopped");
    assert_eq!(terminals[1].1, Value::Null);
    assert_eq!(terminals.last().unwrap().1, "requested");
}
