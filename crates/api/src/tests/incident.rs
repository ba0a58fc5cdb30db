//! Incidents after the report: alarm, activity, timeline, finding again.

use serde_json::{Value, json};

use super::{House, sign_in};

fn at(id: &str, rest: &str) -> String {
    format!("/api/v1/incidents/{id}{rest}")
}

#[tokio::test]
async fn finding_again_takes_two_people() {
    let house = House::new().await;
    let (owner, manager, risk) = (
        house.token("owner").await,
        house.token("manager").await,
        house.token("risk").await,
    );
    sign_in(&house, "10450001").await;
    let id = house.lose(&owner, "10450001").await;
    house
        .post(&risk, &at(&id, "/found/confirm"), json!({}))
        .await
        .problem(409, "wrong_state");
    let blank = house
        .post(
            &owner,
            &at(&id, "/found"),
            json!({ "kind": "false_alarm", "statement": " " }),
        )
        .await;
    assert_eq!(blank.problem(422, "invalid_field").body["field"], "statement");
    let proposed = house
        .post(
            &owner,
            &at(&id, "/found"),
            json!({ "kind": "false_alarm", "statement": "behind the counter" }),
        )
        .await
        .ok();
    assert_eq!(proposed["state"], "found_proposed");
    assert_eq!(
        [
            &proposed["found"]["proposed_by"],
            &proposed["found"]["confirmed_by"]
        ],
        [&json!("name of owner"), &Value::Null]
    );
    assert_eq!(proposed["terminal"]["state"], "lost");
    house
        .post(
            &owner,
            &at(&id, "/found"),
            json!({ "kind": "false_alarm", "statement": "again" }),
        )
        .await
        .problem(409, "wrong_state");
    house
        .post(&owner, &at(&id, "/found/confirm"), json!({}))
        .await
        .problem(403, "second_person_required");
    house
        .post(&manager, &at(&id, "/found/confirm"), json!({}))
        .await
        .problem(403, "not_allowed");
    let closed = house
        .post_once(&risk, "k", &at(&id, "/found/confirm"), json!({}))
        .await
        .ok();
    assert_eq!(
        [&closed["state"], &closed["terminal"]["state"]],
        [&json!("closed"), &json!("running")]
    );
    assert_eq!(closed["next"], json!([]));
    let again = house
        .post_once(&risk, "k", &at(&id, "/found/confirm"), json!({}))
        .await;
    assert_eq!(again.ok(), closed);
    // What it sells after its release is not counted against the stop.
    house.sell("10450001", 1).await;
    assert_eq!(house.get(&owner, &at(&id, "")).await.ok()["approved_since"], 0);
    assert_ne!(house.lose(&owner, "10450001").await, id);
    let first = house.get(&owner, "/api/v1/incidents?limit=1").await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = house
        .get(&owner, &format!("/api/v1/incidents?limit=1&cursor={cursor}"))
        .await
        .ok();
    assert_eq!(
        [&second["items"][0]["id"], &second["next_cursor"]],
        [&json!(id), &Value::Null]
    );
}

#[tokio::test]
async fn an_alarm_is_acknowledged_until_the_next_attempt() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    house.ask("10450001", 1).await;
    let seen = house
        .post(&owner, &at(&id, "/alarm/acknowledge"), json!({}))
        .await
        .ok();
    assert_eq!(
        [&seen["unacknowledged_alarm_count"], &seen["attempt_count"]],
        [&json!(0), &json!(1)]
    );
    house.ask("10450001", 2).await;
    assert_eq!(
        house.get(&owner, &at(&id, "")).await.ok()["unacknowledged_alarm_count"],
        1
    );
}

#[tokio::test]
async fn the_timeline_is_read_in_pages() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    house.ask("10450001", 1).await;
    let first = house.get(&owner, &at(&id, "/timeline?limit=3")).await.ok();
    let kinds = |page: &Value| -> Vec<String> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(kinds(&first), ["reported", "suspended", "receipt"]);
    assert_eq!(first["next_cursor"], "3");
    let rest = house.get(&owner, &at(&id, "/timeline?after=3")).await.ok();
    assert_eq!(kinds(&rest), ["duties_drawn_up", "attempt_refused", "alarm"]);
    assert_eq!(
        kinds(&house.get(&owner, &at(&id, "/timeline?cursor=3")).await.ok()),
        kinds(&rest)
    );
    let attempt = &rest["items"][1]["transaction"];
    for (field, value) in [
        ("kind", json!("purchase")),
        ("decision", json!("declined")),
        ("response_code", json!("58")),
        ("reason", json!("held:loss")),
        ("card", json!("622424••••••0113")),
        ("peer", json!("192.0.2.7:4021")),
        ("amount", json!({ "minor": 2000, "currency": "CNY" })),
    ] {
        assert_eq!(attempt[field], value, "{field}");
    }
}

