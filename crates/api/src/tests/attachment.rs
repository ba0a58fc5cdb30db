//! Files of an incident: what is taken and what is not, who may, what the same twice does, and how one is handed out.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

use super::{Answer, House, request};

const PDF: &[u8] = b"%PDF-1.7\nthe receipt\n";
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR";
const JPEG: &[u8] = b"\xFF\xD8\xFF\xE1\0\x10Exif\0\0 taken at 31.23 N";

fn sha256(bytes: &[u8]) -> String {
    domain::hex::of(&Sha256::digest(bytes))
}

fn at(incident_id: &str) -> String {
    format!("/api/v1/incidents/{incident_id}/attachments")
}

impl House {
    /// Brings a file.
    pub async fn attach(
        &self,
        token: &str,
        incident_id: &str,
        (name, purpose): (&str, &str),
        file: &[u8],
    ) -> Answer {
        self.attach_once(token, incident_id, (name, purpose), file, None)
            .await
    }

    /// The same with an `Idempotency-Key`.
    async fn attach_once(
        &self,
        token: &str,
        incident_id: &str,
        (name, purpose): (&str, &str),
        file: &[u8],
        key: Option<&str>,
    ) -> Answer {
        let name: String =
            percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string();
        let path = format!("{}?name={name}&purpose={purpose}", at(incident_id));
        let mut asked = request(Method::POST, &path, token, None);
        if let Some(key) = key {
            asked
                .headers_mut()
                .insert("Idempotency-Key", key.parse().unwrap());
        }
        *asked.body_mut() = Body::from(file.to_vec());
        self.send(asked).await
    }

    async fn files(&self, token: &str, incident_id: &str) -> Vec<Value> {
        let listed = self.get(token, &at(incident_id)).await.ok();
        listed["items"].as_array().unwrap().clone()
    }

