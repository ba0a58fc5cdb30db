//! Models: trained on marks, signed off by another, a second opinion beside the score, and compared with newer payments.

use axum::http::{HeaderValue, Method, header};
use domain::account::Role;
use serde_json::{Value, json};

use super::{House, request};

const MODELS: &str = "/api/v1/screening/models";

/// A bill of WeChat Pay: forty sales in the hours before, and refunds of which nobody knows a sale.
fn bill() -> Vec<u8> {
    let heads =
        "交易时间,微信订单号,商户订单号,设备号,交易状态,订单金额,微信退款单号,申请退款金额,退款状态\n";
    let sales = (0..40).map(|nth| {
        let (hour, minute) = (10 + nth / 6, nth % 6 * 10);
        format!(
            "2026-09-14 {hour}:{minute:02}:00,42{nth:02},SH{nth},10450001,SUCCESS,{}.00,0,0.00,\n",
            20 + nth % 7
        )
    });
    let back = (0..25).map(|nth| {
        format!(
            "2026-09-14 20:{:02}:00,43{nth:02},TH{nth},10450001,REFUND,{}.00,50{nth:02},{0}.00,SUCCESS\n",
            nth + 30,
            3_000 + nth
        )
    });
    (heads.to_owned() + &sales.collect::<String>() + &back.collect::<String>()).into_bytes()
}

async fn step(house: &House, token: &str, seen: &Value, step: &str) -> Value {
    let path = format!("{MODELS}/{}{step}", seen["id"].as_str().unwrap());
    house
        .post(token, &path, json!({ "sha256": seen["sha256"] }))
        .await
        .ok()
}

#[tokio::test]
async fn a_model_is_trained_on_marks_signed_off_and_heard_beside_the_score() {
    let house = House::new().await;
    house.officer("risk2", Role::RiskOfficer).await;
    let (owner, risk, risk2) = (
        house.token("owner").await,
        house.token("risk").await,
        house.token("risk2").await,
    );
    house
        .post(&owner, MODELS, json!({}))
        .await
        .problem(403, "not_allowed");
    let few = house.post(&risk, MODELS, json!({})).await;
    few.problem(409, "too_few_marks");
    assert!(
        few.body["detail"]
            .as_str()
            .unwrap()
            .starts_with("People called 0 payments")
    );

    house.keeps(&owner, ("b.csv", &bill())).await.ok();
    let id = house
        .loses_on_the_day(&owner, "10450001", ("20:25:00", "21:00:00"))
        .await;
    let all = house.suspects(&owner, &id, "?limit=200").await;
    let of = |kind: &str| -> Vec<Value> {
        let items = all["items"].as_array().unwrap().iter();
        let of_kind = items.filter(|it| it["kind"] == kind);
        of_kind.map(|it| it["id"].clone()).collect()
    };
    let (sales, refunds) = (of("sale"), of("refund"));
    assert_eq!((sales.len(), refunds.len()), (40, 25), "{}", all["items"]);
    for (items, mark) in [(&sales, "genuine"), (&refunds, "fraudulent")] {
        let said = json!({ "incident_id": id, "items": items, "mark": mark });
        house.post(&owner, "/api/v1/marks", said).await.ok();
    }
    let draft = house.post(&risk, MODELS, json!({})).await.ok();
    let card = &draft["card"];
    assert_eq!(
        (&card["payments"], &card["fraudulent"], &card["currency"]),
        (&json!(65), &json!(25), &json!("CNY"))
    );
    assert_eq!(card["features"].as_array().unwrap().len(), 12);
    assert_eq!(card["features"][0]["feature"], "amount");
    let item = |all: &Value, id: &Value| {
        let items = all["items"].as_array().unwrap().iter();
        items.clone().find(|it| it["id"] == *id).unwrap().clone()
    };
    let before = house.suspects(&owner, &id, "?limit=200").await;
    assert_eq!(item(&before, &refunds[3])["model"], Value::Null);
    step(&house, &risk, &draft, "/propose").await;
    let used = step(&house, &risk2, &draft, "/sign-off").await;
    assert_eq!(used["state"], "in_use");

    let after = house.suspects(&owner, &id, "?limit=200").await;
    let (thief, shop) = (item(&after, &refunds[3]), item(&after, &sales[3]));
    assert_eq!(
        thief["score"],
        item(&before, &refunds[3])["score"],
        "no score changes"
    );
    assert!(
        thief["model"]["score"].as_u64().unwrap() > 900,
        "{}",
        thief["model"]
    );
    assert!(
        shop["model"]["score"].as_u64().unwrap() < 100,
        "{}",
        shop["model"]
    );
    assert!(
        thief["model"]["parts"][0]["text"]
            .as_str()
            .unwrap()
            .starts_with("Amount "),
        "{}",
        thief["model"]
    );
    let path = format!("{MODELS}/{}/compare", draft["id"].as_str().unwrap());
    let moved = house.post(&risk, &path, json!({})).await.ok();
    assert_eq!(
        (&moved["payments"], &moved["is_cut"]),
        (&json!(65), &json!(false))
    );
    assert_eq!(
        moved["features"][0]["level"], "unknown",
        "of so few nothing is said"
    );
    let running = house.state.back_tests.take("").unwrap();
    for (path, said) in [(path.as_str(), json!({})), (MODELS, json!({}))] {
        house
            .post(&risk, path, said)
            .await
            .problem(429, "back_test_running");
    }
    drop(running);
    // Back to it, as a version of its own, with the card in the reader's language.
    let back = house
        .post(&risk, MODELS, json!({ "from": draft["id"] }))
        .await
        .ok();
    assert_eq!((&back["version"], &back["sha256"]), (&json!(2), &draft["sha256"]));
    let mut asked = request(
        Method::GET,
        &format!("{MODELS}/{}", back["id"].as_str().unwrap()),
        &risk,
        None,
    );
    let headers = asked.headers_mut();
    headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("zh-CN"));
    let chinese = house.send(asked).await.ok();
    assert_eq!(chinese["card"]["features"][0]["title"], "金额");
    house
        .post(&risk, MODELS, json!({ "from": "ABCDEFGH" }))
        .await
        .problem(422, "invalid_field");
}
