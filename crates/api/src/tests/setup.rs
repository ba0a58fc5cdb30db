//! The first run.

use std::sync::Arc;

use axum::http::{Method, StatusCode, header};
use domain::account::Role;
use domain::right::{Right, Rights};
use serde_json::{Value, json};

use super::{House, request};
use crate::setup::SetUpToken;

const SETUP: &str = "/api/v1/setup";
const PASSWORD: &str = "teapot-in-the-rain";

fn shop(token: &str) -> Value {
    json!({
        "token": token, "mode": "shop", "language": "zh", "time_zone": "Asia/Shanghai", "currency": "CNY",
        "merchant": { "name": "福记小吃" },
        "account": { "login": "li.na", "name": "李娜", "password": PASSWORD, "email": null },
    })
}

fn acquirer(token: &str) -> Value {
    let mut said = shop(token);
    said["mode"] = "acquirer".into();
    said.as_object_mut().unwrap().remove("merchant");
    said
}

/// A house that nobody has set up, and its token.
async fn empty() -> (House, String) {
    let token = SetUpToken::random().unwrap();
    let written = token.to_string();
    (House::empty(token).await, written)
}

#[tokio::test]
async fn a_shop_is_set_up_once_and_its_owner_is_logged_in() {
    let (house, token) = empty().await;
    let answer = house.post("", SETUP, shop(&token)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let cookies: Vec<_> = answer.headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies.len(), 2);
    let body = answer.ok();
    let merchant_id = body["merchant"]["id"].as_str().unwrap();
    let rights: Vec<&str> = Rights::of(Role::Owner).iter().map(Right::code).collect();
    let account = json!({
        "login": "li.na", "name": "李娜", "role": "owner",
        "merchant_id": merchant_id, "merchant_name": "福记小吃", "shop_id": null,
        "rights": rights, "custom_role_id": null, "custom_role_name": null, "administers": true,
    });
    assert_eq!(body["account"], account);
    let session = body["token"].as_str().unwrap();
    assert_eq!(house.get(session, "/api/v1/session").await.ok(), account);
    let settings = house.get(session, "/api/v1/settings").await.ok();
    assert_eq!(settings["mode"], "shop");
    assert_eq!(
        house.get(session, "/api/v1/terminals").await.ok()["items"],
        json!([])
    );
    // Neither again, nor anything about it.
    for said in [shop(&token), acquirer(&token), shop("x"), json!({}), json!([])] {
        house.post("", SETUP, said).await.problem(410, "set_up_already");
    }
    let log_in = json!({ "login": "li.na", "password": PASSWORD });
    house.post("", "/api/v1/session", log_in).await.ok();
    let events = house
        .node
        .read(|tx| {
            let of = |subject, id| store::event::after(tx, subject, id, 0, 9);
            Ok::<_, store::Error>((
                of(domain::event::Subject::Setting, "house")?,
                of(domain::event::Subject::Account, "li.na")?,
            ))
        })
        .await
        .unwrap();
    for event in [&events.0[0], &events.1[0]] {
        assert_eq!((event.verb.as_str(), event.actor.as_str()), ("set_up", "li.na"));
    }
}

#[tokio::test]
async fn an_acquirer_gets_who_administers_and_no_merchant() {
    let (house, token) = empty().await;
    let body = house.post("", SETUP, acquirer(&token)).await.ok();
    assert_eq!(body["merchant"], Value::Null);
    assert_eq!(body["account"]["role"], "risk_officer");
    assert_eq!(body["account"]["merchant_id"], Value::Null);
    assert_eq!(body["account"]["administers"], true);
    let session = body["token"].as_str().unwrap();
    let settings = house.get(session, "/api/v1/settings").await.ok();
    assert_eq!(
        (&settings["mode"], &settings["gate"]),
        (&json!("acquirer"), &json!("off"))
    );
}

#[tokio::test]
async fn nothing_else_is_answered_before_it() {
    let (house, token) = empty().await;
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut asked = 0;
    for (path, methods) in paths.iter().filter(|(path, _)| *path != SETUP) {
        let filled: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "X" } else { part })
            .collect();
        for method in methods.as_object().unwrap().keys() {
            let method = method.to_uppercase().parse().unwrap();
            let asks = request(method, &filled.join("/"), "", Some(json!({})));
            house.send(asks).await.problem(503, "not_set_up");
            asked += 1;
        }
    }
    assert!(asked >= 25, "{asked}");
    for (method, path) in [
        (Method::GET, "/api/openapi.json"),
        (Method::GET, SETUP),
        (Method::DELETE, SETUP),
        (Method::GET, "/api/v1/nowhere"),
        (Method::GET, "/api"),
    ] {
        house
            .send(request(method, path, "", None))
            .await
            .problem(503, "not_set_up");
    }
    for (language, word) in [("zh", "设置"), ("en", "set-up address")] {
        let mut asks = request(Method::GET, "/api/v1/session", "", None);
        asks.headers_mut()
            .insert(header::ACCEPT_LANGUAGE, language.parse().unwrap());
        let answer = house.send(asks).await;
        assert!(answer.body["detail"].as_str().unwrap().contains(word));
    }
    // The pages are shown, for without them nobody could set it up.
    assert_eq!(
        house.send(request(Method::GET, "/setup", "", None)).await.status,
        404
    );
    house.post("", SETUP, shop(&token)).await.ok();
}