    /// The head and the bytes of a file.
    async fn file(&self, token: &str, incident_id: &str, id: &str) -> (axum::http::response::Parts, Vec<u8>) {
        let path = format!("{}/{id}", at(incident_id));
        let asked = request(Method::GET, &path, token, None);
        let (head, body) = self.api.clone().oneshot(asked).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, 32 << 20).await.unwrap();
        (head, bytes.to_vec())
    }

    pub async fn told(&self, token: &str, incident_id: &str, kind: &str) -> Vec<String> {
        let timeline = self
            .get(token, &format!("/api/v1/incidents/{incident_id}/timeline"))
            .await
            .ok();
        let items = timeline["items"].as_array().unwrap().iter();
        let said = items.filter(|item| item["kind"] == kind);
        said.map(|item| item["text"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

#[tokio::test]
async fn evidence_is_kept_byte_by_byte_and_handed_out_as_something_to_keep() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    // Three pieces, and a name that is to be escaped.
    let film = [b"\0\0\0\x18ftypmp42".as_slice(), &vec![7; 600_000]].concat();
    let added = house.attach(&owner, &id, ("监控 1.mp4", "evidence"), &film).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.body);
    let file = added.body;
    let said = [
        &file["name"],
        &file["kind"],
        &file["sha256"],
        &file["size"],
        &file["scan"],
        &file["state"],
    ];
    let wanted = [
        json!("监控 1.mp4"),
        json!("mp4"),
        json!(sha256(&film)),
        json!(film.len()),
        json!("clean"),
        json!("kept"),
    ];
    assert_eq!(said, wanted.each_ref());
    assert_eq!(
        (&file["is_remade"], &file["by"]),
        (&json!(false), &json!("name of owner"))
    );
    assert_eq!(house.files(&owner, &id).await, std::slice::from_ref(&file));
    let (head, bytes) = house.file(&owner, &id, file["id"].as_str().unwrap()).await;
    assert!(bytes == film);
    let says = |name: &str| head.headers[name].to_str().unwrap().to_owned();
    assert_eq!(says("content-type"), "video/mp4");
    assert_eq!(says("content-length"), film.len().to_string());
    assert!(says("content-disposition").starts_with("attachment; filename=\""));
    assert!(says("content-disposition").ends_with("filename*=UTF-8''%E7%9B%91%E6%8E%A7%201%2Emp4"));
    assert_eq!(says("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(says("x-content-type-options"), "nosniff");
    assert_eq!(says("cache-control"), "no-store");
    assert_eq!(says("cross-origin-resource-policy"), "same-origin");
    let text = house.told(&owner, &id, "file_added").await;
    assert_eq!(
        text,
        [format!("监控 1.mp4\nmp4 {} sha256:{}", film.len(), sha256(&film))]
    );
}

#[tokio::test]
async fn what_a_file_is_its_bytes_say_and_what_is_not_taken_leaves_nothing() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    for (name, purpose, file, code) in [
        ("photo.jpg", "evidence", &b"MZ\x90\0\x03"[..], "file_not_taken"),
        ("receipt.pdf", "evidence", b"PK\x03\x04", "file_not_taken"),
        (
            "picture.heic",
            "evidence",
            b"\0\0\0\x18ftypheic\0\0",
            "file_not_taken",
        ),
        ("receipt.pdf", "photo", PDF, "not_a_picture"),
        ("words.txt", "photo", b"a text", "not_a_picture"),
        ("broken.webp", "photo", b"RIFF\x10\0\0\0WEBPVP8 ", "not_a_picture"),
    ] {
        let refused = house.attach(&owner, &id, (name, purpose), file).await;
        refused.problem(415, code);
    }
    let busy = house.attach(&owner, &id, ("a.png", "photo"), PNG).await;
    busy.problem(503, "pictures_not_ready");
    house
        .attach(&owner, &id, ("a.txt", "evidence"), b"")
        .await
        .problem(422, "invalid_field");
    house
        .attach(&owner, &id, ("a.txt", "trophy"), b"a")
        .await
        .problem(422, "invalid_field");
    assert_eq!(house.files(&owner, &id).await, [] as [Value; 0]);
    assert_eq!(house.told(&owner, &id, "file_added").await, [] as [String; 0]);
    // What is called something else is what it is.
    let page = house
        .attach(
            &owner,
            &id,
            ("note.html", "evidence"),
            b"<script>alert(1)</script>",
        )
        .await
        .ok();
    assert_eq!(page["kind"], "text");
    let (head, _) = house.file(&owner, &id, page["id"].as_str().unwrap()).await;
    assert_eq!(head.headers["content-type"], "text/plain; charset=utf-8");
    assert!(
        head.headers["content-disposition"]
            .to_str()
            .unwrap()
            .ends_with("note%2Ehtml%2Etxt")
    );
}

#[tokio::test]
async fn a_photo_is_made_anew_and_both_are_known() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let photo = house.attach(&owner, &id, ("门口.jpg", "photo"), JPEG).await.ok();
    let (_, bytes) = house.file(&owner, &id, photo["id"].as_str().unwrap()).await;
    assert!(bytes.starts_with(b"\xFF\xD8\xFF made anew"));
    assert_eq!(
        [&photo["sha256"], &photo["kept_sha256"], &photo["is_remade"]],
        [&json!(sha256(JPEG)), &json!(sha256(&bytes)), &json!(true)]
    );
    // The same as evidence is another file: what it is for is another.
    let evidence = house.attach(&owner, &id, ("门口.jpg", "evidence"), JPEG).await;
    assert_eq!(
        (evidence.status, &evidence.body["is_remade"]),
        (StatusCode::CREATED, &json!(false))
    );
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_before_it_is_sent() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let path = format!("{}?name=a.pdf&purpose=evidence", at(&id));
    let mut asked = request(Method::POST, &path, &owner, None);
    asked
        .headers_mut()
        .insert(header::CONTENT_LENGTH, "20971521".parse().unwrap());
    // Whoever waited for it would wait for ever.
    *asked.body_mut() = Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>());
    house.send(asked).await.problem(413, "body_too_large");
}