#[tokio::test]
async fn activity_shows_the_window_and_the_attempts() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    sign_in(&house, "10450001").await;
    house.sell("10450001", 1).await;
    let id = house.lose(&owner, "10450001").await;
    house.ask("10450001", 2).await;
    let activity = house
        .get(&owner, &at(&id, "/activity?bucket_minutes=30"))
        .await
        .ok();
    let marks: Vec<_> = activity["marks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mark| (&mark["decision"], &mark["in_window"]))
        .collect();
    assert_eq!(
        marks,
        [
            (&json!("declined"), &json!(false)),
            (&json!("approved"), &json!(true))
        ]
    );
    let sum = |field: &str| -> i64 {
        activity["buckets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bucket| bucket[field].as_i64().unwrap())
            .sum()
    };
    assert_eq!((sum("approved_count"), sum("refused_count")), (1, 1));
    let sold = activity["buckets"].as_array().unwrap();
    let sums: Vec<_> = sold
        .iter()
        .flat_map(|bucket| bucket["approved"].as_array().unwrap())
        .collect();
    assert_eq!(sums, [&json!({ "minor": 2000, "currency": "CNY" })]);
    for (query, field) in [
        ("from=2026-01-01T00:00:00Z&to=2026-01-05T00:00:00Z", "to"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("bucket_minutes=0", "bucket_minutes"),
        (
            "from=2026-01-01T00:00:00Z&to=2026-01-04T00:00:00Z&bucket_minutes=1",
            "bucket_minutes",
        ),
    ] {
        let answer = house.get(&owner, &at(&id, &format!("/activity?{query}"))).await;
        assert_eq!(
            answer.problem(422, "invalid_field").body["field"],
            field,
            "{query}"
        );
    }
}

#[tokio::test]
async fn an_incident_is_found_by_what_is_known_of_it_and_says_what_is_due() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let shown = house.get(&owner, &at(&id, "")).await.ok();
    let due_at = &shown["next"]
        .as_array()
        .unwrap()
        .iter()
        .find(|duty| duty["duty"] == "acquirer_deregister")
        .unwrap()["due_at"];
    assert_eq!(&shown["next_due_at"], due_at);
    assert_eq!(shown["time_zone"], shown["terminal"]["time_zone"]);
    for (part, count) in [
        (id.to_lowercase().as_str(), 1),
        ("0450001", 1),
        ("10450009", 0),
        (" ", 1),
    ] {
        let part = part.replace(' ', "%20");
        let found = house
            .get(&owner, &format!("/api/v1/incidents?q={part}"))
            .await
            .ok();
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{part}");
    }
}

#[tokio::test]
async fn whom_to_call_is_told_before_anybody_signs_in() {
    let house = House::new().await;
    let told = house.get("", "/api/v1/hotline").await.ok();
    assert_eq!(
        told,
        json!({ "demo": null, "phone": "400-000-0117", "mails_codes": false, "takes_registrations": false, "identity_provider": null })
    );
}

/// A case with 60 duties and 2,000 events; answers its number.
async fn large(house: &House, owner: &str) -> String {
    const DUTIES: i64 = 60;
    const EVENTS: usize = 2_000;
    sign_in(house, "10450001").await;
    for trace in 1..=60 {
        house.sell("10450001", trace).await;
    }
    let id = house.lose(owner, "10450001").await;
    // Draws them up.
    house.get(owner, &at(&id, "/duties")).await.ok();
    let case = id.clone();
    let fill = move |tx: &store::Tx<'_>| {
        let drawn = store::duty::of(tx, &case)?;
        for position in drawn.len() as i64 + 1..=DUTIES {
            let like = &drawn[position as usize % drawn.len()];
            let more = domain::duty::Duty {
                duty_id: format!("{case}-{position}"),
                position,
                duty: format!("{}_{position}", like.duty),
                ..like.clone()
            };
            store::row::insert(tx, &more)?;
        }
        for number in 0..EVENTS {
            let said = format!("{number}: {}", "我们看过监控，没有人动过那台机器。".repeat(8));
            let said = store::event::New {
                subject: domain::event::Subject::Incident,
                subject_id: &case,
                at: tx.now(),
                verb: domain::incident::Happened::Commented.code(),
                by: domain::actor::By::person("owner"),
                text: Some(&said),
                ledger_sequence: None,
            };
            store::event::append(tx, said)?;
        }
        Ok::<_, store::Error>(())
    };
    house.node.write(fill).await.unwrap();
    id
}

/// What the page asks for at first: how many bytes that is, before they are compressed, and how long it takes one after another.
async fn first_view(house: &House, owner: &str, id: &str) -> (usize, std::time::Duration) {
    let last = house.get(owner, &at(id, "")).await.ok()["last_sequence"]
        .as_i64()
        .unwrap();
    assert!(last > 2_000, "{last}");
    let mut paths = vec![at(id, &format!("/timeline?after={}&limit=30", last - 30))];
    for rest in [
        "",
        "/duties",
        "/police",
        "/attachments",
        "/replacements",
        "/documents",
        "/inspection",
        "/activity?bucket_minutes=15",
    ] {
        paths.push(at(id, rest));
    }
    for _ in ["after", "window", "before"] {
        paths.push("/api/v1/transactions?terminal_id=10450001&limit=50".to_owned());
    }
    paths.push("/api/v1/mentions".to_owned());
    let (began, mut bytes) = (std::time::Instant::now(), 0);
    for path in &paths {
        bytes += house.text(owner, path).await.len();
    }
    (bytes, began.elapsed())
}

#[tokio::test]
async fn the_first_view_of_a_large_case_is_small() {
    const BYTES_MAX: usize = 200_000;
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = large(&house, &owner).await;
    let (bytes, took) = first_view(&house, &owner, &id).await;
    println!("{bytes} bytes in {took:?}");
    assert!((10_000..=BYTES_MAX).contains(&bytes), "{bytes} bytes");
}
