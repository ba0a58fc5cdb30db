//! Photos of a terminal: what is taken and what is not, who may, what the same twice does, and how one is shown and removed.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

use super::{Answer, House, request};

const PNG: &[u8] = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR";
const JPEG: &[u8] = b"\xFF\xD8\xFF\xE1\0\x10Exif\0\0 taken at 31.23 N";
const AT: &str = "/api/v1/terminals/10450001/photos";

fn sha256(bytes: &[u8]) -> String {
    domain::hex::of(&Sha256::digest(bytes))
}

impl House {
    /// Adds a photo of a terminal; `said` is what comes with it.
    pub async fn photograph(&self, token: &str, at: &str, said: &str, file: &[u8]) -> Answer {
        let mut asked = request(Method::POST, &format!("{at}?{said}"), token, None);
        *asked.body_mut() = Body::from(file.to_vec());
        self.send(asked).await
    }

    async fn photos(&self, token: &str) -> Value {
        self.get(token, AT).await.ok()
    }
}

#[tokio::test]
async fn a_photo_is_made_anew_and_shown_to_whoever_sees_the_terminal() {
    let house = House::new().await;
    let (owner, auditor) = (house.token("owner").await, house.token("auditor").await);
    let added = house
        .photograph(&owner, AT, "shows=seal&caption=%E5%B0%81%E7%AD%BE%20A17", JPEG)
        .await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.body);
    let photo = added.body;
    let id = photo["id"].as_str().unwrap();
    let path = format!("/api/v1/photos/{id}");
    let asked = request(Method::GET, &path, &auditor, None);
    let (head, body) = house.api.clone().oneshot(asked).await.unwrap().into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    assert!(bytes.starts_with(b"\xFF\xD8\xFF made anew"));
    let says = |name: &str| head.headers[name].to_str().unwrap().to_owned();
    assert_eq!(
        [
            says("content-type"),
            says("content-disposition"),
            says("content-length")
        ],
        [
            "image/jpeg".into(),
            format!("inline; filename=\"{id}.jpg\""),
            bytes.len().to_string()
        ]
    );
    assert_eq!(says("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(says("x-content-type-options"), "nosniff");
    for (field, wanted) in [
        ("terminal_id", json!("10450001")),
        ("shows", json!("seal")),
        ("caption", json!("封签 A17")),
        ("state", json!("kept")),
        ("sha256", json!(sha256(&bytes))),
        ("sent_sha256", json!(sha256(JPEG))),
        ("size", json!(bytes.len())),
        ("scan", json!("clean")),
        ("by", json!("name of owner")),
        ("removed", Value::Null),
        ("actions", json!(["remove"])),
    ] {
        assert_eq!(photo[field], wanted, "{field}");
    }
    let seen = house.photos(&owner).await;
    assert_eq!(seen["items"], json!([photo]));
    assert_eq!(
        (&seen["may_add"], &seen["takes_photos"]),
        (&json!(true), &json!(true))
    );
    let seen = house.photos(&auditor).await;
    assert_eq!(
        (&seen["may_add"], &seen["items"][0]["actions"]),
        (&json!(false), &json!([]))
    );
}

#[tokio::test]
async fn what_is_no_picture_or_asked_for_wrongly_leaves_nothing() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    for (file, code) in [
        (&b"%PDF-1.7"[..], "not_a_picture"),
        (b"a text", "not_a_picture"),
        (b"GIF89a\0", "file_not_taken"),
        (b"\0\0\0\x18ftypheic\0\0", "file_not_taken"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "not_a_picture"),
    ] {
        house
            .photograph(&owner, AT, "shows=back", file)
            .await
            .problem(415, code);
    }
    let busy = house.photograph(&owner, AT, "shows=back", PNG).await;
    assert!(
        busy.problem(503, "pictures_not_ready")
            .headers
            .contains_key(header::RETRY_AFTER)
    );
    let long = format!("shows=back&caption={}", "x".repeat(201));
    for (said, file) in [
        ("shows=back", &b""[..]),
        ("shows=inside", JPEG),
        (&*long, JPEG),
        ("", JPEG),
    ] {
        house
            .photograph(&owner, AT, said, file)
            .await
            .problem(422, "invalid_field");
    }
    let mut asked = request(Method::POST, &format!("{AT}?shows=back"), &owner, None);
    asked
        .headers_mut()
        .insert(header::CONTENT_LENGTH, "20971521".parse().unwrap());
    *asked.body_mut() = Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>());
    house.send(asked).await.problem(413, "body_too_large");
    let bad = house
        .photograph(&owner, AT, "shows=back", b"\xFF\xD8\xFF EICAR")
        .await;
    bad.problem(422, "file_infected");
    assert_eq!(house.photos(&owner).await["items"], json!([]));
    let events = house.get(&owner, "/api/v1/terminals/10450001/events").await.ok();
    let refused = &events["items"][0];
    assert_eq!(
        (&refused["verb"], &refused["text"]),
        (
            &json!("photo_refused"),
            &json!(format!("back sha256:{}", sha256(b"\xFF\xD8\xFF EICAR")))
        )
    );
}