#[tokio::test]
async fn the_same_twice_is_once_with_a_key_and_without() {
    let house = House::new().await;
    let (owner, manager) = (house.token("owner").await, house.token("manager").await);
    let id = house.lose(&owner, "10450001").await;
    let said = ("回执.pdf", "evidence");
    let first = house.attach_once(&owner, &id, said, PDF, Some("k")).await;
    assert_eq!(first.status, StatusCode::CREATED);
    // A lost answer is asked for again, and is the same.
    let again = house.attach_once(&owner, &id, said, PDF, Some("k")).await;
    assert_eq!((again.status, &again.body), (StatusCode::CREATED, &first.body));
    house
        .attach_once(&owner, &id, said, b"%PDF-1.7 another", Some("k"))
        .await
        .problem(422, "idempotency_key_reused");
    // Somebody else's same content is the file that is there.
    let other = house.attach(&manager, &id, ("scan.pdf", "evidence"), PDF).await;
    assert_eq!(
        (other.status, &other.body["id"]),
        (StatusCode::OK, &first.body["id"])
    );
    assert_eq!(other.body["name"], "回执.pdf");
    assert_eq!(house.files(&owner, &id).await.len(), 1);
    assert_eq!(house.told(&owner, &id, "file_added").await.len(), 1);
    // In another incident it is another file.
    let elsewhere = house.lose(&owner, "10450002").await;
    assert_eq!(
        house.attach(&owner, &elsewhere, said, PDF).await.status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_file_with_a_virus_leaves_its_digest_alone() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let bad = b"%PDF-1.7 EICAR";
    for _ in 0..2 {
        let refused = house
            .attach_once(&owner, &id, ("a.pdf", "evidence"), bad, Some("k"))
            .await;
        refused.problem(422, "file_infected");
    }
    assert_eq!(
        house.told(&owner, &id, "file_refused").await,
        [format!("pdf {} sha256:{}", bad.len(), sha256(bad))]
    );
    assert_eq!(house.files(&owner, &id).await, [] as [Value; 0]);
    let unsaid = house
        .attach(&owner, &id, ("b.pdf", "evidence"), b"%PDF-1.7 SLOW")
        .await
        .ok();
    assert_eq!(unsaid["scan"], "not_scanned");
}

#[tokio::test]
async fn who_follows_a_loss_brings_reads_and_takes_back_and_others_do_not() {
    let house = House::new().await;
    let (owner, auditor) = (house.token("owner").await, house.token("auditor").await);
    let stranger = house.token("stranger").await;
    let id = house.lose(&owner, "10450001").await;
    let file = house.attach(&owner, &id, ("a.pdf", "evidence"), PDF).await.ok();
    let path = format!("{}/{}", at(&id), file["id"].as_str().unwrap());
    // An auditor reads that it is there, and by which digest, not what is in it.
    let listed = house.get(&auditor, &at(&id)).await.ok();
    assert_eq!(
        [
            &listed["items"][0]["sha256"],
            &listed["may_read"],
            &listed["may_add"]
        ],
        [&json!(sha256(PDF)), &json!(false), &json!(false)]
    );
    assert_eq!(listed["items"][0]["actions"], json!([]));
    house.get(&auditor, &path).await.problem(403, "not_allowed");
    house
        .attach(&auditor, &id, ("b.pdf", "evidence"), PDF)
        .await
        .problem(403, "not_allowed");
    house
        .get(&stranger, &at(&id))
        .await
        .problem(404, "incident_not_found");
    house
        .get(&stranger, &path)
        .await
        .problem(404, "incident_not_found");
    house
        .attach(&stranger, &id, ("b.pdf", "evidence"), PDF)
        .await
        .problem(404, "incident_not_found");
    // A file is found in its own incident alone.
    let elsewhere = house.lose(&owner, "10450002").await;
    let moved = format!("{}/{}", at(&elsewhere), file["id"].as_str().unwrap());
    house
        .get(&owner, &moved)
        .await
        .problem(404, "attachment_not_found");
}

#[tokio::test]
async fn what_was_taken_back_is_shown_so_and_its_bytes_stay_until_the_case_is_closed() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let id = house.lose(&owner, "10450001").await;
    let file = house.attach(&owner, &id, ("a.pdf", "evidence"), PDF).await.ok();
    let stays = house
        .attach(&owner, &id, ("b.pdf", "evidence"), b"%PDF-1.7 b")
        .await
        .ok();
    let path = format!("{}/{}", at(&id), file["id"].as_str().unwrap());
    let why = json!({ "ground": "别的案件的" });
    house
        .post(&owner, &format!("{path}/withdraw"), json!({ "ground": " " }))
        .await
        .problem(422, "invalid_field");
    let back = house
        .post(&owner, &format!("{path}/withdraw"), why.clone())
        .await
        .ok();
    assert_eq!(
        (&back["state"], &back["withdrawn"]["ground"]),
        (&json!("withdrawn"), &why["ground"])
    );
    house
        .post(&owner, &format!("{path}/withdraw"), why)
        .await
        .problem(409, "wrong_state");
    assert_eq!(
        house.told(&owner, &id, "file_withdrawn").await,
        ["a.pdf\n别的案件的"]
    );
    assert_eq!(house.get(&owner, &path).await.status, StatusCode::OK);
    // The same content may be brought again.
    let again = house.attach(&owner, &id, ("a.pdf", "evidence"), PDF).await;
    assert_eq!(again.status, StatusCode::CREATED);
    house
        .post(
            &owner,
            &format!("/api/v1/incidents/{id}/found"),
            json!({ "kind": "false_alarm", "statement": "柜台下" }),
        )
        .await
        .ok();
    house
        .post(&risk, &format!("/api/v1/incidents/{id}/found/confirm"), json!({}))
        .await
        .ok();
    house
        .attach(&owner, &id, ("c.pdf", "evidence"), b"%PDF-1.7 c")
        .await
        .problem(409, "wrong_state");
    house.forget_files().await;
    house.get(&owner, &path).await.problem(410, "file_gone");
    let listed = house.files(&owner, &id).await;
    assert_eq!(
        [&listed[0]["is_there"], &listed[0]["sha256"]],
        [&json!(false), &file["sha256"]]
    );
    let kept = format!("{}/{}", at(&id), stays["id"].as_str().unwrap());
    assert_eq!(house.get(&owner, &kept).await.status, StatusCode::OK);
}

