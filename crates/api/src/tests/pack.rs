//! Evidence packs of an incident: what each reader gets, that it verifies, and what ends one.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use ::pack::contents::{Contents, Why};
use axum::body::to_bytes;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use domain::pack::Audience;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

use super::{House, request, sign_in};

const RECEIPT: &[u8] = b"%PDF-1.7\nthe receipt of the police\n";
const WITHDRAWN: &[u8] = b"%PDF-1.7\nof another case\n";
const PHOTO: &[u8] = b"\xFF\xD8\xFF\xE1\0\x10Exif\0\0 taken at 31.23 N";

fn at(id: &str, audience: &str) -> String {
    format!("/api/v1/incidents/{id}/pack?for={audience}")
}

/// A pack that was handed out.
struct Had {
    bytes: Vec<u8>,
    contents: Contents,
}

impl Had {
    fn file(&self, name: &str) -> Vec<u8> {
        let mut zip = zip::ZipArchive::new(Cursor::new(&self.bytes)).unwrap();
        let mut bytes = Vec::new();
        zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn names(&self) -> BTreeSet<String> {
        let zip = zip::ZipArchive::new(Cursor::new(&self.bytes)).unwrap();
        zip.file_names().map(|name| name.unwrap().into_owned()).collect()
    }

    /// All of it that is text.
    fn text(&self) -> String {
        let files = self.names().into_iter().map(|name| self.file(&name));
        files
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect()
    }

    fn records(&self) -> Vec<Value> {
        let text = String::from_utf8(self.file("audit.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The records of one verb.
    fn told(&self, verb: &str) -> Vec<Value> {
        let is_of = |record: &Value| {
            record["leaf"]
                .as_str()
                .unwrap()
                .contains(&format!("\"verb\":\"{verb}\""))
        };
        self.records().into_iter().filter(is_of).collect()
    }
}

impl House {
    async fn asked_pack(&self, token: &str, path: &str) -> Response {
        let asked = request(Method::GET, path, token, None);
        self.api.clone().oneshot(asked).await.unwrap()
    }

    /// A pack, which verifies.
    async fn pack(&self, token: &str, id: &str, audience: &str) -> Had {
        let answer = self.asked_pack(token, &at(id, audience)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let bytes = to_bytes(answer.into_body(), 64 << 20).await.unwrap().to_vec();
        let path = self.folder.join(format!("{audience}.zip"));
        std::fs::write(&path, &bytes).unwrap();
        let node = self.node.clone();
        let signer = node::audit::signer(&node.store, &node.sealer).unwrap();
        let verified = ::pack::verify(&path, Some(signer.key().clone())).unwrap();
        assert!(!verified.is_all && !verified.has_own_stamp);
        let contents = verified.contents.unwrap();
        assert_eq!(
            (contents.r#for.as_str(), contents.incident_id.as_str()),
            (audience, id)
        );
        Had { bytes, contents }
    }

    /// What was said of packs on the time line.
    async fn packs_told(&self, token: &str, id: &str) -> Vec<String> {
        let path = format!("/api/v1/incidents/{id}/timeline");
        let timeline = self.get(token, &path).await.ok();
        let items = timeline["items"].as_array().unwrap().iter();
        let items = items.filter(|item| item["kind"] == "pack_made");
        items
            .map(|item| item["text"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A theft of which there is something of everything.
    async fn theft(&self, owner: &str) -> String {
        sign_in(self, "10450001").await;
        self.sell("10450001", 7).await;
        let said =
            json!({ "terminal_id": "10450001", "manner": "stolen", "circumstances": "从柜台上拿走了" });
        let reported = self.post(owner, "/api/v1/incidents", said).await.ok();
        let id = reported["id"].as_str().unwrap().to_owned();
        self.ask("10450001", 8).await;
        let incident = format!("/api/v1/incidents/{id}");
        let paper = json!({ "action": "accept", "number": "受案〔2026〕0417", "office": "城南派出所", "on": today() });
        self.post(owner, &format!("{incident}/police"), paper).await.ok();
        self.attach(owner, &id, ("回执.pdf", "evidence"), RECEIPT)
            .await
            .ok();
        self.attach(owner, &id, ("柜台.jpg", "photo"), PHOTO).await.ok();
        let wrong = self
            .attach(owner, &id, ("别的.pdf", "evidence"), WITHDRAWN)
            .await
            .ok();
        let wrong = wrong["id"].as_str().unwrap();
        let ground = json!({ "ground": "传错了" });
        self.post(owner, &format!("{incident}/attachments/{wrong}/withdraw"), ground)
            .await
            .ok();
        let film = json!({ "name": "监控.mp4", "size": 734_003_200, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" });
        self.post(owner, &format!("{incident}/attachments/stated"), film)
            .await
            .ok();
        self.post(
            owner,
            &format!("{incident}/comments"),
            json!({ "text": "会不会是他干的" }),
        )
        .await
        .ok();
        id
    }
}

/// By the clock of the terminals.
fn today() -> String {
    let now = jiff::Timestamp::from_millisecond(node::now().0).unwrap();
    now.in_tz("Asia/Shanghai").unwrap().date().to_string()
}

#[tokio::test]
async fn each_reader_gets_what_is_for_it_and_nothing_else() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.theft(&owner).await;
    let police = house.pack(&owner, &id, "police").await;
    let bank = house.pack(&owner, &id, "bank").await;
    let insurer = house.pack(&owner, &id, "insurer").await;
    let court = house.pack(&owner, &id, "court").await;

    let has = |had: &Had, folder: &str| -> Vec<String> {
        let names = had.names().into_iter();
        names
            .filter_map(|name| Some(name.strip_prefix(folder)?.to_owned()))
            .collect()
    };
    let packet = ["police_packet-en.pdf", "police_packet-zh.pdf"];
    let claim = [
        "claim_report-en.csv",
        "claim_report-en.pdf",
        "claim_report-zh.csv",
        "claim_report-zh.pdf",
    ];
    assert_eq!(has(&police, "documents/"), packet);
    assert!(has(&bank, "documents/").is_empty());
    assert_eq!(has(&insurer, "documents/"), claim);
    assert_eq!(has(&court, "documents/"), [&claim[..], &packet].concat());
    let originals = [
        "police.json",
        "receipts.json",
        "report.json",
        "transactions.jsonl",
    ];
    for had in [&police, &bank, &court] {
        assert_eq!(has(had, "originals/"), originals);
    }
    assert_eq!(has(&insurer, "originals/"), originals[..3]);
    // Nobody has said yet what the files show.
    assert_eq!(has(&police, "attachments/").len(), 2);
    assert_eq!(has(&court, "attachments/").len(), 2);
    assert!(has(&bank, "attachments/").is_empty() && has(&insurer, "attachments/").is_empty());
    for (had, count) in [(&police, 1), (&court, 1), (&bank, 0), (&insurer, 0)] {
        assert_eq!(had.contents.elsewhere.len(), count);
        assert!(had.contents.elsewhere.iter().all(|file| file.why == Why::Stated));
    }

    for had in [&police, &bank, &insurer] {
        let text = had.text();
        for hidden in [
            "会不会是他干的",
            "传错了",
            "of another case",
            "\"actor\":\"owner\"",
        ] {
            assert!(!text.contains(hidden), "{hidden} for {}", had.contents.r#for);
        }
        assert!(had.told("commented").is_empty() && had.told("file_withdrawn").is_empty());
        // What is told proves itself all the same.
        let reported = &had.told("reported")[0];
        assert_eq!(
            (&reported["actor"], &reported["salt"]),
            (&Value::Null, &Value::Null)
        );
    }
    assert!(!bank.text().contains("从柜台上拿走了"));
    assert!(police.text().contains("从柜台上拿走了") && insurer.text().contains("从柜台上拿走了"));
    assert!(police.text().contains("\\\"operator\\\":\\\"001\\\"") && !bank.text().contains("operator"));
    assert!(!insurer.text().contains("622424"));
    assert!(!String::from_utf8_lossy(&court.text().into_bytes()).contains("of another case"));
    assert_eq!(court.told("commented")[0]["text"], "会不会是他干的");
    assert_eq!(court.told("reported")[0]["actor"], "owner");
    // All of it, and who of the house did it.
    assert!(
        court
            .records()
            .iter()
            .all(|record| record["actor"] != Value::Null || record["rows"] != Value::Null)
    );
    // The newest of all is proven: a pack that was made before.
    assert_eq!(court.told("pack_made").len(), 3);
}

#[tokio::test]
async fn a_pack_leaves_as_something_to_keep_and_as_an_event_with_its_digest() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let answer = house.asked_pack(&owner, &at(&id, "police")).await;
    let told = |name| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(told(header::CONTENT_TYPE), "application/zip");
    assert_eq!(told(header::CACHE_CONTROL), "no-store");
    let name = format!("attachment; filename=\"evidence-{id}-police-{}.zip\"", today());
    assert_eq!(told(header::CONTENT_DISPOSITION), name);
    let len: usize = told(header::CONTENT_LENGTH).parse().unwrap();
    let bytes = to_bytes(answer.into_body(), 64 << 20).await.unwrap();
    assert_eq!(bytes.len(), len);
    let mut zip = zip::ZipArchive::new(Cursor::new(&bytes[..])).unwrap();
    let mut sums = Vec::new();
    zip.by_name("SHA256SUMS").unwrap().read_to_end(&mut sums).unwrap();
    let digest = domain::hex::of(&Sha256::digest(&sums));
    assert_eq!(
        house.packs_told(&owner, &id).await,
        [format!("police sha256:{digest}")]
    );
    let left: Vec<_> = std::fs::read_dir(&house.folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| name.to_str().unwrap().starts_with("store.db")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_file_that_is_not_what_was_kept_ends_a_pack_and_leaves_no_event() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.theft(&owner).await;
    house.behind_our_back("UPDATE attachment_piece SET sealed = zeroblob(64)");
    let answer = house.get(&owner, &at(&id, "court")).await;
    answer.problem(500, "pack_not_whole");
    assert!(
        answer.body["detail"].as_str().unwrap().contains(".jpg")
            || answer.body["detail"].as_str().unwrap().contains(".pdf")
    );
    assert!(house.packs_told(&owner, &id).await.is_empty());
    // Who does not get it has a pack all the same.
    house.pack(&owner, &id, "insurer").await;
    house.behind_our_back("DELETE FROM attachment_piece");
    house
        .get(&owner, &at(&id, "police"))
        .await
        .problem(500, "pack_not_whole");
}

#[tokio::test]
async fn a_document_that_cannot_be_set_ends_a_pack() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let said = json!({ "terminal_id": "10450001", "circumstances": "☃" });
    let id = house.post(&owner, "/api/v1/incidents", said).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    house
        .get(&owner, &at(&id, "police"))
        .await
        .problem(422, "document_not_rendered");
    assert!(house.packs_told(&owner, &id).await.is_empty());
    house.pack(&owner, &id, "bank").await;
}

#[tokio::test]
async fn who_has_not_just_proved_who_it_is_gets_none_nor_does_a_cookie_alone() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let path = at(&id, "police");
    let head = request(Method::HEAD, &path, &owner, None);
    let head = house.api.clone().oneshot(head).await.unwrap();
    assert_eq!(head.status(), StatusCode::METHOD_NOT_ALLOWED);
    let mut by_cookie = request(Method::GET, &path, "", None);
    let cookie = format!("tillguard_session={owner}").parse().unwrap();
    by_cookie.headers_mut().insert(header::COOKIE, cookie);
    house.send(by_cookie).await.problem(403, "cross_origin");
    house
        .get(&owner, &at(&id, "press"))
        .await
        .problem(422, "invalid_field");
    house
        .get(&owner, &format!("/api/v1/incidents/{id}/pack"))
        .await
        .problem(422, "invalid_field");
    house.behind_our_back("UPDATE session SET proved_at_ms = proved_at_ms - 3600000");
    house.get(&owner, &path).await.problem(403, "step_up_required");
    assert!(house.packs_told(&owner, &id).await.is_empty());
}

#[tokio::test]
async fn few_are_made_at_once_and_a_place_is_free_again() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let id = house.lose(&owner, "10450001").await;
    let path = at(&id, "bank");
    let being_made = house.state.packs.take("owner").unwrap();
    let refused = house.get(&owner, &path).await;
    refused.problem(429, "packs_busy");
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
    let other = house.state.packs.take("auditor").unwrap();
    house.get(&risk, &path).await.problem(429, "packs_busy");
    drop(other);
    house.pack(&risk, &id, "bank").await;
    drop(being_made);
    house.pack(&owner, &id, "bank").await;
    for audience in Audience::ALL {
        house.pack(&risk, &id, audience.code()).await;
    }
}

#[tokio::test]
async fn a_letter_that_went_out_is_in_the_pack_of_who_investigates_as_it_was() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let said = json!({ "kind": "inquiry", "language": "zh", "to": { "name": "城南银行" }, "due_in_days": 7 });
    let path = format!("/api/v1/incidents/{id}/letters");
    let letter = house.post(&owner, &path, said.clone()).await.body;
    house.post(&owner, &path, said).await;
    let path = format!("/api/v1/letters/{}/send", letter["id"].as_str().unwrap());
    let sent = house.post(&owner, &path, json!({ "by": "hand" })).await.ok();
    let police = house.pack(&owner, &id, "police").await;
    let number = sent["number"].as_str().unwrap();
    let document = police.file(&format!("documents/letter-{number}.pdf"));
    let digest = domain::hex::of(&Sha256::digest(&document));
    assert_eq!(sent["document_sha256"], json!(digest));
    let letters: Value = serde_json::from_slice(&police.file("originals/letters.json")).unwrap();
    assert_eq!(letters.as_array().unwrap().len(), 1, "a draft is nobody's");
    assert_eq!(letters[0]["document_sha256"], json!(digest));
    assert_eq!(police.told("letter_handed_over").len(), 1);
    assert_eq!(police.told("letter_written").len(), 0);
    // Another bank has nothing to do with it.
    let bank = house.pack(&owner, &id, "bank").await;
    assert!(
        !bank.names().iter().any(|name| name.contains("letter-")),
        "{:?}",
        bank.names()
    );
    assert!(!bank.text().contains("城南银行") && bank.told("letter_handed_over").is_empty());
}
