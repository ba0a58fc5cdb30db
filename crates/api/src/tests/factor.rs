//! Second factors: enrolled, asked for at the log-in, and proved anew. Passkeys are in the browser's tests, where there are some.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::{HeaderMap, Method, StatusCode, header};
use domain::Timestamp;
use serde_json::{Value, json};

use super::{Answer, House, PASSWORD, request};
use crate::auth::device::returned;
use crate::origin::Origin;

const SESSION: &str = "/api/v1/session";
const FINISH: &str = "/api/v1/session/factor";
const PROOF: &str = "/api/v1/session/proof";

async fn log_in(house: &House, login: &str) -> Answer {
    house
        .post("", SESSION, json!({ "login": login, "password": PASSWORD }))
        .await
}

/// The secret of an authenticator, and its codes.
struct Authenticator(Vec<u8>);

impl Authenticator {
    fn of(base32: &str) -> Self {
        const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let bits = base32.chars().flat_map(|digit| {
            let value = DIGITS.find(digit).unwrap();
            (0..5).rev().map(move |bit| (value >> bit & 1) as u8)
        });
        let bits: Vec<u8> = bits.collect();
        let bytes = bits
            .chunks_exact(8)
            .map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | bit));
        Self(bytes.collect())
    }

    /// The code of so many steps from now.
    fn code(&self, now: Timestamp, steps: i64) -> String {
        app::totp::code(&self.0, now.0 / 30_000 + steps)
    }
}

/// Enrols an authenticator: its codes, and the recovery codes.
async fn enrol(house: &House, token: &str, now: Timestamp) -> (Authenticator, Vec<String>) {
    let begun = house.post(token, "/api/v1/factors/totp", json!({})).await.ok();
    let authenticator = Authenticator::of(begun["secret"].as_str().unwrap());
    assert_eq!(authenticator.0.len(), app::totp::SECRET_BYTES);
    let code = authenticator.code(now, 0);
    let body = json!({ "code": code, "name": "电话" });
    let done = house.post(token, "/api/v1/factors/totp/confirm", body).await;
    assert_eq!(done.status, StatusCode::CREATED, "{}", done.body);
    let codes = done.body["recovery_codes"].as_array().unwrap();
    let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
    (authenticator, codes.collect())
}

async fn finish(house: &House, half: &Value, shown: (&str, &str)) -> Answer {
    let body = json!({ "factor_token": half["factor_token"], (shown.0): shown.1 });
    house.post("", FINISH, body).await
}

/// A clock of one test's own.
macro_rules! clock {
    () => {{
        static NOW_MS: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(1_790_000_000_000);
        fn now() -> domain::Timestamp {
            domain::Timestamp(NOW_MS.load(std::sync::atomic::Ordering::Relaxed))
        }
        (now as fn() -> domain::Timestamp, &NOW_MS)
    }};
}
pub(super) use clock;

#[tokio::test]
async fn a_log_in_is_half_done_until_the_second_factor_was_shown() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let token = log_in(&house, "owner").await.ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = log_in(&house, "owner").await.ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let (authenticator, codes) = enrol(&house, &token, now()).await;
    assert_eq!(codes.len(), 10);
    house.get(&other, SESSION).await.problem(401, "unauthenticated");
    house.get(&token, SESSION).await.ok();

    let half = log_in(&house, "owner").await;
    assert_eq!(half.status, StatusCode::ACCEPTED);
    assert!(
        half.headers.get(header::SET_COOKIE).is_none(),
        "nothing opens anything yet"
    );
    let half = half.body;
    assert_eq!(half["ways"], json!(["code", "recovery_code"]));
    let half_token = half["factor_token"].as_str().unwrap();
    house
        .get(half_token, SESSION)
        .await
        .problem(401, "unauthenticated");
    // The code of the enrolment was shown already, and what is wrong is wrong.
    let shown = authenticator.code(now(), 0);
    finish(&house, &half, ("code", &shown))
        .await
        .problem(403, "wrong_proof");
    finish(&house, &half, ("recovery_code", "0000-0000-0000-0000-0000-0000"))
        .await
        .problem(403, "wrong_proof");
    now_ms.fetch_add(30_000, Ordering::Relaxed);
    let code = authenticator.code(now(), 0);
    let done = finish(&house, &half, ("code", &code)).await.ok();
    house.get(done["token"].as_str().unwrap(), SESSION).await.ok();
    finish(&house, &half, ("code", &code))
        .await
        .problem(410, "log_in_over");
    // Nor does the same code open another log-in.
    let half = log_in(&house, "owner").await.body;
    finish(&house, &half, ("code", &code))
        .await
        .problem(403, "wrong_proof");
    // A recovery code does, once; and who it is of reads so.
    let recovery = ("recovery_code", codes[3].to_lowercase());
    let done = finish(&house, &half, (recovery.0, &recovery.1)).await.ok();
    let token = done["token"].as_str().unwrap();
    let half = log_in(&house, "owner").await.body;
    finish(&house, &half, (recovery.0, &recovery.1))
        .await
        .problem(403, "wrong_proof");
    let factors = house.get(token, "/api/v1/factors").await.ok();
    assert_eq!(factors["recovery_codes_left"], 9);
    assert!(factors["recovery_code_used_at"].is_string(), "the page says so");
    assert_eq!(
        (&factors["items"][0]["kind"], &factors["items"][0]["name"]),
        (&json!("totp"), &json!("电话"))
    );
    let events = house.get(token, "/api/v1/accounts/owner/events").await.ok();
    assert!(events.to_string().contains("use_recovery_code"), "{events}");
}