impl House {
    /// What a node forgets of files by itself, to its end.
    async fn forget_files(&self) {
        let forget = |tx: &store::Tx<'_>| {
            while app::piece::forget(tx)? {}
            Ok::<_, store::Error>(())
        };
        self.node.write(forget).await.unwrap();
    }
}

#[tokio::test]
async fn a_film_that_is_kept_elsewhere_is_known_by_what_is_said_of_it() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let path = format!("{}/stated", at(&id));
    let said = json!({ "name": "监控 12.mp4", "size": 734_003_200, "sha256": "9F".repeat(32) });
    let file = house.post(&owner, &path, said.clone()).await;
    assert_eq!(file.status, StatusCode::CREATED, "{}", file.body);
    let file = file.body;
    assert_eq!(
        [
            &file["purpose"],
            &file["kind"],
            &file["sent_size"],
            &file["sha256"],
            &file["is_there"]
        ],
        [
            &json!("stated"),
            &json!("unseen"),
            &json!(734_003_200),
            &json!("9f".repeat(32)),
            &json!(false)
        ]
    );
    assert_eq!(
        house.post(&owner, &path, said).await.status,
        StatusCode::OK,
        "it was said before"
    );
    let bytes = format!("{}/{}", at(&id), file["id"].as_str().unwrap());
    house.get(&owner, &bytes).await.problem(409, "file_elsewhere");
    for (field, said) in [
        (
            "sha256",
            json!({ "name": "a.mp4", "size": 1, "sha256": "9f".repeat(31) }),
        ),
        (
            "sha256",
            json!({ "name": "a.mp4", "size": 1, "sha256": "zz".repeat(32) }),
        ),
        (
            "size",
            json!({ "name": "a.mp4", "size": 0, "sha256": "9f".repeat(32) }),
        ),
        (
            "name",
            json!({ "name": " ", "size": 1, "sha256": "9f".repeat(32) }),
        ),
    ] {
        let refused = house.post(&owner, &path, said).await;
        refused.problem(422, "invalid_field");
        assert_eq!(refused.body["field"], field);
    }
    // What is stated is not brought by that name.
    house
        .attach(&owner, &id, ("a.pdf", "stated"), PDF)
        .await
        .problem(422, "invalid_field");
}