#[tokio::test]
async fn who_keeps_the_terminal_adds_and_removes_and_others_do_not() {
    let house = House::new().await;
    let (owner, stranger) = (house.token("owner").await, house.token("stranger").await);
    let photo = house.photograph(&owner, AT, "shows=front", JPEG).await.ok();
    let path = format!("/api/v1/photos/{}", photo["id"].as_str().unwrap());
    let why = json!({ "ground": "拍成了别的终端" });
    for login in ["manager", "auditor"] {
        let token = house.token(login).await;
        house
            .photograph(&token, AT, "shows=back", JPEG)
            .await
            .problem(403, "not_allowed");
        let refused = house.post(&token, &format!("{path}/remove"), why.clone()).await;
        refused.problem(403, "not_allowed");
        assert_eq!(house.get(&token, AT).await.status, StatusCode::OK, "{login}");
    }
    house.get(&stranger, AT).await.problem(404, "terminal_not_found");
    house
        .photograph(&stranger, AT, "shows=back", JPEG)
        .await
        .problem(404, "terminal_not_found");
    house.get(&stranger, &path).await.problem(404, "photo_not_found");
    let refused = house.post(&stranger, &format!("{path}/remove"), why).await;
    refused.problem(404, "photo_not_found");
    house
        .get(&owner, "/api/v1/photos/NONE0000")
        .await
        .problem(404, "photo_not_found");
}

#[tokio::test]
async fn the_same_twice_is_once_with_a_key_and_without() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let once = async |said: &str| {
        let mut asked = request(Method::POST, &format!("{AT}?{said}"), &owner, None);
        asked
            .headers_mut()
            .insert("Idempotency-Key", "k".parse().unwrap());
        *asked.body_mut() = Body::from(JPEG);
        house.send(asked).await
    };
    let first = once("shows=screw").await;
    let again = once("shows=screw").await;
    assert_eq!(
        (first.status, again.status),
        (StatusCode::CREATED, StatusCode::CREATED)
    );
    assert_eq!(first.body, again.body);
    once("shows=port").await.problem(422, "idempotency_key_reused");
    let same = house.photograph(&owner, AT, "shows=screw", JPEG).await;
    assert_eq!(
        (same.status, &same.body["id"]),
        (StatusCode::OK, &first.body["id"])
    );
    // A file of a phone may show two things.
    assert_eq!(
        house.photograph(&owner, AT, "shows=port", JPEG).await.status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn no_more_photos_are_kept_than_a_terminal_may_have_and_no_more_are_shown_at_once_than_there_are_places()
 {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let picture = |number: i64| [JPEG, format!("{number}").as_bytes()].concat();
    for number in 0..app::photo::OF_TERMINAL_MAX.count {
        house
            .photograph(&owner, AT, "shows=other", &picture(number))
            .await
            .ok();
    }
    house
        .photograph(&owner, AT, "shows=other", &picture(-1))
        .await
        .problem(409, "too_many_photos");
    let id = house.photos(&owner).await["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/photos/{id}");
    let places: Vec<_> = std::iter::repeat_with(|| house.state.photos.take("owner"))
        .take_while(Option::is_some)
        .take(1_000)
        .collect();
    let busy = house.get(&owner, &path).await;
    assert!(
        busy.problem(429, "files_busy")
            .headers
            .contains_key(header::RETRY_AFTER)
    );
    drop(places);
    assert_eq!(house.get(&owner, &path).await.status, StatusCode::OK);
    let places = [house.state.files.take("owner"), house.state.files.take("owner")];
    house
        .photograph(&owner, AT, "shows=back", JPEG)
        .await
        .problem(429, "files_busy");
    drop(places);
}

#[tokio::test]
async fn what_is_removed_stays_in_sight_and_goes_when_its_time_is_over() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let photo = house.photograph(&owner, AT, "shows=label", JPEG).await.ok();
    let path = format!("/api/v1/photos/{}", photo["id"].as_str().unwrap());
    house
        .post(&owner, &format!("{path}/remove"), json!({ "ground": " " }))
        .await
        .problem(422, "invalid_field");
    let why = json!({ "ground": "拍成了别的终端" });
    let removed = house
        .post(&owner, &format!("{path}/remove"), why.clone())
        .await
        .ok();
    assert_eq!(
        [
            &removed["state"],
            &removed["removed"]["ground"],
            &removed["removed"]["by"],
            &removed["actions"]
        ],
        [
            &json!("removed"),
            &why["ground"],
            &json!("name of owner"),
            &json!([])
        ]
    );
    house
        .post(&owner, &format!("{path}/remove"), why)
        .await
        .problem(409, "wrong_state");
    assert_eq!(house.photos(&owner).await["items"], json!([removed]));
    assert_eq!(
        house.get(&owner, &path).await.status,
        StatusCode::OK,
        "its bytes are here still"
    );
    let id = photo["id"].as_str().unwrap().to_owned();
    house
        .node
        .write::<_, store::Error>(move |tx| store::photo::empty(tx, &id))
        .await
        .unwrap();
    house.get(&owner, &path).await.problem(410, "file_gone");
}

#[tokio::test]
async fn the_inspection_of_a_found_terminal_shows_what_was_there() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let photo = house.photograph(&owner, AT, "shows=seal", JPEG).await.ok();
    let id = house.lose(&owner, "10450001").await;
    let after = [JPEG, b"after"].concat();
    house.photograph(&owner, AT, "shows=seal", &after).await.ok();
    let inspection = format!("/api/v1/incidents/{id}/inspection");
    let seen = house.get(&owner, &inspection).await.ok();
    let photos = seen["on_record"]["photos"].as_array().unwrap();
    // Nobody said when it was last seen, so that one of today is not beyond doubt.
    let ids: Vec<_> = photos
        .iter()
        .map(|one| (&one["id"], &one["is_in_window"]))
        .collect();
    assert_eq!(ids, [(&photo["id"], &json!(true))]);
}