#[tokio::test]
async fn a_wrong_field_is_named_and_nothing_was_done() {
    let (house, token) = empty().await;
    let long = "长".repeat(101);
    for (pointer, value, field) in [
        ("/mode", json!("bank"), "mode"),
        ("/language", json!("de"), "language"),
        ("/time_zone", json!("Beijing"), "time_zone"),
        ("/time_zone", json!("+08:00"), "time_zone"),
        ("/currency", json!("RMB"), "currency"),
        ("/currency", json!("156"), "currency"),
        ("/merchant", json!(null), "merchant"),
        ("/merchant/name", json!("  "), "merchant.name"),
        ("/merchant/name", json!(long), "merchant.name"),
        ("/merchant", json!({}), "merchant.name"),
        ("/account/login", json!(""), "account.login"),
        ("/account/login", json!("two words"), "account.login"),
        ("/account/name", json!(""), "account.name"),
        ("/account/email", json!("li.na"), "account.email"),
        ("/account/password", json!("short"), "account.password"),
        ("/account/password", json!("password1"), "account.password"),
        ("/account/password", json!("x".repeat(129)), "account.password"),
        (
            "/account",
            json!({ "login": "a1", "name": "A" }),
            "account.password",
        ),
        ("/account/more", json!(1), "account.more"),
        ("/more", json!(1), "more"),
    ] {
        let mut said = shop(&token);
        match said.pointer_mut(pointer) {
            Some(place) => *place = value.clone(),
            None => said[pointer.split('/').nth(1).unwrap()] = value.clone(),
        }
        if pointer == "/account/more" {
            said = shop(&token);
            said["account"]["more"] = json!(1);
        }
        let answer = house.post("", SETUP, said).await;
        answer.problem(422, "invalid_field");
        assert_eq!(answer.body["field"], field, "{pointer} {value}");
    }
    let mut said = acquirer(&token);
    said["merchant"] = json!({ "name": "福记小吃" });
    let answer = house.post("", SETUP, said).await;
    assert_eq!(answer.problem(422, "invalid_field").body["field"], "merchant");
    house.get("", "/api/v1/session").await.problem(503, "not_set_up");
    house.post("", SETUP, shop(&token)).await.ok();
}

#[tokio::test]
async fn a_zone_is_kept_by_its_own_name() {
    let (house, token) = empty().await;
    let mut said = shop(&token);
    said["time_zone"] = "asia/shanghai".into();
    let body = house.post("", SETUP, said).await.ok();
    let settings = house
        .get(body["token"].as_str().unwrap(), "/api/v1/settings")
        .await;
    assert_eq!(settings.ok()["time_zone"], "Asia/Shanghai");
}

#[tokio::test]
async fn guesses_are_slowed_down_and_never_keep_the_owner_out() {
    let (house, token) = empty().await;
    let other = SetUpToken::random().unwrap().to_string();
    let from = async |last: u8, guess: &str| house.post_from([192, 0, 2, last], SETUP, shop(guess)).await;
    for guess in ["", "x", &other].iter().cycle().take(50) {
        from(66, guess).await.problem(403, "wrong_set_up_token");
    }
    let answer = from(66, &other).await;
    assert!(
        answer
            .problem(429, "too_many_attempts")
            .headers
            .contains_key(header::RETRY_AFTER)
    );
    // Nor do they slow down who guesses, or mistypes, elsewhere: however many there are.
    for address in 100..220 {
        from(address, &other).await.problem(403, "wrong_set_up_token");
    }
    from(66, &token).await.ok();
}

#[tokio::test]
async fn of_many_at_once_one_is_the_first() {
    let (house, token) = empty().await;
    let house = Arc::new(house);
    let tries = (0..8).map(|number| {
        let (house, mut said) = (house.clone(), shop(&token));
        said["account"]["login"] = format!("owner{number}").into();
        tokio::spawn(async move { house.post("", SETUP, said).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 410, 410, 410, 410, 410, 410, 410]);
    let accounts = house
        .node
        .read(|tx| store::account::list(tx, "", 9))
        .await
        .unwrap();
    assert_eq!(accounts.len(), 1);
}

#[tokio::test]
async fn the_page_with_the_token_tells_nobody_where_it_came_from() {
    let (house, token) = empty().await;
    let page = house
        .send(request(Method::GET, &format!("/setup?token={token}"), "", None))
        .await;
    assert_eq!(page.headers[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    let other = house.send(request(Method::GET, "/login", "", None)).await;
    assert_eq!(other.headers[header::REFERRER_POLICY], "same-origin");
}