#[tokio::test]
async fn one_account_has_two_files_on_their_way_at_a_time() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let places = [house.state.files.take("owner"), house.state.files.take("owner")];
    let busy = house.attach(&owner, &id, ("a.pdf", "evidence"), PDF).await;
    busy.problem(429, "files_busy");
    assert!(busy.headers.contains_key(header::RETRY_AFTER));
    drop(places);
    assert_eq!(
        house.attach(&owner, &id, ("a.pdf", "evidence"), PDF).await.status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_scan_proves_a_duty_that_takes_one_as_long_as_it_is_the_incidents() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let reported = json!({ "terminal_id": "10450001", "manner": "stolen" });
    let id = house.post(&owner, "/api/v1/incidents", reported).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let draw = id.clone();
    house
        .node
        .write::<_, store::Error>(move |tx| app::duty::draw_up(tx, &draw))
        .await
        .unwrap();
    let elsewhere = house.lose(&owner, "10450002").await;
    let duties = house
        .get(&owner, &format!("/api/v1/incidents/{id}/duties"))
        .await
        .ok();
    let duty = |name: &str| {
        let all = duties["items"].as_array().unwrap().iter();
        all.clone().find(|duty| duty["duty"] == name).unwrap().clone()
    };
    let (police, check) = (duty("police_report"), duty("check_transactions"));
    assert_eq!(
        (&police["takes_file"], &check["takes_file"]),
        (&json!(true), &json!(false))
    );
    let done = async |duty: &Value, file: &Value| {
        let body = json!({ "proof": { "attachment": file["id"] } });
        house
            .post(
                &owner,
                &format!("/api/v1/duties/{}/done", duty["id"].as_str().unwrap()),
                body,
            )
            .await
    };
    let file = house
        .attach(&owner, &id, ("回执.pdf", "evidence"), PDF)
        .await
        .ok();
    let others = house
        .attach(&owner, &elsewhere, ("b.pdf", "evidence"), PDF)
        .await
        .ok();
    let back = house
        .attach(&owner, &id, ("c.pdf", "evidence"), b"%PDF-1.7 c")
        .await
        .ok();
    let take_back = async |file: &Value| {
        let path = format!("{}/{}/withdraw", at(&id), file["id"].as_str().unwrap());
        house
            .post(&owner, &path, json!({ "ground": "传错了" }))
            .await
            .ok()
    };
    take_back(&back).await;
    for (duty, file) in [
        (&police, &others),
        (&police, &back),
        (&check, &file),
        (&police, &json!({ "id": "NONE0000" })),
    ] {
        let refused = done(duty, file).await;
        refused.problem(422, "invalid_field");
        assert_eq!(refused.body["field"], "proof.attachment");
    }
    let shown = done(&police, &file).await.ok();
    assert_eq!(shown["state"], "done");
    assert_eq!(
        shown["end"]["attachment"],
        json!({ "id": file["id"], "name": "回执.pdf", "sha256": sha256(PDF), "is_withdrawn": false })
    );
    assert!(house.told(&owner, &id, "duty_done").await[0].contains(&sha256(PDF)));
    // That its proof was taken back is seen on the duty; and a duty that is to be done after all has none.
    take_back(&file).await;
    let seen = house
        .get(&owner, &format!("/api/v1/incidents/{id}/duties"))
        .await
        .ok();
    let seen = seen["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|duty| duty["duty"] == "police_report")
        .unwrap()
        .clone();
    assert_eq!(
        (&seen["state"], &seen["end"]["attachment"]["is_withdrawn"]),
        (&json!("done"), &json!(true))
    );
    let path = format!("/api/v1/duties/{}/reopen", police["id"].as_str().unwrap());
    let open = house
        .post(&owner, &path, json!({ "ground": "回执作废" }))
        .await
        .ok();
    assert_eq!((&open["state"], &open["end"]), (&json!("open"), &Value::Null));
}

#[tokio::test]
async fn a_scan_of_what_the_police_gave_stands_with_it_and_shows_that_it_was_reported() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let other = house.lose(&owner, "10450002").await;
    house
        .get(&owner, &format!("/api/v1/incidents/{id}/duties"))
        .await
        .ok();
    let scan = house.attach(&owner, &id, ("receipt.pdf", "evidence"), PDF).await;
    let scan = scan.body["id"].as_str().unwrap().to_owned();
    let paper = |attachment: &str| {
        json!({
            "action": "accept", "number": "7", "office": "Station 9", "on": super::duty::today(), "attachment": attachment,
        })
    };
    let police = |id: &str| format!("/api/v1/incidents/{id}/police");
    // A file of another case is none here.
    let refused = house.post(&owner, &police(&other), paper(&scan)).await;
    assert_eq!(refused.problem(422, "invalid_field").body["field"], "attachment");
    let kept = house.post(&owner, &police(&id), paper(&scan)).await.ok();
    let entry = &kept["entries"][0];
    assert_eq!(
        (&entry["attachment"]["id"], &entry["attachment"]["is_withdrawn"]),
        (&json!(scan), &json!(false))
    );
    let duties = house
        .get(&owner, &format!("/api/v1/incidents/{id}/duties"))
        .await
        .ok();
    let mut duties = duties["items"].as_array().unwrap().iter();
    let report = duties.find(|duty| duty["duty"] == "police_report").unwrap();
    assert_eq!(report["end"]["attachment"]["id"], json!(scan));
}
