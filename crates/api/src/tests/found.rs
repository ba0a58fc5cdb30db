//! A terminal that was found: how it is said, looked over, and what a second person is refused until then.

use serde_json::{Value, json};

use super::{House, sign_in};

fn at(id: &str, rest: &str) -> String {
    format!("/api/v1/incidents/{id}{rest}")
}

fn said(kind: &str) -> Value {
    json!({ "kind": kind, "statement": "behind the counter" })
}

/// One answer to each item of the list, as the server says it.
async fn answers(house: &House, token: &str, id: &str) -> Vec<Value> {
    let list = house.get(token, &at(id, "/inspection")).await.ok();
    let items = list["checklist"]["items"].as_array().unwrap();
    let answer = |item: &Value| json!({ "item": item["item"], "outcome": "ok" });
    items.iter().map(answer).collect()
}

#[tokio::test]
async fn what_was_away_is_refused_by_name_until_it_is_looked_over_and_has_new_keys() {
    let house = House::new().await;
    let (owner, manager, risk) = (
        house.token("owner").await,
        house.token("manager").await,
        house.token("risk").await,
    );
    sign_in(&house, "10450001").await;
    let id = house.lose(&owner, "10450001").await;
    let bare = json!({ "statement": "behind the counter" });
    let no_kind = house.post(&manager, &at(&id, "/found"), bare).await;
    assert_eq!(no_kind.problem(422, "invalid_field").body["field"], "kind");
    let inspection = at(&id, "/inspection");
    let all = answers(&house, &owner, &id).await;
    let early = house
        .post(&owner, &inspection, json!({ "items": all.clone() }))
        .await;
    early.problem(409, "wrong_state");

    let found = house
        .post(&manager, &at(&id, "/found"), said("recovered"))
        .await
        .ok();
    assert_eq!(
        [&found["found"]["kind"], &found["found"]["missing"]],
        [&json!("recovered"), &json!("inspection_required")]
    );
    let second = confirming(&id);
    let confirm = || house.post(&risk, &second, json!({}));
    confirm().await.problem(409, "inspection_required");

    let mut bad = all.clone();
    bad[3]["outcome"] = json!("not_ok");
    let no_note = house
        .post(&owner, &inspection, json!({ "items": bad.clone() }))
        .await;
    assert_eq!(
        no_note.problem(422, "invalid_field").body["field"],
        "items.card_slot.note"
    );
    bad[3]["note"] = json!("a film in the slot");
    let failed = house
        .post(&owner, &inspection, json!({ "items": bad }))
        .await
        .ok();
    assert_eq!(failed["found"]["is_passed"], false);
    confirm().await.problem(409, "inspection_failed");
    let reference = json!({ "items": all.clone(), "new_keys_reference": "TMS-7" });
    let ours = house.post(&owner, &inspection, reference).await;
    assert_eq!(
        ours.problem(422, "invalid_field").body["field"],
        "new_keys_reference"
    );

    let passed = house
        .post(&owner, &inspection, json!({ "items": all }))
        .await
        .ok();
    assert_eq!(passed["found"]["missing"], "new_keys_required");
    assert_eq!(passed["found"]["has_new_keys"], false);
    house
        .post(&owner, &confirming(&id), json!({}))
        .await
        .problem(403, "second_person_required");
    confirm().await.problem(409, "new_keys_required");
    let key = json!({ "components": ["0123456789ABCDEFFEDCBA9876543210"], "check_value": "08D7B4" });
    house
        .post(&risk, "/api/v1/terminals/10450001/master-key", key)
        .await
        .ok();
    let closed = confirm().await.ok();
    assert_eq!(
        [&closed["closing"]["ended"], &closed["terminal"]["state"]],
        [&json!("recovered"), &json!("running")]
    );
    let made = house.get(&owner, &inspection).await.ok();
    assert_eq!(made["items"].as_array().unwrap().len(), 2);
    assert_eq!(made["items"][0]["items"][3]["note"], "a film in the slot");
    assert_eq!(made["on_record"]["serial"], closed["terminal"]["serial"]);
}

fn confirming(id: &str) -> String {
    at(id, "/found/confirm")
}

#[tokio::test]
async fn what_is_broken_ends_only_when_its_duties_are_done_and_they_are_named() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let id = house.lose(&owner, "10450001").await;
    house
        .post(&owner, &at(&id, "/found"), said("destroyed"))
        .await
        .ok();
    let refused = house.post(&risk, &at(&id, "/found/confirm"), json!({})).await;
    let open = refused.problem(409, "duties_open").body["open_duties"].clone();
    assert!(
        open.as_array().unwrap().contains(&json!("acquirer_deregister")),
        "{open}"
    );
    let duties = house.get(&owner, &at(&id, "/duties")).await.ok();
    for duty in duties["items"].as_array().unwrap() {
        if open.as_array().unwrap().contains(&duty["duty"]) {
            let path = format!("/api/v1/duties/{}/done", duty["id"].as_str().unwrap());
            let proof = json!({ "proof": { "reference": "R-1", "statement": "done" } });
            house.post(&risk, &path, proof).await.ok();
        }
    }
    let closed = house
        .post(&risk, &at(&id, "/found/confirm"), json!({}))
        .await
        .ok();
    assert_eq!(
        [&closed["ended"], &closed["terminal"]["state"]],
        [&json!("destroyed"), &json!("lost")]
    );
}

#[tokio::test]
async fn a_terminal_that_looks_altered_stops_like_any_and_has_a_playbook_of_its_own() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let report = json!({ "terminal_id": "10450001", "manner": "tampered" });
    let reported = house.post(&owner, "/api/v1/incidents", report).await.ok();
    let id = reported["id"].as_str().unwrap();
    let shown = house.get(&owner, &at(id, "")).await.ok();
    assert_eq!(
        [&shown["manner"], &shown["terminal"]["state"]],
        [&json!("tampered"), &json!("lost")]
    );
    let duties = house.get(&owner, &at(id, "/duties")).await.ok();
    assert_eq!(duties["items"][0]["duty"], "keep_as_it_is");
}
