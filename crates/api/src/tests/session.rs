//! Logging in and out.

use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use super::{Answer, House, PASSWORD, request};

const SESSION: &str = "/api/v1/session";

async fn log_in(house: &House, login: &str, password: &str) -> Answer {
    house
        .post("", SESSION, json!({ "login": login, "password": password }))
        .await
}

fn cookie(answer: &Answer) -> &str {
    answer.headers[header::SET_COOKIE].to_str().unwrap()
}

#[tokio::test]
async fn a_session_lasts_from_log_in_to_log_out() {
    let house = House::new().await;
    let answer = log_in(&house, "manager", PASSWORD).await;
    let attributes = cookie(&answer).split_once(';').unwrap().1.to_owned();
    assert_eq!(attributes, " Path=/; Max-Age=43200; HttpOnly; SameSite=Strict");
    let body = answer.ok();
    let account = json!({
        "login": "manager", "name": "name of manager", "role": "manager",
        "merchant_id": super::OURS, "merchant_name": "我们的店", "shop_id": "S01",
    });
    assert_eq!(body["account"], account);
    let token = body["token"].as_str().unwrap();
    assert_eq!(house.get(token, SESSION).await.ok(), account);
    let out = house.send(request(Method::DELETE, SESSION, token, None)).await;
    assert_eq!(out.status, 204);
    assert!(cookie(&out).starts_with("tillguard_session=; Path=/; Max-Age=0;"));
    house.get(token, SESSION).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn who_sees_all_has_no_merchant() {
    let house = House::new().await;
    let token = house.token("risk").await;
    let account = house.get(&token, SESSION).await.ok();
    assert_eq!(
        [
            &account["merchant_id"],
            &account["merchant_name"],
            &account["shop_id"]
        ],
        [&Value::Null; 3]
    );
}

#[tokio::test]
async fn the_eleventh_wrong_password_is_not_looked_at() {
    let house = House::new().await;
    for _ in 0..10 {
        log_in(&house, "owner", "wrong")
            .await
            .problem(401, "invalid_credentials");
    }
    let answer = log_in(&house, "owner", PASSWORD).await;
    let wait_s: u32 = answer.problem(429, "too_many_attempts").headers[header::RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=900).contains(&wait_s), "{wait_s}");
    log_in(&house, "nobody", PASSWORD)
        .await
        .problem(401, "invalid_credentials");
    log_in(&house, "manager", PASSWORD).await.ok();
}

#[tokio::test]
async fn a_page_of_another_site_cannot_use_the_cookie() {
    let house = House::new().await;
    let token = house.token("owner").await;
    let post = |origin: Option<&str>| {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/terminals/10450001/lock");
        request = request
            .header(header::HOST, "pos.example")
            .header(header::COOKIE, format!("tillguard_session={token}"));
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        request.body(axum::body::Body::empty()).unwrap()
    };
    house
        .send(post(Some("https://evil.example")))
        .await
        .problem(403, "cross_origin");
    house.send(post(Some("null"))).await.problem(403, "cross_origin");
    house.send(post(Some("https://pos.example"))).await.ok();
    house.send(post(None)).await.ok();
}
