//! The house's own rules: written and checked, tried on what is past, signed off by another, and heard among the suspects.

use axum::http::{HeaderValue, Method, header};
use domain::account::Role;
use serde_json::{Value, json};

use super::{Answer, House, request};

const RULES: &str = "/api/v1/screening/rules";

fn rule(code: &str, when: &str, stage: &str) -> Value {
    json!({
        "code": code, "text_zh": "大额退款", "text_en": "A large refund", "when": when, "points": 400, "stage": stage
    })
}

fn at(it: &Value, rest: &str) -> String {
    format!("{RULES}/{}{rest}", it["id"].as_str().unwrap())
}

async fn write(house: &House, token: &str, seen: &Value, rules: Value) -> Answer {
    let said = json!({ "sha256": seen["sha256"], "rules": rules });
    let request = request(Method::PUT, &at(seen, ""), token, Some(said));
    house.send(request).await
}

async fn step(house: &House, token: &str, seen: &Value, step: &str) -> Answer {
    let said = json!({ "sha256": seen["sha256"] });
    house.post(token, &at(seen, step), said).await
}

/// A set in use.
async fn used(house: &House, risk: &str, risk2: &str, rules: Value) -> Value {
    let draft = house.post(risk, RULES, json!({})).await.ok();
    let seen = write(house, risk, &draft, rules).await.ok();
    step(house, risk, &seen, "/propose").await.ok();
    step(house, risk2, &seen, "/sign-off").await.ok()
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_is_said_with_its_place_and_is_not_kept() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    for (path, said) in [
        (RULES.to_owned(), json!({})),
        (format!("{RULES}/check"), json!({ "rules": [] })),
        (format!("{RULES}/back-test"), json!({ "rules": [] })),
    ] {
        house.post(&owner, &path, said).await.problem(403, "not_allowed");
    }
    let all = house.get(&owner, RULES).await.ok();
    assert_eq!((&all["writes"], &all["revisions"]), (&json!(false), &json!([])));
    let variable = |name: &str| {
        let all = all["variables"].as_array().unwrap().iter();
        all.clone().find(|it| it["variable"] == name).unwrap().clone()
    };
    assert_eq!(variable("is_linked")["kind"], "bool");

    let wrong = json!([
        rule("large", "amount_minor > 300000", "live"),
        rule("large", "hour > 22", "off"),
        rule("late", "hour > 22 && hours < 6", "shadow"),
    ]);
    let mut asked = request(
        Method::POST,
        &format!("{RULES}/check"),
        &risk,
        Some(json!({ "rules": wrong })),
    );
    let headers = asked.headers_mut();
    headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("zh-CN"));
    let checked = house.send(asked).await.ok();
    assert_eq!(
        checked["wrong"],
        json!([
            { "rule": 1, "field": "code", "at": null, "text": "名称用小写字母、数字和 _，以字母开头，最多 40 个字符，不能重复" },
            { "rule": 2, "field": "when", "at": 13, "text": "第 14 个字符：没有名为 hours 的变量" },
        ])
    );
    let draft = house.post(&risk, RULES, json!({})).await.ok();
    assert_eq!((&draft["version"], &draft["rules"]), (&json!(1), &json!([])));
    let refused = write(&house, &risk, &draft, wrong).await;
    refused.problem(422, "rules_wrong");
    assert!(
        refused.body["detail"].as_str().unwrap().starts_with("Rule 2: "),
        "{}",
        refused.body
    );
    let many: Vec<Value> = (0..201)
        .map(|nth| rule(&format!("r{nth}"), "hour > 1", "off"))
        .collect();
    let long = "x".repeat(190);
    let heavy: Vec<Value> = (0..100)
        .map(|nth| {
            let mut rule = rule(&format!("r{nth}"), "hour > 1", "off");
            (rule["text_zh"], rule["text_en"]) = (json!(long), json!(long));
            rule
        })
        .collect();
    for rules in [many, heavy] {
        let refused = write(&house, &risk, &draft, json!(rules)).await;
        refused.problem(422, "invalid_field");
        assert_eq!(refused.body["field"], "rules");
    }
    let kept = house.get(&risk, &at(&draft, "")).await.ok();
    assert_eq!(kept["rules"], json!([]), "nothing of it was kept");
    house
        .post(&risk, RULES, json!({ "from": "ABCDEFGH" }))
        .await
        .problem(422, "invalid_field");
}

