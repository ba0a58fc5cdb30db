//! API keys: shown once, good until they end, and never a person's.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use super::factor::clock;
use super::{Answer, House, OURS, PASSWORD, request};
use crate::origin::Origin;

const KEYS: &str = "/api/v1/api-keys";

/// A key made by that token: its identifier, and the whole of it.
async fn make(house: &House, token: &str, body: Value) -> (String, String) {
    let made = house.post(token, KEYS, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let text = |field: &str| made.body[field].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

fn of_ours(rights: &[&str]) -> Value {
    json!({ "name": "ERP", "merchant_id": OURS, "rights": rights, "days": 90 })
}

async fn revoke(house: &House, token: &str, id: &str) -> Answer {
    house
        .post(
            token,
            &format!("{KEYS}/{id}/revoke"),
            json!({ "text": "found in a mail" }),
        )
        .await
}

fn from<B>(mut request: Request<B>, address: IpAddr) -> Request<B> {
    request
        .extensions_mut()
        .insert(Origin::new(address, Arc::default()));
    request
}

#[tokio::test]
async fn a_key_is_shown_once_works_and_is_revoked() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let made = house
        .post(&owner, KEYS, of_ours(&["report_loss", "keep_terminal"]))
        .await;
    assert_eq!(made.status, 201);
    let (id, key) = (
        made.body["id"].as_str().unwrap(),
        made.body["key"].as_str().unwrap(),
    );
    assert_eq!(made.body["prefix"], format!("tg_{id}"));
    assert_eq!(key.len(), 55);
    // The secret may have the mark that parts them, too.
    let secret = key.strip_prefix(&format!("tg_{id}_")).unwrap();
    assert_eq!(
        (&made.body["is_over"], &made.body["ends_soon"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(made.body["actions"], json!(["revoke"]));
    for path in [KEYS, &format!("{KEYS}/{id}"), &format!("{KEYS}/{id}/events")] {
        let shown = house.get(&owner, path).await.ok().to_string();
        assert!(
            !shown.contains(secret) && shown.contains(id) != path.ends_with("events"),
            "{shown}"
        );
    }
    let terminals = house.get(key, "/api/v1/terminals").await.ok();
    assert_eq!(
        terminals["items"].as_array().unwrap().len(),
        3,
        "what the owner sees"
    );
    house
        .get(key, "/api/v1/terminals/10450009")
        .await
        .problem(404, "terminal_not_found");
    let reported = house.lose(key, "10450001").await;
    let timeline = house
        .get(&owner, &format!("/api/v1/incidents/{reported}/timeline"))
        .await
        .ok();
    assert_eq!(timeline["items"][0]["by"], format!("ERP (tg_{id})"), "{timeline}");
    let incident = house
        .get(&owner, &format!("/api/v1/incidents/{reported}"))
        .await
        .ok();
    assert_eq!(incident["reported_by"], format!("ERP (tg_{id})"));
    let letter = incident["stop_request"]["text_en"].as_str().unwrap();
    assert!(letter.contains(&format!("ERP (tg_{id})")), "{letter}");
    house
        .post(key, "/api/v1/terminals/10450002/lock", json!({}))
        .await
        .problem(403, "not_allowed");
    let revoked = revoke(&house, &owner, id).await.ok();
    assert_eq!(
        (&revoked["state"], &revoked["actions"]),
        (&json!("revoked"), &json!([]))
    );
    house
        .get(key, "/api/v1/terminals")
        .await
        .problem(401, "unauthenticated");
    revoke(&house, &owner, id).await.problem(409, "wrong_state");
    let told = house.get(&owner, &format!("{KEYS}/{id}/events")).await.ok();
    let verbs: Vec<_> = told["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["verb"])
        .collect();
    assert_eq!(verbs, ["create", "revoke"]);
}

#[tokio::test]
async fn keys_are_listed_the_newest_first_page_by_page() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, make(&house, &owner, of_ours(&[])).await.0);
        now_ms.fetch_add(1, Ordering::Relaxed);
    }
    // Two of one moment have an order, too.
    let (one, two) = (
        make(&house, &risk, of_ours(&[])).await.0,
        make(&house, &risk, of_ours(&[])).await.0,
    );
    made.splice(0..0, [one.clone().max(two.clone()), one.min(two)]);
    revoke(&house, &owner, &made.remove(3)).await.ok();
    let (mut shown, mut cursor) = (Vec::new(), String::new());
    for _ in 0..4 {
        let page = house
            .get(&owner, &format!("{KEYS}?state=active&limit=2{cursor}"))
            .await
            .ok();
        let items = page["items"].as_array().unwrap();
        shown.extend(items.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(shown, made);
    // One that no list has given begins none, and neither does another's.
    let (others, _) = make(&house, &risk, json!({ "name": "ERP", "rights": [], "days": 90 })).await;
    for cursor in ["AAAA1111", &others] {
        let page = house.get(&owner, &format!("{KEYS}?cursor={cursor}")).await;
        page.problem(422, "invalid_field");
        assert_eq!(page.body["field"], "cursor");
    }
}

#[tokio::test]
async fn a_key_that_could_not_be_is_not_made() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let said = |change: Value| {
        let mut body = of_ours(&["report_loss"]);
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        body
    };
    for (change, field) in [
        (json!({ "days": 0 }), "days"),
        (json!({ "days": 367 }), "days"),
        (json!({ "days": i64::MAX }), "days"),
        (json!({ "name": " " }), "name"),
        (json!({ "rights": ["end_loss"] }), "rights"),
        (json!({ "rights": ["give_rights"] }), "rights"),
        (json!({ "rights": ["keep_gate"] }), "rights"),
        (json!({ "shop_id": "S09" }), "shop_id"),
    ] {
        for token in [&owner, &risk] {
            let refused = house.post(token, KEYS, said(change.clone())).await;
            refused.problem(422, "invalid_field");
            assert_eq!(refused.body["field"], field, "{change} {}", refused.body);
        }
    }
    let manager = house.token("manager").await;
    house
        .post(&manager, KEYS, said(json!({})))
        .await
        .problem(403, "not_allowed");
    let stranger = house.token("stranger").await;
    house
        .post(&stranger, KEYS, said(json!({})))
        .await
        .problem(403, "not_allowed");
    let of_house = json!({ "name": "core", "rights": ["keep_gate"], "days": 366 });
    let (_, key) = make(&house, &risk, of_house).await;
    assert_eq!(
        house.get(&key, "/api/v1/terminals").await.ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    house
        .post(&key, KEYS, said(json!({})))
        .await
        .problem(403, "person_required");
}

#[tokio::test]
async fn a_key_alone_decides_whatever_cookie_comes_with_it() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let (id, key) = make(&house, &owner, of_ours(&["report_loss"])).await;
    let with_cookie = |method, path: &str, body| {
        let mut request = request(method, path, &key, body);
        let headers = request.headers_mut();
        headers.insert(
            header::COOKIE,
            format!("tillguard_session={risk}").parse().unwrap(),
        );
        // As from a page of another site: what would be refused of the cookie is nothing to the key.
        headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
        headers.insert(header::ORIGIN, "https://other.example".parse().unwrap());
        house.send(request)
    };
    let seen = with_cookie(Method::GET, "/api/v1/terminals/10450009", None).await;
    seen.problem(404, "terminal_not_found");
    let body = json!({ "terminal_id": "10450001" });
    let reported = with_cookie(Method::POST, "/api/v1/incidents", Some(body.clone())).await;
    assert_eq!(reported.status, 201, "{}", reported.body);
    let own = with_cookie(Method::GET, "/api/v1/session", None).await;
    own.problem(403, "person_required");
    revoke(&house, &owner, &id).await.ok();
    let after = with_cookie(Method::POST, "/api/v1/incidents", Some(body)).await;
    after.problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_same_idempotency_key_of_a_program_and_of_a_person_are_two() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let (_, key) = make(&house, &owner, of_ours(&["keep_shop"])).await;
    let contact =
        |name: &str| json!({ "merchant_id": OURS, "kind": "police", "name": name, "hotline": "110" });
    let mut ids = Vec::new();
    for (token, name) in [(&owner, "one"), (&key, "two"), (&key, "two")] {
        let made = house
            .post_once(token, "same", "/api/v1/contacts", contact(name))
            .await
            .ok();
        ids.push(made["id"].clone());
    }
    assert!(ids[0] != ids[1] && ids[1] == ids[2], "{ids:?}");
}

#[tokio::test]
async fn wrong_keys_slow_neither_the_right_ones_nor_a_log_in() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let (id, key) = make(&house, &owner, of_ours(&[])).await;
    let address: IpAddr = [192, 0, 2, 66].into();
    let wrong = format!("tg_{id}_{}", "A".repeat(43));
    // More than the pace of any key and the guesses of any address.
    for _ in 0..300 {
        let answer = house
            .send(from(
                request(Method::GET, "/api/v1/terminals", &wrong, None),
                address,
            ))
            .await;
        answer.problem(401, "unauthenticated");
    }
    house
        .send(from(
            request(Method::GET, "/api/v1/terminals", &key, None),
            address,
        ))
        .await
        .ok();
    let log_in = json!({ "login": "manager", "password": PASSWORD });
    let log_in = from(
        request(Method::POST, "/api/v1/session", "", Some(log_in)),
        address,
    );
    assert_eq!(house.send(log_in).await.status, 200);
}

#[tokio::test]
async fn a_key_that_runs_wild_waits_and_still_reports_a_loss() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let (id, key) = make(&house, &owner, of_ours(&["report_loss"])).await;
    // As if it had asked for an hour: however slow this runs, the pace is not back before it ends.
    let later = Instant::now() + Duration::from_secs(3600);
    house.state.paces.step_at(&id, false, later).unwrap();
    let refused = house.get(&key, "/api/v1/roles").await;
    refused.problem(429, "too_many_requests");
    assert_eq!(refused.headers[header::RETRY_AFTER], "1");
    house.get(&owner, "/api/v1/roles").await.ok();
    house.lose(&key, "10450001").await;
}

/// Reads what is said of a key until that is so: it is written beside the answer.
async fn noted(house: &House, token: &str, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let look = async {
        loop {
            let shown = house.get(token, path).await.ok();
            if is_so(&shown) {
                return shown;
            }
            tokio::task::yield_now().await;
        }
    };
    let noted = tokio::time::timeout(Duration::from_secs(30), look).await;
    noted.expect("a use is noted")
}

#[tokio::test]
async fn it_is_noted_from_where_a_key_was_used_and_soon_from_where_else() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let owner = house.token("owner").await;
    let (id, key) = make(&house, &owner, of_ours(&[])).await;
    let path = format!("{KEYS}/{id}");
    assert_eq!(house.get(&owner, &path).await.ok()["used_at"], json!(null));
    let used_from = |last: u8| {
        let request = request(Method::GET, "/api/v1/shops", &key, None);
        house.send(from(request, [192, 0, 2, last].into()))
    };
    used_from(66).await.ok();
    let first = noted(&house, &owner, &path, |shown| !shown["used_at"].is_null()).await;
    assert_eq!(first["used_from"], "192.0.2.66");
    now_ms.fetch_add(5_000, Ordering::Relaxed);
    used_from(67).await.ok();
    noted(&house, &owner, &path, |shown| shown["used_from"] == "192.0.2.67").await;
}