#[tokio::test]
async fn a_half_done_log_in_dies_of_wrong_answers_of_time_and_of_a_lock_out() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let token = house.token("owner").await;
    let (authenticator, _) = enrol(&house, &token, now()).await;
    now_ms.fetch_add(60_000, Ordering::Relaxed);
    let half = log_in(&house, "owner").await.body;
    for _ in 0..5 {
        finish(&house, &half, ("code", "000000"))
            .await
            .problem(403, "wrong_proof");
    }
    let right = authenticator.code(now(), 0);
    finish(&house, &half, ("code", &right))
        .await
        .problem(410, "log_in_over");
    let half = log_in(&house, "owner").await.body;
    now_ms.fetch_add(300_000, Ordering::Relaxed);
    let right = authenticator.code(now(), 0);
    finish(&house, &half, ("code", &right))
        .await
        .problem(410, "log_in_over");
    // Ten wrong answers from one address: it has to wait, and what is half done there is over.
    let half = log_in(&house, "owner").await.body;
    for _ in 0..5 {
        finish(&house, &half, ("code", "000000"))
            .await
            .problem(403, "wrong_proof");
    }
    let half = log_in(&house, "owner").await.body;
    finish(&house, &half, ("code", &right))
        .await
        .problem(429, "too_many_attempts");
    finish(&house, &half, ("code", &right))
        .await
        .problem(410, "log_in_over");
}

#[tokio::test]
async fn whoever_guesses_codes_keeps_the_owner_out_of_nothing() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let from = |last: u8, kept: &HeaderMap, path: &str, body: Value| {
        let mut request = request(Method::POST, path, "", Some(body));
        request.headers_mut().extend(kept.clone());
        let address = IpAddr::from([192, 0, 2, last]);
        request
            .extensions_mut()
            .insert(Origin::new(address, Arc::default()));
        house.send(request)
    };
    let password = json!({ "login": "owner", "password": PASSWORD });
    let nothing = HeaderMap::new();
    let first = from(1, &nothing, SESSION, password.clone()).await;
    let kept = returned(&first.headers);
    let (authenticator, _) = enrol(&house, first.ok()["token"].as_str().unwrap(), now()).await;
    // Somebody who has the password guesses from everywhere, until nobody new may try.
    let mut refused = 0;
    for last in 10..20 {
        let half = from(last, &nothing, SESSION, password.clone()).await.body;
        for _ in 0..5 {
            let body = json!({ "factor_token": half["factor_token"], "code": "000000" });
            refused += u32::from(from(last, &nothing, FINISH, body).await.status == 429);
        }
    }
    assert!(refused > 0);
    now_ms.fetch_add(60_000, Ordering::Relaxed);
    let half = from(1, &kept, SESSION, password).await.body;
    let body = json!({ "factor_token": half["factor_token"], "code": authenticator.code(now(), 0) });
    from(1, &kept, FINISH, body).await.ok();
}