#[tokio::test]
async fn a_rule_that_is_live_is_a_reason_and_one_in_shadow_a_count_for_who_keeps_it() {
    let house = House::new().await;
    house.officer("risk2", Role::RiskOfficer).await;
    let (risk, risk2) = (house.token("risk").await, house.token("risk2").await);
    let (owner, id) = house.suspected().await;
    let before = house.suspects(&owner, &id, "").await;
    let rules = |stage: &str| {
        json!([
            rule(
                "large_refund",
                "kind == 'refund' && amount_minor >= 300000",
                stage
            ),
            rule("closed", "is_out_of_hours", stage),
        ])
    };
    let first = used(&house, &risk, &risk2, rules("shadow")).await;
    assert_eq!(first["state"], "in_use");
    let all = house.suspects(&owner, &id, "").await;
    assert_eq!((&all["items"], &all["shadow"]), (&before["items"], &json!([])));
    let kept = house.suspects(&risk, &id, "").await;
    assert_eq!(kept["items"][0]["score"], before["items"][0]["score"]);
    assert_eq!(
        kept["shadow"],
        json!([
            { "rule": "large_refund", "text": "A large refund", "would_have_marked": 1, "not_known": 0, "failed": 0 },
            { "rule": "closed", "text": "A large refund", "would_have_marked": 0, "not_known": 21, "failed": 0 },
        ])
    );

    used(&house, &risk, &risk2, rules("live")).await;
    let all = house.suspects(&owner, &id, "").await;
    assert!(all["items"][0]["score"].as_u64() > before["items"][0]["score"].as_u64());
    let reasons = all["items"][0]["reasons"].as_array().unwrap();
    assert!(
        reasons.contains(&json!({
            "code": "rule", "title": "A large refund", "text": "A large refund",
            "points": 400, "rule": "large_refund"
        })),
        "{reasons:?}"
    );
    let points: Vec<u64> = reasons.iter().map(|it| it["points"].as_u64().unwrap()).collect();
    assert!(points.is_sorted_by(|one, other| one >= other), "{points:?}");
    let unseen = all["not_asked"].as_array().unwrap();
    assert!(
        unseen.contains(&json!({
            "code": "rule", "text": "Rule “A large refund”: nobody knows is_out_of_hours (whether the shop was closed)", "count": 21
        })),
        "{unseen:?}"
    );
    // Back to the first one, by two people again.
    let back = house
        .post(&risk, RULES, json!({ "from": first["id"] }))
        .await
        .ok();
    assert_eq!((&back["version"], &back["rules"]), (&json!(3), &rules("shadow")));
    let back = step(&house, &risk, &back, "/propose").await.ok();
    step(&house, &risk, &back, "/sign-off")
        .await
        .problem(403, "second_person_required");
    step(&house, &risk2, &back, "/sign-off").await.ok();
    assert_eq!(house.suspects(&owner, &id, "").await["items"], before["items"]);
    let listed = house.get(&risk, RULES).await.ok();
    let states: Vec<&Value> = listed["revisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["state"])
        .collect();
    assert_eq!(states, ["in_use", "replaced", "replaced"]);
}

#[tokio::test]
async fn a_back_test_says_what_rules_would_have_marked_and_a_second_one_waits() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    let (owner, id) = house.suspected().await;
    let all = house.suspects(&owner, &id, "").await;
    let first = all["items"][0]["id"].as_str().unwrap();
    let mark = json!({ "incident_id": id, "items": [first], "mark": "fraudulent" });
    house.post(&owner, "/api/v1/marks", mark).await.ok();
    let path = format!("{RULES}/back-test");
    let said = json!({ "days": 90, "rules": [
        rule("large_refund", "kind == 'refund' && amount_minor >= 300000", "off"),
        rule("share", "100 / (amount_minor - amount_minor) > 1", "off"),
        rule("closed", "is_out_of_hours", "live"),
    ] });
    let test = house.post(&risk, &path, said.clone()).await.ok();
    assert_eq!(
        (
            &test["payments"],
            &test["marked"],
            &test["fraudulent"],
            &test["genuine"],
            &test["cut"]
        ),
        (&json!(21), &json!(1), &json!(1), &json!(0), &json!([]))
    );
    let of = |at: usize| &test["rules"][at];
    assert_eq!(
        (&of(0)["marked"], &of(0)["fraudulent"], &of(0)["genuine"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert_eq!(
        of(0)["days"],
        json!([{ "day": "2026-09-14", "marked": 1, "not_known": 0, "failed": 0 }])
    );
    assert_eq!(of(0)["examples"][0]["id"], first);
    assert_eq!(of(0)["examples"][0]["amount"]["minor"], 480_000);
    assert_eq!(of(1)["failed"], 21);
    assert_eq!(
        of(2)["missing"],
        json!([{ "variable": "is_out_of_hours", "count": 21 }])
    );
    for days in [0, 91] {
        let wrong = json!({ "days": days, "rules": [] });
        let refused = house.post(&risk, &path, wrong).await;
        refused.problem(422, "invalid_field");
        assert_eq!(refused.body["field"], "days");
    }
    let running = house.state.back_tests.take("").unwrap();
    house
        .post(&risk, &path, said.clone())
        .await
        .problem(429, "back_test_running");
    drop(running);
    house.post(&risk, &path, said).await.ok();
}