/// What is logged while it lives, at the level that a node logs at.
struct Logged {
    lines: Arc<Mutex<Vec<u8>>>,
    _until: tracing::subscriber::DefaultGuard,
}

struct Writing(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Logged {
    fn now() -> Self {
        let lines: Arc<Mutex<Vec<u8>>> = Arc::default();
        let kept = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || Writing(kept.clone()))
            .finish();
        Self {
            lines,
            _until: tracing::subscriber::set_default(subscriber),
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.lines.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn a_key_that_opens_nothing_fills_no_log() {
    let (now, now_ms) = clock!();
    let house = House::with_clock(now).await;
    let owner = house.token("owner").await;
    let (id, revoked) = make(&house, &owner, of_ours(&[])).await;
    revoke(&house, &owner, &id).await.ok();
    let (other, over) = make(&house, &owner, json!({ "name": "ERP", "rights": [], "days": 1 })).await;
    now_ms.fetch_add(24 * 60 * 60 * 1000, Ordering::Relaxed);
    let logged = Logged::now();
    tracing::info!("it listens");
    for key in [&revoked, &over, &format!("tg_{other}_{}", "A".repeat(43))] {
        house
            .get(key, "/api/v1/terminals")
            .await
            .problem(401, "unauthenticated");
    }
    let text = logged.text();
    assert!(text.contains("it listens"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[tokio::test]
async fn a_store_that_fails_is_not_called_a_wrong_field() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    house.behind_our_back("UPDATE shop SET state = 'no word' WHERE shop_id = 'S01'");
    let of_shop = json!({ "name": "ERP", "shop_id": "S01", "rights": [], "days": 90 });
    house.post(&risk, KEYS, of_shop).await.problem(500, "internal");
    let manager = json!({ "name": "Li Na", "role": "manager", "shop_id": "S01" });
    let invited = house.post(&risk, "/api/v1/invitations", manager).await;
    invited.problem(500, "internal");
}