#[tokio::test]
async fn a_step_that_weighs_is_taken_by_who_has_just_proved_who_it_is() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let (owner, risk) = (house.token("owner").await, log_in(&house, "risk").await.ok());
    let risk = risk["token"].as_str().unwrap();
    let incident = house.lose(&owner, "10450001").await;
    let found = format!("/api/v1/incidents/{incident}/found");
    let said = json!({ "kind": "false_alarm", "statement": "in the drawer" });
    house.post(&owner, &found, said).await.ok();
    now_ms.fetch_add(600_000, Ordering::Relaxed);
    let shown = house
        .get(risk, &format!("/api/v1/incidents/{incident}"))
        .await
        .ok();
    assert!(
        shown["actions"].to_string().contains("confirm_found"),
        "it is offered: {shown}"
    );
    let path = format!("{found}/confirm");
    let confirm = || house.post_once(risk, "key", &path, json!({}));
    confirm().await.problem(403, "step_up_required");
    assert_eq!(
        house.get(risk, PROOF).await.ok(),
        json!({ "is_fresh": false, "ways": ["password"] })
    );
    house
        .post(risk, PROOF, json!({ "password": "guess" }))
        .await
        .problem(403, "wrong_proof");
    house
        .post(risk, PROOF, json!({}))
        .await
        .problem(422, "invalid_field");
    confirm().await.problem(403, "step_up_required");
    assert_eq!(
        house
            .post(risk, PROOF, json!({ "password": PASSWORD }))
            .await
            .status,
        204
    );
    // The same request once more, with the same key.
    confirm().await.ok();
    // A loss is reported by whoever was here an hour ago.
    now_ms.fetch_add(3_000_000, Ordering::Relaxed);
    house.lose(risk, "10450002").await;
}

#[tokio::test]
async fn rights_and_secrets_are_given_by_who_has_just_proved_who_it_is() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let risk = log_in(&house, "risk").await.ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    now_ms.fetch_add(600_000, Ordering::Relaxed);
    let invite = json!({ "name": "店长", "role": "manager", "shop_id": "S01" });
    let rights = json!({ "name": "m", "role": "manager", "shop_id": "S01" });
    let mail = json!({ "smtp_url": "smtp://mail.example", "mail_from": "stop@shop.example" });
    for (method, path, body) in [
        (Method::POST, "/api/v1/invitations", invite),
        (Method::PUT, "/api/v1/accounts/manager", rights),
        (Method::POST, "/api/v1/accounts/manager/link", json!({})),
        (Method::POST, "/api/v1/accounts/manager/disable", json!({})),
        (
            Method::POST,
            "/api/v1/accounts/manager/clear-factors",
            json!({ "text": "seen" }),
        ),
        (Method::PUT, "/api/v1/settings", mail),
        (Method::POST, "/api/v1/factors/totp", json!({})),
        (Method::POST, "/api/v1/factors/recovery-codes", json!({})),
    ] {
        let answer = house.send(request(method, path, &risk, Some(body))).await;
        answer.problem(403, "step_up_required");
    }
    // What is no secret is changed as ever.
    let body = json!({ "language": "en" });
    house
        .send(request(Method::PUT, "/api/v1/settings", &risk, Some(body)))
        .await
        .ok();
}

#[tokio::test]
async fn with_a_second_factor_the_password_proves_nothing_more() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let token = house.token("owner").await;
    let (authenticator, codes) = enrol(&house, &token, now()).await;
    now_ms.fetch_add(590_000, Ordering::Relaxed);
    let session = json!({ "login": "owner", "password": PASSWORD });
    let half = house.post("", SESSION, session).await.body;
    let code = authenticator.code(now(), 0);
    let token = finish(&house, &half, ("code", &code)).await.ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    now_ms.fetch_add(600_000, Ordering::Relaxed);
    let ways = house.get(&token, PROOF).await.ok();
    assert_eq!(
        ways,
        json!({ "is_fresh": false, "ways": ["code", "recovery_code"] })
    );
    let prove = |body: Value| house.post(&token, PROOF, body);
    prove(json!({ "password": PASSWORD }))
        .await
        .problem(422, "invalid_field");
    prove(json!({ "code": code })).await.problem(403, "wrong_proof");
    assert_eq!(
        prove(json!({ "code": authenticator.code(now(), 0) }))
            .await
            .status,
        204
    );
    prove(json!({ "code": authenticator.code(now(), 0) }))
        .await
        .problem(403, "wrong_proof");
    assert_eq!(prove(json!({ "recovery_code": codes[0] })).await.status, 204);
    prove(json!({ "recovery_code": codes[0] }))
        .await
        .problem(403, "wrong_proof");
}

