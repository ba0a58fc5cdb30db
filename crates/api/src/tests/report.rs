//! The loss report.

use std::future::Future;

use serde_json::{Value, json};
use tower::ServiceExt;

use super::{House, OURS, request, sign_in, terminal_id};
use node::Pass;

const INCIDENTS: &str = "/api/v1/incidents";

/// Asks again until it is so, giving other tasks their turn; a bound stands in for a clock.
async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    for _ in 0..100_000 {
        if holds().await {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came to be");
}

async fn is_held(house: &House, terminal: &'static str) -> bool {
    let read = move |tx: &store::Tx<'_>| store::incident::unclosed(tx, terminal_id(terminal));
    house.node.read(read).await.unwrap().is_some()
}

#[tokio::test]
async fn a_report_stops_every_channel_and_a_second_one_is_the_same() {
    let house = House::new().await;
    let (owner, manager) = (house.token("owner").await, house.token("manager").await);
    let report = json!({
        "terminal_id": "10450001", "manner": "stolen", "place": "at the till", "last_seen_at": "2026-01-01T00:00:00Z",
        "circumstances": "gone after lunch",
    });
    let first = house.post(&owner, INCIDENTS, report).await;
    assert_eq!(first.status, 201);
    let first = first.ok();
    let id = first["id"].as_str().unwrap();
    assert!(id.len() == 8 && !id.contains(['I', 'L', 'O', 'U']), "{id}");
    let channels: Vec<&str> = first["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["channel"].as_str().unwrap())
        .collect();
    let all = [
        "card_authorisation",
        "sign_in",
        "refund_and_void",
        "reversal_and_settlement",
        "cashier_unlock",
        "console_and_api",
    ];
    assert_eq!(channels, all);
    for receipt in first["receipts"].as_array().unwrap() {
        assert_eq!(
            [
                &receipt["state"],
                &receipt["node"],
                &receipt["in_flight_waited"],
                &receipt["nodes_expelled"]
            ],
            [&json!("stopped"), &json!("node-1"), &json!(0), &json!(0)]
        );
    }
    assert!(first["stop_ms"].as_i64().unwrap() < 5_000);
    let second = house
        .post(&manager, INCIDENTS, json!({ "terminal_id": "10450001" }))
        .await;
    assert_eq!(second.status, 200);
    assert_eq!(second.ok(), first);
    let terminal = house.get(&owner, "/api/v1/terminals/10450001").await.ok();
    assert_eq!(
        [&terminal["state"], &terminal["open_incident_id"]],
        [&json!("lost"), &first["id"]]
    );
}

#[tokio::test]
async fn a_clock_that_steps_does_not_change_how_long_the_stopping_took() {
    let house = House::with_clock(|| node::now().plus_ms(300_000)).await;
    let owner = house.token("owner").await;
    let told = house
        .post(&owner, INCIDENTS, json!({ "terminal_id": "10450001" }))
        .await
        .ok();
    assert!(told["stop_ms"].as_i64().unwrap() < 60_000, "{told}");
    let page = house
        .get(&owner, &format!("{INCIDENTS}/{}", told["id"].as_str().unwrap()))
        .await
        .ok();
    assert_eq!(page["stop_ms"], told["stop_ms"]);
}

#[tokio::test]
async fn a_last_sight_in_the_future_or_at_an_offset_of_no_place_is_refused() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let seen_at = |at: &str| json!({ "terminal_id": "10450001", "last_seen_at": at });
    for impossible in ["2099-01-01T00:00:00Z", "2026-01-01T00:00:00+25:00"] {
        let refused = house.post(&owner, INCIDENTS, seen_at(impossible)).await;
        assert_eq!(
            refused.problem(422, "invalid_field").body["field"],
            "last_seen_at"
        );
    }
    let ahead = |ms| crate::wire::Time(node::now().plus_ms(ms)).to_string();
    let refused = house.post(&owner, INCIDENTS, seen_at(&ahead(90_000))).await;
    refused.problem(422, "invalid_field");
    assert!(!is_held(&house, "10450001").await);
    // A reporter's clock may be a little ahead.
    house.post(&owner, INCIDENTS, seen_at(&ahead(30_000))).await.ok();
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let report = json!({ "terminal_id": "10450001" });
    let first = house.post_once(&owner, "a key", INCIDENTS, report.clone()).await;
    let again = house.post_once(&owner, "a key", INCIDENTS, report.clone()).await;
    assert_eq!(
        (first.status, again.status),
        (201.try_into().unwrap(), 201.try_into().unwrap())
    );
    assert_eq!(first.body, again.body);
    let other = json!({ "terminal_id": "10450002" });
    house
        .post_once(&owner, "a key", INCIDENTS, other.clone())
        .await
        .problem(422, "idempotency_key_reused");
    assert!(!is_held(&house, "10450002").await);
    // Another person's key of the same text is another key.
    let manager = house.token("manager").await;
    assert_eq!(
        house.post_once(&manager, "a key", INCIDENTS, other).await.status,
        201
    );
    assert_eq!(
        house.post_once(&owner, "b key", INCIDENTS, report).await.status,
        200
    );
    let bad = house
        .post_once(
            &owner,
            &"k".repeat(129),
            INCIDENTS,
            json!({ "terminal_id": "10450003" }),
        )
        .await;
    assert_eq!(bad.problem(422, "invalid_field").body["field"], "Idempotency-Key");
}

#[tokio::test]
async fn a_repeated_report_is_not_told_stopped_after_its_terminal_was_found() {
    let house = House::new().await;
    let (owner, manager) = (house.token("owner").await, house.token("manager").await);
    let report = json!({ "terminal_id": "10450001" });
    let first = house
        .post_once(&owner, "a key", INCIDENTS, report.clone())
        .await
        .ok();
    let found = format!("{INCIDENTS}/{}/found", first["id"].as_str().unwrap());
    let statement = json!({ "kind": "false_alarm", "statement": "behind the counter" });
    house.post(&manager, &found, statement).await.ok();
    // Still stopped, so the acknowledgement is still true.
    let again = house.post_once(&owner, "a key", INCIDENTS, report.clone()).await;
    assert_eq!((again.status.as_u16(), &again.body), (201, &first));
    house
        .post(&owner, &format!("{found}/confirm"), json!({}))
        .await
        .ok();
    let replayed = house.post_once(&owner, "a key", INCIDENTS, report.clone()).await;
    replayed.problem(409, "report_closed");
    assert!(!is_held(&house, "10450001").await);
    let anew = house
        .post_once(&owner, "new key", INCIDENTS, report.clone())
        .await;
    assert_eq!(anew.status, 201);
    // The old key still names the old report.
    let replayed = house.post_once(&owner, "a key", INCIDENTS, report).await;
    replayed.problem(409, "report_closed");
}

#[tokio::test]
async fn a_report_found_while_it_waits_is_not_told_stopped() {
    let house = House::new().await;
    let (owner, manager) = (house.token("owner").await, house.token("manager").await);
    let pass = Pass::take(&house.node, terminal_id("10450001"));
    let post = request(
        axum::http::Method::POST,
        INCIDENTS,
        &owner,
        Some(json!({ "terminal_id": "10450001" })),
    );
    let report = tokio::spawn(house.api.clone().oneshot(post));
    until(|| is_held(&house, "10450001")).await;
    let listed = house.get(&owner, INCIDENTS).await.ok();
    let found = format!("{INCIDENTS}/{}/found", listed["items"][0]["id"].as_str().unwrap());
    house
        .post(
            &manager,
            &found,
            json!({ "kind": "false_alarm", "statement": "here" }),
        )
        .await
        .ok();
    house
        .post(&owner, &format!("{found}/confirm"), json!({}))
        .await
        .ok();
    drop(pass);
    let answer = super::read(report.await.unwrap().unwrap()).await;
    answer.problem(409, "report_closed");
}

#[tokio::test]
async fn an_approval_on_its_way_out_is_waited_for() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let pass = Pass::take(&house.node, terminal_id("10450001"));
    let post = |body| request(axum::http::Method::POST, INCIDENTS, &owner, Some(body));
    let report = house
        .api
        .clone()
        .oneshot(post(json!({ "terminal_id": "10450001" })));
    let report = tokio::spawn(report);
    until(|| is_held(&house, "10450001")).await;
    // A second report does not get round the wait.
    let second = tokio::spawn(
        house
            .api
            .clone()
            .oneshot(post(json!({ "terminal_id": "10450001" }))),
    );
    // The writer has answered the report before it takes this, so that after a few turns the report waits.
    house.node.write(|_| Ok::<_, store::Error>(())).await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!report.is_finished() && !second.is_finished());
    drop(pass);
    let answer = super::read(report.await.unwrap().unwrap()).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body["receipts"][0]["in_flight_waited"], 1);
    assert_eq!(
        super::read(second.await.unwrap().unwrap()).await.body["id"],
        answer.body["id"]
    );
}

