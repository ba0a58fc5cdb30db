//! Logging in and out.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, Method, Request, header};
use serde_json::{Value, json};

use crate::auth::device::returned;
use crate::origin::Origin;

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
        "rights": ["report_loss", "follow_loss", "lock_terminal", "keep_operator", "reveal"],
        "custom_role_id": null, "custom_role_name": null, "administers": false,
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
async fn a_person_says_where_to_be_reached_and_nobody_else_hears_of_it() {
    const EMAIL: &str = "/api/v1/session/email";
    let house = House::new().await;
    let token = house.token("manager").await;
    assert_eq!(house.get(&token, EMAIL).await.ok(), json!({ "email": null }));
    let say = |email: Value| {
        let body = json!({ "email": email });
        house.send(request(Method::PUT, EMAIL, &token, Some(body)))
    };
    for wrong in ["manager", "manager@fuji", "a b@fuji.example"] {
        let refused = say(json!(wrong)).await;
        let refused = refused.problem(422, "invalid_field");
        assert_eq!(refused.body["field"], "email", "{wrong}");
    }
    let nothing = house
        .send(request(Method::PUT, EMAIL, &token, Some(json!({}))))
        .await;
    assert_eq!(nothing.problem(422, "invalid_field").body["field"], "email");
    let said = json!({ "email": "manager@fuji.example" });
    assert_eq!(say(json!(" manager@fuji.example ")).await.ok(), said);
    assert_eq!(house.get(&token, EMAIL).await.ok(), said);
    let owner = house.token("owner").await;
    assert_eq!(house.get(&owner, EMAIL).await.ok(), json!({ "email": null }));
    let people = house.get(&owner, "/api/v1/accounts").await.ok();
    assert!(!people.to_string().contains("manager@fuji"), "{people}");
    assert_eq!(say(Value::Null).await.ok(), json!({ "email": null }));
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

/// A log-in from that address, with what the browser kept.
async fn log_in_from(house: &House, last: u8, kept: &HeaderMap, password: &str) -> Answer {
    let body = json!({ "login": "owner", "password": password });
    let mut request = request(Method::POST, SESSION, "", Some(body));
    request.headers_mut().extend(kept.clone());
    let address = IpAddr::from([192, 0, 2, last]);
    request
        .extensions_mut()
        .insert(Origin::new(address, Arc::default()));
    house.send(request).await
}

#[tokio::test]
async fn a_stranger_who_guesses_keeps_nobody_out_but_himself() {
    let (house, nothing) = (House::new().await, HeaderMap::new());
    let kept = returned(&log_in_from(&house, 1, &nothing, PASSWORD).await.headers);
    let session = house.token("owner").await;
    for _ in 0..10 {
        log_in_from(&house, 66, &nothing, "guess")
            .await
            .problem(401, "invalid_credentials");
    }
    log_in_from(&house, 66, &nothing, PASSWORD)
        .await
        .problem(429, "too_many_attempts");
    // The owner, anywhere else, and even beside the stranger on a browser that was used before.
    log_in_from(&house, 2, &nothing, PASSWORD).await.ok();
    let known = log_in_from(&house, 66, &kept, PASSWORD).await.ok();
    // And a session that lasts reports whatever happens to log-ins.
    house.lose(&session, "10450001").await;
    house.lose(known["token"].as_str().unwrap(), "10450002").await;
}

#[tokio::test]
async fn a_known_browser_is_no_way_to_guess_without_end() {
    let (house, nothing) = (House::new().await, HeaderMap::new());
    let first = log_in_from(&house, 1, &nothing, PASSWORD).await;
    let mut cookies = first.headers.get_all(header::SET_COOKIE).iter();
    let device = cookies.nth(1).unwrap().to_str().unwrap();
    let attributes = device.split_once(';').unwrap().1;
    assert_eq!(
        attributes,
        " Path=/api/v1/session; Max-Age=34560000; HttpOnly; SameSite=Strict"
    );
    let kept = returned(&first.headers);
    for _ in 0..10 {
        log_in_from(&house, 1, &kept, "guess")
            .await
            .problem(401, "invalid_credentials");
    }
    log_in_from(&house, 1, &kept, PASSWORD)
        .await
        .problem(429, "too_many_attempts");
    log_in_from(&house, 1, &nothing, PASSWORD).await.ok();
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