#[tokio::test]
async fn a_link_to_another_password_does_not_open_what_the_factor_guards() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let token = house.token("owner").await;
    let (authenticator, _) = enrol(&house, &token, now()).await;
    let open = log_in(&house, "owner").await.body;
    let risk = house.token("risk").await;
    let link = house
        .post(&risk, "/api/v1/accounts/owner/link", json!({}))
        .await
        .ok();
    let said = json!({ "token": link["token"], "password": "teapot-in-the-rain" });
    let half = house.post("", "/api/v1/invitations/accept", said).await;
    assert_eq!(half.status, StatusCode::ACCEPTED, "{}", half.body);
    assert!(half.headers.get(header::SET_COOKIE).is_none());
    now_ms.fetch_add(30_000, Ordering::Relaxed);
    let code = authenticator.code(now(), 0);
    // What was half done with the password before is over.
    finish(&house, &open, ("code", &code))
        .await
        .problem(410, "log_in_over");
    finish(&house, &half.body, ("code", &code)).await.ok();
    // Whoever has lost the factor, too, is helped by who may give the account.
    let cleared = json!({ "text": "seen in person" });
    house
        .post(&risk, "/api/v1/accounts/owner/clear-factors", cleared)
        .await
        .ok();
    let body = json!({ "login": "owner", "password": "teapot-in-the-rain" });
    assert_eq!(house.post("", SESSION, body).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_disabled_account_is_neither_logged_in_nor_half_logged_in() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let token = house.token("owner").await;
    let (authenticator, _) = enrol(&house, &token, now()).await;
    now_ms.fetch_add(30_000, Ordering::Relaxed);
    let half = log_in(&house, "owner").await.body;
    let risk = house.token("risk").await;
    house
        .post(&risk, "/api/v1/accounts/owner/disable", json!({}))
        .await
        .ok();
    let code = authenticator.code(now(), 0);
    finish(&house, &half, ("code", &code))
        .await
        .problem(410, "log_in_over");
    house.get(&token, SESSION).await.problem(401, "unauthenticated");
    house
        .post(&risk, "/api/v1/accounts/owner/enable", json!({}))
        .await
        .ok();
    finish(&house, &half, ("code", &code))
        .await
        .problem(410, "log_in_over");
    house.get(&token, SESSION).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn who_owes_a_second_factor_reports_a_loss_revokes_a_key_looks_and_enrols_and_nothing_else() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let risk = house.token("risk").await;
    let settings = |from: Value| {
        let body = json!({ "second_factor_from": from });
        house.send(request(Method::PUT, "/api/v1/settings", &risk, Some(body)))
    };
    let in_a_minute = super::super::wire::Time(now().plus_ms(60_000)).to_string();
    assert_eq!(
        settings(json!(in_a_minute)).await.ok()["second_factor_from"],
        in_a_minute
    );
    let before = super::super::wire::Time(now().plus_ms(-1)).to_string();
    settings(json!(before)).await.problem(422, "invalid_field");
    let (owner, manager) = (house.token("owner").await, house.token("manager").await);
    let lock = |token: &str, number: u8| {
        let path = format!("/api/v1/terminals/1045000{number}/lock");
        let token = token.to_owned();
        let house = &house;
        async move { house.post(&token, &path, json!({})).await }
    };
    let factors = house.get(&owner, "/api/v1/factors").await.ok();
    assert_eq!(
        (&factors["required_from"], &factors["is_owed"]),
        (&json!(in_a_minute), &json!(false))
    );
    assert!(house.get(&manager, "/api/v1/factors").await.ok()["required_from"].is_null());
    lock(&owner, 3).await.ok();
    let new = || json!({ "name": "ERP", "rights": [], "days": 90 });
    let key = house.post(&owner, "/api/v1/api-keys", new()).await.ok();
    let key = format!("/api/v1/api-keys/{}/revoke", key["id"].as_str().unwrap());
    now_ms.fetch_add(60_000, Ordering::Relaxed);
    assert_eq!(house.get(&owner, "/api/v1/factors").await.ok()["is_owed"], true);
    lock(&owner, 2).await.problem(403, "second_factor_required");
    house.get(&owner, "/api/v1/terminals").await.ok();
    let incident = house.lose(&owner, "10450001").await;
    house
        .get(&owner, &format!("/api/v1/incidents/{incident}"))
        .await
        .ok();
    // Nor does a key that somebody found somewhere wait for it; only to make one does.
    house.post(&owner, &key, json!({})).await.ok();
    let another = house.post(&owner, "/api/v1/api-keys", new()).await;
    another.problem(403, "second_factor_required");
    lock(&manager, 2).await.ok();
    let (authenticator, _) = enrol(&house, &owner, now()).await;
    lock(&owner, 1).await;
    assert_eq!(house.get(&owner, "/api/v1/factors").await.ok()["is_owed"], false);
    // The factor that is owed can be removed, and then it is owed again.
    let factors = house.get(&owner, "/api/v1/factors").await.ok();
    let path = format!("/api/v1/factors/{}", factors["items"][0]["id"].as_str().unwrap());
    let remove = house.send(request(Method::DELETE, &path, &owner, None)).await;
    assert_eq!(remove.status, 204);
    drop(authenticator);
    lock(&owner, 2).await.problem(403, "second_factor_required");
}
