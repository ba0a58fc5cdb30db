//! Opening hours and rosters through the API, and what of them is said around a loss.

use axum::http::Method;
use domain::day::{Day, Local};
use domain::roster::{Roster, Shifts};
use serde_json::{Value, json};

use super::documents::packet;
use super::{Answer, House, OURS, merchant_id, request};
use node::now;

const HOURS: &str = "/api/v1/shops/S01/hours";
const ROSTERS: &str = "/api/v1/shops/S01/rosters";

impl House {
    async fn put(&self, token: &str, path: &str, said: Value) -> Answer {
        self.send(request(Method::PUT, path, token, Some(said))).await
    }
}

fn week(of_day: &Value) -> Value {
    json!({ "week": vec![of_day; 7], "exceptions": [] })
}

#[tokio::test]
async fn a_shop_tells_its_hours_and_hears_what_is_wrong_with_them() {
    let house = House::new().await;
    let (owner, manager) = (house.token("owner").await, house.token("manager").await);
    let untold = house.get(&owner, HOURS).await.ok();
    assert_eq!(
        (&untold["week"], &untold["told_by"], &untold["may_change"]),
        (&Value::Null, &Value::Null, &json!(true))
    );
    let span = |from: i64, to: i64| json!({ "from_min": from, "to_min": to });
    for wrong in [
        json!({ "week": [[]], "exceptions": [] }),
        week(&json!([span(600, 600)])),
        week(&json!([span(1_440, 1_500)])),
        week(&json!([span(0, 1_441)])),
        week(&json!([span(0, 60), span(30, 90)])),
        week(&json!([span(0, 1), span(2, 3), span(4, 5), span(6, 7)])),
    ] {
        house
            .put(&owner, HOURS, wrong)
            .await
            .problem(422, "invalid_field");
    }
    for wrong in [
        json!([{ "date": "2026-02-30", "spans": [] }]),
        json!([{ "date": "2026-10-01", "spans": [] }, { "date": "2026-10-01", "spans": [] }]),
        json!(vec![json!({ "date": "2026-10-01", "spans": [] }); 61]),
    ] {
        let mut said = week(&json!([]));
        said["exceptions"] = wrong;
        house.put(&owner, HOURS, said).await.problem(422, "invalid_field");
    }
    let mut said = week(&json!([span(1_020, 1_560), span(540, 720)]));
    said["exceptions"] = json!([{ "date": "2026-10-01", "spans": [] }]);
    let told = house.put(&manager, HOURS, said).await.ok();
    assert_eq!(
        told["week"][6],
        json!([span(540, 720), span(1_020, 1_560)]),
        "in their order"
    );
    assert_eq!(told["exceptions"], json!([{ "date": "2026-10-01", "spans": [] }]));
    assert!(told["told_by"].is_string() && told["told_at"].is_string());
    let auditor = house.token("auditor").await;
    let seen = house.get(&auditor, HOURS).await.ok();
    assert_eq!(
        (&seen["week"], &seen["may_change"]),
        (&told["week"], &json!(false))
    );
    let events = house.get(&owner, "/api/v1/shops/S01/events").await.ok();
    assert_eq!(events["items"][0]["verb"], "hours_changed");
    let gone = house.put(&owner, HOURS, json!({ "week": null })).await.ok();
    assert_eq!((&gone["week"], &gone["exceptions"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn a_manager_enters_days_and_hears_what_is_wrong_with_them() {
    let house = House::new().await;
    let manager = house.token("manager").await;
    let today = Local::of(now(), 0).day;
    let path = |day: Day| format!("{ROSTERS}/{day}");
    let shift =
        |operator: &str, from: i64, to: i64| json!({ "operator": operator, "from_min": from, "to_min": to });
    for (path, shifts) in [
        (format!("{ROSTERS}/today"), json!([])),
        (path(today.plus(40)), json!([])),
        (path(today), json!([shift("0001", 0, 60)])),
        (path(today), json!([shift("009", 0, 60)])),
        (path(today), json!([shift("001", 0, 2_161)])),
        (path(today), json!([shift("001", 0, 60), shift("001", 59, 90)])),
        (path(today), json!(vec![shift("001", 0, 60); 41])),
    ] {
        let said = json!({ "shifts": shifts });
        house
            .put(&manager, &path, said)
            .await
            .problem(422, "invalid_field");
    }
    let shifts = json!([shift("001", 540, 1_020)]);
    let entered = house
        .put(&manager, &path(today), json!({ "shifts": shifts }))
        .await
        .ok();
    assert_eq!(
        (&entered["date"], &entered["shifts"]),
        (&json!(today.to_string()), &shifts)
    );
    house
        .put(&manager, &path(today.plus(1)), json!({ "shifts": [] }))
        .await
        .ok();
    let listed = house.get(&manager, ROSTERS).await.ok();
    let dates: Vec<&Value> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["date"])
        .collect();
    assert_eq!(
        dates,
        [&json!(today.to_string()), &json!(today.plus(1).to_string())]
    );
    let query = format!("{ROSTERS}?from={}&days=1", today.plus(1));
    let listed = house.get(&manager, &query).await.ok();
    assert_eq!(listed["items"][0]["shifts"], json!([]));
    for wrong in ["?days=32", "?from=tomorrow"] {
        let wrong = house.get(&manager, &format!("{ROSTERS}{wrong}")).await;
        assert!(wrong.status.is_client_error());
    }
    let gone = house
        .put(&manager, &path(today), json!({ "shifts": null }))
        .await
        .ok();
    assert_eq!(gone, Value::Null);
    let listed = house.get(&manager, ROSTERS).await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_was_to_work_stands_beside_each_payment_and_in_the_packet_for_the_police() {
    let house = House::new().await;
    let (owner, id) = house.suspected().await;
    let before = house.suspects(&owner, &id, "").await;
    assert_eq!(before["items"][0]["on_shift"], Value::Null);
    assert_eq!(before["rostered"], json!({ "known": "none", "shifts": [] }));
    let enter = |day: &'static str, shifts: &'static str| {
        let roster = Roster {
            shop_id: "S01".into(),
            day: Day::parse(day).unwrap(),
            merchant_id: merchant_id(OURS),
            shifts: Shifts::read(shifts).unwrap(),
            by: "manager".into(),
            at: now(),
        };
        house
            .node
            .write::<_, store::Error>(move |tx| store::roster::put(tx, &roster))
    };
    enter("2026-09-14", "001 1020-1380").await.unwrap();
    let seen = house.suspects(&owner, &id, "").await;
    assert_eq!(seen["items"][0]["on_shift"], json!(["001"]));
    let shift =
        json!({ "operator": "001", "from": "2026-09-14T09:00:00.000Z", "to": "2026-09-14T15:00:00.000Z" });
    assert_eq!(seen["rostered"], json!({ "known": "some", "shifts": [shift] }));
    enter("2026-09-13", "").await.unwrap();
    let seen = house.suspects(&owner, &id, "").await;
    assert_eq!(seen["rostered"]["known"], "all");
    let packet = packet(&house, &owner, &id, "zh").await;
    assert_eq!(
        packet["data"]["window"]["rostered"],
        json!({ "whole": true, "shifts": [{
            "operator": "001", "from": "2026-09-14 17:00:00 (UTC+08:00)", "to": "2026-09-14 23:00:00 (UTC+08:00)"
        }] })
    );
}
