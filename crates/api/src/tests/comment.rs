//! Comments and people who are asked: as they travel.

use serde_json::json;

use super::House;

#[tokio::test]
async fn what_is_said_stands_on_the_time_line_and_who_is_asked_hears_of_it() {
    let house = House::new().await;
    let (owner, manager) = (house.token("owner").await, house.token("manager").await);
    let id = house.lose(&owner, "10450001").await;
    let of = |rest: &str| format!("/api/v1/incidents/{id}/{rest}");
    let people = house.get(&owner, &of("mentionable")).await.ok();
    assert_eq!(
        people,
        json!({ "items": [{ "id": "manager", "name": "name of manager" }] })
    );
    let said = json!({ "text": "监控在旧硬盘里\n谁去取？", "mentions": ["manager"] });
    let item = house.post(&owner, &of("comments"), said.clone()).await;
    assert_eq!(item.status, 201);
    assert_eq!(
        [&item.body["kind"], &item.body["text"], &item.body["by"]],
        [&json!("commented"), &said["text"], &json!("name of owner")]
    );
    let asked = house.get(&manager, "/api/v1/mentions").await.ok();
    assert_eq!(
        [&asked["items"][0]["incident_id"], &asked["items"][0]["by"]],
        [&json!(id), &json!("name of owner")]
    );
    let left = house.post(&manager, &of("mentions/seen"), json!({})).await.ok();
    assert_eq!(left, json!({ "items": [] }));
    for (said, field) in [
        (json!({ "text": " " }), "text"),
        (json!({ "text": "长".repeat(4_001) }), "text"),
        (json!({ "text": "a", "mentions": ["stranger"] }), "mentions"),
        (
            json!({ "text": "a", "mentions": vec!["manager"; 11] }),
            "mentions",
        ),
    ] {
        let refused = house.post(&owner, &of("comments"), said).await;
        refused.problem(422, "invalid_field");
        assert_eq!(refused.body["field"], field);
    }
    let longest = json!({ "text": "长".repeat(4_000) });
    assert_eq!(house.post(&owner, &of("comments"), longest).await.status, 201);
    let stranger = house.token("stranger").await;
    house
        .post(&stranger, &of("comments"), said)
        .await
        .problem(404, "incident_not_found");
    house
        .get(&stranger, &of("mentionable"))
        .await
        .problem(404, "incident_not_found");
}
