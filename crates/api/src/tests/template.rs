//! Templates of the house's documents: written by one, tried, signed off by another, and used.

use axum::http::{Method, StatusCode, header};
use domain::account::Role;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Answer, House, request, sign_in};

const TEMPLATES: &str = "/api/v1/templates";

fn at(id: &Value, rest: &str) -> String {
    format!("{TEMPLATES}/{}{rest}", id.as_str().unwrap())
}

async fn write(house: &House, token: &str, seen: &Value, text: &str) -> Answer {
    let said = json!({ "sha256": seen["sha256"], "text": text });
    let request = request(Method::PUT, &at(&seen["id"], ""), token, Some(said));
    house.send(request).await
}

/// A draft of the police's packet that says this.
async fn draft(house: &House, token: &str, text: &str) -> Value {
    let draft = house
        .post(token, TEMPLATES, json!({ "template": "police_packet" }))
        .await
        .ok();
    write(house, token, &draft, text).await.ok()
}

async fn step(house: &House, token: &str, seen: &Value, step: &str) -> Answer {
    let said = json!({ "sha256": seen["sha256"] });
    house.post(token, &at(&seen["id"], step), said).await
}

/// The job that the packet was made of, and what the record says of it.
async fn packet(house: &House, token: &str, id: &str) -> (Value, String) {
    let path = format!("/api/v1/incidents/{id}/documents/police_packet.pdf?language=en");
    let text = house.text(token, &path).await;
    let timeline = house
        .get(token, &format!("/api/v1/incidents/{id}/timeline"))
        .await
        .ok();
    let made = timeline["items"].as_array().unwrap().iter();
    let mut made = made.filter(|item| item["kind"] == "document_made");
    let newest = made.next_back().unwrap()["text"].as_str().unwrap().to_owned();
    let job = serde_json::from_str(text.strip_prefix("%PDF-").unwrap()).unwrap();
    (job, newest)
}

#[tokio::test]
async fn a_template_is_used_once_a_second_person_has_signed_off_the_text_that_was_seen() {
    let house = House::new().await;
    house.officer("risk2", Role::RiskOfficer).await;
    let (owner, risk, risk2) = (
        house.token("owner").await,
        house.token("risk").await,
        house.token("risk2").await,
    );
    let begins = json!({ "template": "police_packet" });
    house
        .post(&owner, TEMPLATES, begins.clone())
        .await
        .problem(403, "not_allowed");
    let empty = house.get(&owner, TEMPLATES).await.ok();
    assert_eq!(empty["writes"], false);
    assert_eq!(empty["items"].as_array().unwrap().len(), 3);

    let first = house.post(&risk, TEMPLATES, begins).await.ok();
    assert_eq!(first["text"], first["used"], "it begins as what is used");
    assert_eq!((&first["version"], &first["state"]), (&json!(2), &json!("draft")));
    let seen = write(&house, &risk, &first, "a letterhead").await.ok();
    write(&house, &risk2, &first, "another")
        .await
        .problem(409, "text_changed");
    step(&house, &risk, &first, "/propose")
        .await
        .problem(409, "text_changed");
    for wrong in [String::new(), "x".repeat(domain::revision::TEXT_BYTES_MAX + 1)] {
        write(&house, &risk, &seen, &wrong)
            .await
            .problem(422, "invalid_field");
    }
    let proposed = step(&house, &risk, &seen, "/propose").await.ok();
    assert_eq!(proposed["state"], "proposed");
    step(&house, &risk, &seen, "/sign-off")
        .await
        .problem(403, "second_person_required");
    let other = json!({ "id": seen["id"], "sha256": first["sha256"] });
    step(&house, &risk2, &other, "/sign-off")
        .await
        .problem(409, "text_changed");

    sign_in(&house, "10450001").await;
    let id = house.lose(&owner, "10450001").await;
    let (job, said) = packet(&house, &owner, &id).await;
    assert_eq!(job["template"], "police_packet");
    assert!(said.starts_with("police_packet en sha256:"), "{said}");

    let used = step(&house, &risk2, &seen, "/sign-off").await.ok();
    assert_eq!(used["state"], "in_use");
    let (job, said) = packet(&house, &owner, &id).await;
    assert_eq!(
        (&job["template"], &job["template_text"]),
        (&Value::Null, &json!("a letterhead"))
    );
    assert_eq!(job["data"]["number"], json!(id));
    let template = format!(
        "police_packet en template:{} sha256:",
        seen["id"].as_str().unwrap()
    );
    assert!(said.starts_with(&template), "{said}");

    // Its use ends by two people, too, and not without a reason.
    let silent = house.post(&risk, &at(&seen["id"], "/withdraw"), json!({})).await;
    assert_eq!(silent.problem(422, "invalid_field").body["field"], "note");
    let end = json!({ "note": "the old one was better" });
    let ending = house.post(&risk, &at(&seen["id"], "/withdraw"), end).await.ok();
    assert_eq!(ending["state"], "withdrawal_proposed");
    assert_eq!(
        packet(&house, &owner, &id).await.0["template_text"],
        "a letterhead"
    );
    step(&house, &risk2, &seen, "/sign-off").await.ok();
    assert_eq!(packet(&house, &owner, &id).await.0["template"], "police_packet");
}

#[tokio::test]
async fn what_cannot_be_set_is_named_and_never_proposed() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let look =
        |text: &str| json!({ "template": "police_packet", "text": text, "language": "en", "known": "few" });
    let preview = format!("{TEMPLATES}/preview");
    house
        .post(&owner, &preview, look("a"))
        .await
        .problem(403, "not_allowed");
    let wrong = house.post(&risk, &preview, look("a ☂")).await;
    wrong.problem(422, "template_not_set");
    assert_eq!(wrong.body["detail"], "line 2: unknown variable: nothing");
    let greedy = house.post(&risk, &preview, look("a ☇")).await;
    greedy.problem(422, "template_not_set");
    house
        .post(&risk, &preview, look("a ☃"))
        .await
        .problem(422, "document_not_rendered");
    let asked = request(Method::POST, &preview, &risk, Some(look("a letterhead")));
    let answer = house.api.clone().oneshot(asked).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/pdf");

    let seen = draft(&house, &risk, "a ☂").await;
    step(&house, &risk, &seen, "/propose")
        .await
        .problem(422, "template_not_set");
    let kept = house.get(&risk, &at(&seen["id"], "")).await.ok();
    assert_eq!((&kept["state"], &kept["text"]), (&json!("draft"), &json!("a ☂")));
}

#[tokio::test]
async fn a_template_that_a_case_breaks_keeps_nobody_from_the_document() {
    let house = House::new().await;
    house.officer("risk2", Role::RiskOfficer).await;
    let (owner, risk, risk2) = (
        house.token("owner").await,
        house.token("risk").await,
        house.token("risk2").await,
    );
    sign_in(&house, "10450001").await;
    let id = house.lose(&owner, "10450001").await;
    // With invented data it can be set.
    let seen = draft(&house, &risk, "a ☔").await;
    step(&house, &risk, &seen, "/propose").await.ok();
    step(&house, &risk2, &seen, "/sign-off").await.ok();
    let (job, said) = packet(&house, &owner, &id).await;
    assert_eq!(job["template"], "police_packet");
    let not_set = format!(
        "police_packet en not_set:{} sha256:",
        seen["id"].as_str().unwrap()
    );
    assert!(said.starts_with(&not_set), "{said}");
}