#[tokio::test]
async fn a_reporter_who_hangs_up_is_served_to_the_end() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let mut changes = house.node.changes.subscribe();
    let pass = Pass::take(&house.node, terminal_id("10450001"));
    let post = request(
        axum::http::Method::POST,
        INCIDENTS,
        &owner,
        Some(json!({ "terminal_id": "10450001" })),
    );
    let report = tokio::spawn(house.api.clone().oneshot(post));
    until(|| is_held(&house, "10450001")).await;
    report.abort();
    assert!(report.await.unwrap_err().is_cancelled());
    drop(pass);
    let id = changes.recv().await.unwrap();
    let incident = house.get(&owner, &format!("{INCIDENTS}/{id}")).await.ok();
    assert_eq!(incident["receipts"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn after_a_report_the_terminal_is_refused_and_the_page_tells_all() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    sign_in(&house, "10450001").await;
    house.sell("10450001", 1).await;
    house.sell("10450001", 2).await;
    let id = house.lose(&owner, "10450001").await;
    house.ask("10450001", 3).await;
    house.ask("10450001", 4).await;
    let page = house.get(&owner, &format!("{INCIDENTS}/{id}")).await.ok();
    for (field, value) in [
        ("state", json!("open")),
        ("manner", json!("unsure")),
        ("reported_by", json!("name of owner")),
        ("attempt_count", json!(2)),
        ("unacknowledged_alarm_count", json!(1)),
        ("approved_since", json!(0)),
        ("window_transaction_count", json!(2)),
        ("window_amounts", json!([{ "minor": 4000, "currency": "CNY" }])),
        ("found", Value::Null),
        ("node", json!("node-1")),
    ] {
        assert_eq!(page[field], value, "{field}");
    }
    assert_eq!(page["loss_window"]["basis"], "reported_only");
    assert_eq!(page["terminal"]["state"], "lost");
    let duties: Vec<&str> = page["next"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["duty"].as_str().unwrap())
        .collect();
    assert_eq!(
        duties,
        [
            "police_report",
            "check_transactions",
            "acquirer_deregister",
            "exposure_assessment",
            "replacement",
            "lessons"
        ]
    );
    let letter = &page["stop_request"];
    assert_eq!(letter["number"], format!("STOP-{id}"));
    for text in [
        letter["text_zh"].as_str().unwrap(),
        letter["text_en"].as_str().unwrap(),
    ] {
        for part in [
            "10452015",
            OURS,
            "91110000MA00000000",
            "1234",
            "长沙市某路 1 号",
            "SN10450001",
            "+08:00",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    let listed = house.get(&owner, "/api/v1/incidents?state=open").await.ok();
    assert_eq!(listed["items"][0]["id"], json!(id));
    assert_eq!(listed["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_payment_the_shop_did_not_take_is_in_the_loss_window() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    sign_in(&house, "10450001").await;
    for trace in 1..=3 {
        house.sell("10450001", trace).await;
        // Of two payments in one millisecond neither could be trusted.
        let sold_at = node::now();
        until(|| async { node::now() > sold_at }).await;
    }
    let listed = house
        .get(
            &owner,
            "/api/v1/transactions?terminal_id=10450001&decision=approved",
        )
        .await
        .ok();
    let sales: Vec<&Value> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["kind"] == "purchase")
        .collect();
    let (thiefs, ours) = (sales[1], sales[2]);
    let said = |sale: &Value, ours: bool| json!({ "sequence": sale["sequence"], "ours": ours });
    // A telephone whose clock is a little ahead.
    let seen = crate::wire::Time(node::now().plus_ms(30_000)).to_string();
    let report = json!({
        "terminal_id": "10450001", "last_seen_at": seen,
        "payments": [said(thiefs, false), said(ours, true), { "sequence": 999_999, "ours": false }],
    });
    let reported = house.post(&owner, INCIDENTS, report).await.ok();
    let id = reported["id"].as_str().unwrap();
    let page = house.get(&owner, &format!("{INCIDENTS}/{id}")).await.ok();
    assert_eq!(
        [&page["loss_window"]["from"], &page["loss_window"]["basis"]],
        [&ours["decided_at"], &json!("last_trusted_transaction")]
    );
    assert_eq!(page["window_transaction_count"], 2, "{page}");
    assert_eq!(
        page["last_seen_at"], page["reported_at"],
        "a clock that is ahead has seen nothing later than now"
    );
}

#[tokio::test]
async fn details_without_end_are_refused() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let payments: Vec<Value> = (0..21)
        .map(|sequence| json!({ "sequence": sequence, "ours": true }))
        .collect();
    let report = json!({ "terminal_id": "10450001", "payments": payments });
    let refused = house.post(&owner, INCIDENTS, report).await;
    assert_eq!(refused.problem(422, "invalid_field").body["field"], "payments");
}

#[tokio::test]
async fn a_practised_report_says_what_would_be_and_leaves_nothing() {
    const DRILLS: &str = "/api/v1/drills";
    let house = House::new().await;
    let owner = house.token("owner").await;
    sign_in(&house, "10450001").await;
    house.sell("10450001", 7).await;
    let said = json!({ "terminal_id": "10450001", "manner": "stolen", "place": "the counter" });
    let looked_at = [
        "/api/v1/terminals/10450001",
        "/api/v1/terminals/10450001/events",
        "/api/v1/incidents",
        "/api/v1/transactions?terminal_id=10450001",
    ];
    let mut before = Vec::new();
    for path in looked_at {
        before.push(house.get(&owner, path).await.ok());
    }
    let would_be = house.post(&owner, DRILLS, said.clone()).await.ok();
    assert_eq!(
        (&would_be["state"], &would_be["manner"], &would_be["place"]),
        (&json!("open"), &json!("stolen"), &json!("the counter"))
    );
    assert_eq!(would_be["receipts"], json!([]), "nothing was stopped");
    assert!(
        would_be["stop_request"]["text_zh"]
            .as_str()
            .unwrap()
            .contains("10450001")
    );
    let next = would_be["next"].as_array().unwrap();
    assert!(
        next.iter().any(|duty| duty["duty"] == "police_report"),
        "{would_be}"
    );
    for (path, before) in looked_at.iter().zip(before) {
        assert_eq!(house.get(&owner, path).await.ok(), before, "{path}");
    }
    let id = would_be["id"].as_str().unwrap();
    house
        .get(&owner, &format!("/api/v1/incidents/{id}"))
        .await
        .problem(404, "incident_not_found");
    // It goes on selling.
    house.sell("10450001", 8).await;
    let (stranger, auditor) = (house.token("stranger").await, house.token("auditor").await);
    house
        .post(&stranger, DRILLS, said.clone())
        .await
        .problem(404, "terminal_not_found");
    house
        .post(&auditor, DRILLS, said.clone())
        .await
        .problem(403, "not_allowed");
    house.lose(&owner, "10450001").await;
    house
        .post(&owner, DRILLS, said)
        .await
        .problem(409, "already_reported");
}
