//! Logging in and out.

use std::net::IpAddr;
use std::sync::Arc;

use argon2::password_hash::PasswordHasher;
use axum::http::{HeaderMap, Method, header};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::auth::device::returned;
use crate::auth::{Attempt, Attempts, Guess};
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
        "rights": ["report_loss", "follow_loss", "lock_terminal", "keep_operator"],
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
    let at_first = json!({ "email": null, "duty_mails": "at_once" });
    assert_eq!(house.get(&token, EMAIL).await.ok(), at_first);
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
    let daily = json!({ "email": null, "duty_mails": "daily" });
    let chosen = house
        .send(request(Method::PUT, EMAIL, &token, Some(daily.clone())))
        .await;
    assert_eq!(chosen.ok(), daily);
    // What is left out stays.
    let said = json!({ "email": "manager@fuji.example", "duty_mails": "daily" });
    assert_eq!(say(json!(" manager@fuji.example ")).await.ok(), said);
    assert_eq!(house.get(&token, EMAIL).await.ok(), said);
    let owner = house.token("owner").await;
    assert_eq!(house.get(&owner, EMAIL).await.ok(), at_first);
    let people = house.get(&owner, "/api/v1/accounts").await.ok();
    assert!(!people.to_string().contains("manager@fuji"), "{people}");
    let nowhere = json!({ "email": null, "duty_mails": "daily" });
    assert_eq!(say(Value::Null).await.ok(), nowhere);
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
    let post = |more: &[(&'static str, &str)]| {
        let mut request = request(Method::POST, "/api/v1/terminals/10450001/lock", "", None);
        let cookie = format!("tillguard_session={token}");
        request
            .headers_mut()
            .insert(header::COOKIE, cookie.parse().unwrap());
        for (name, value) in more {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        request
    };
    let page = ("x-tillguard", "1");
    let own = ("origin", "https://pos.example");
    for refused in [
        &[page, ("origin", "https://evil.example")][..],
        &[page, ("origin", "null")],
        &[page, own, ("sec-fetch-site", "cross-site")],
        // A page at another port of the same host.
        &[
            page,
            ("origin", "https://pos.example:8443"),
            ("sec-fetch-site", "same-site"),
        ],
        // Nobody says that a page of ours asks.
        &[own],
        &[("sec-fetch-site", "same-origin")],
        &[page],
        &[],
    ] {
        house.send(post(refused)).await.problem(403, "cross_origin");
    }
    house.send(post(&[page, own])).await.ok();
    house
        .send(post(&[page, ("sec-fetch-site", "same-origin")]))
        .await
        .ok();
}

#[tokio::test]
async fn a_report_of_a_page_that_was_open_before_gets_through() {
    let house = House::new().await;
    let token = house.token("owner").await;
    let report = |origin: &str| {
        let body = json!({ "terminal_id": "10450001" });
        let mut request = request(Method::POST, "/api/v1/incidents", "", Some(body));
        let cookie = format!("tillguard_session={token}");
        request
            .headers_mut()
            .insert(header::COOKIE, cookie.parse().unwrap());
        request
            .headers_mut()
            .insert(header::ORIGIN, origin.parse().unwrap());
        request
    };
    house
        .send(report("https://evil.example"))
        .await
        .problem(403, "cross_origin");
    house.send(report("https://pos.example")).await.ok();
}

#[tokio::test]
async fn one_sees_and_ends_the_own_sessions_and_no_others() {
    let house = House::new().await;
    let (stranger, nothing) = (house.token("stranger").await, HeaderMap::new());
    let mut tokens = Vec::new();
    for last in [1, 2, 3] {
        let body = log_in_from(&house, last, &nothing, PASSWORD).await.ok();
        tokens.push(body["token"].as_str().unwrap().to_owned());
    }
    let list = |token: &str| {
        let token = token.to_owned();
        let house = &house;
        async move {
            house.get(&token, "/api/v1/sessions").await.ok()["items"]
                .as_array()
                .unwrap()
                .clone()
        }
    };
    let all = list(&tokens[0]).await;
    let addresses: Vec<_> = all.iter().map(|one| one["address"].as_str().unwrap()).collect();
    assert_eq!(addresses.len(), 3);
    assert!(addresses.contains(&"192.0.2.2"), "{addresses:?}");
    let own: Vec<_> = all.iter().filter(|one| one["is_this"] == true).collect();
    assert_eq!((own.len(), own[0]["address"].as_str()), (1, Some("192.0.2.1")));
    let of = |last: u8| {
        let one = all.iter().find(|one| one["address"] == format!("192.0.2.{last}"));
        format!("/api/v1/sessions/{}", one.unwrap()["id"].as_str().unwrap())
    };
    let end = |token: &str, path: String| house.send(request(Method::DELETE, &path, token, None));
    end(&stranger, of(2)).await.problem(404, "session_not_found");
    assert_eq!(end(&tokens[0], of(2)).await.status, 204);
    end(&tokens[0], of(2)).await.problem(404, "session_not_found");
    house
        .get(&tokens[1], SESSION)
        .await
        .problem(401, "unauthenticated");
    house.get(&tokens[2], SESSION).await.ok();
    let others = house
        .post(&tokens[0], "/api/v1/sessions/end-others", json!({}))
        .await;
    assert_eq!(others.status, 204);
    house
        .get(&tokens[2], SESSION)
        .await
        .problem(401, "unauthenticated");
    assert_eq!(list(&tokens[0]).await.len(), 1);
    house.get(&stranger, SESSION).await.ok();
}

#[tokio::test]
async fn another_password_needs_the_one_until_now_and_ends_every_other_session() {
    const OWN: &str = "/api/v1/session/password";
    let house = House::new().await;
    let (here, there) = (house.token("auditor").await, house.token("auditor").await);
    let change = |current: &str, new: &str| {
        let body = json!({ "current": current, "new": new });
        house.send(request(Method::PUT, OWN, &here, Some(body)))
    };
    change("guess", "teapot-in-the-rain")
        .await
        .problem(403, "wrong_proof");
    let refused = change(PASSWORD, "password").await;
    assert_eq!(refused.problem(422, "invalid_field").body["field"], "new");
    house.get(&there, SESSION).await.ok();
    assert_eq!(change(PASSWORD, "teapot-in-the-rain").await.status, 204);
    house.get(&there, SESSION).await.problem(401, "unauthenticated");
    house.get(&here, SESSION).await.ok();
    log_in(&house, "auditor", PASSWORD)
        .await
        .problem(401, "invalid_credentials");
    log_in(&house, "auditor", "teapot-in-the-rain").await.ok();
}

#[tokio::test]
async fn what_was_guessed_on_one_node_counts_on_another_and_after_a_start_anew() {
    let house = House::new().await;
    let node = || Attempts::new(house.node.sealer.clone());
    let (here, there, anew) = (node(), node(), Arc::new(node()));
    let guess = Attempt {
        guess: Guess::Password,
        login: Some("owner".into()),
        network: Some(IpAddr::from([192, 0, 2, 66])),
        device: None,
    };
    while here.start(&guess).is_ok() {}
    here.tell(&house.node).await;
    assert!(there.start(&guess).is_ok(), "it has heard of nothing yet");
    there.tell(&house.node).await;
    assert!(there.start(&guess).is_err());
    let (_stop, stopping) = watch::channel(true);
    anew.clone().run(house.node.clone(), stopping).await;
    assert!(anew.start(&guess).is_err(), "it heard when it began");
    // The owner, there, has mistyped once more: all of it is forgiven.
    there.succeeded(&guess);
    there.tell(&house.node).await;
    assert!(there.start(&guess).is_ok());
}

#[tokio::test]
async fn many_right_log_ins_at_once_are_not_refused() {
    let house = House::new().await;
    // As many as one address may have waiting; a ninth would be a crowd, not a person.
    let all = (0..8).map(|_| log_in(&house, "owner", PASSWORD));
    let all: Vec<_> = all.map(Box::pin).collect();
    let mut answered = 0;
    for one in futures(all).await {
        one.ok();
        answered += 1;
    }
    assert_eq!(answered, 8);
}

/// Waits for all, at once.
async fn futures<F: Future + Unpin>(mut all: Vec<F>) -> Vec<F::Output> {
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        all.retain_mut(|one| match std::pin::Pin::new(one).poll(context) {
            std::task::Poll::Ready(output) => {
                done.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        match all.is_empty() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    done
}

#[tokio::test]
async fn a_password_whose_hash_is_outdated_gets_another_at_the_next_log_in() {
    // 8 MiB and one pass.
    const OLDER: &str = "$argon2id$v=19$m=8192,t=1,p=1$";
    let house = House::new().await;
    let older = argon2::Params::new(8 * 1024, 1, 1, None).unwrap();
    let older = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, older);
    let hash = older.hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16]);
    let hash = hash.unwrap().to_string();
    assert!(hash.starts_with(OLDER));
    let set = move |tx: &store::Tx<'_>| store::account::set_password(tx, "owner", &hash);
    house.node.write(set).await.unwrap();
    let kept = || house.node.read(|tx| store::account::usable(tx, "owner"));
    log_in(&house, "owner", "wrong")
        .await
        .problem(401, "invalid_credentials");
    assert!(kept().await.unwrap().unwrap().1.starts_with(OLDER));
    log_in(&house, "owner", PASSWORD).await.ok();
    assert!(!app::password::is_outdated(&kept().await.unwrap().unwrap().1));
    log_in(&house, "owner", PASSWORD).await.ok();
}
