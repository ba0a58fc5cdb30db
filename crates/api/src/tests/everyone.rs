//! What holds for every endpoint: the list comes from the OpenAPI document, so a new one cannot be forgotten.

use axum::http::Method;
use serde_json::{Value, json};

use super::{House, TERMINALS, request};
use crate::openapi;

/// Every endpoint of the document, its parameters filled in.
fn endpoints(terminal: &str, incident: &str) -> Vec<(Method, String)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut endpoints = Vec::new();
    for (path, methods) in paths {
        let filled = path
            .replace("{terminal_id}", terminal)
            .replace("{incident_id}", incident);
        assert!(
            !filled.contains('{'),
            "unknown parameter in {path}: say here what to fill in"
        );
        for method in methods.as_object().unwrap().keys() {
            endpoints.push((method.to_uppercase().parse().unwrap(), filled.clone()));
        }
    }
    assert!(endpoints.len() >= 16, "the document is incomplete");
    endpoints
}

/// A right body for each POST.
fn body(path: &str, terminal: &str) -> Value {
    match path.rsplit('/').next().unwrap() {
        "incidents" => json!({ "terminal_id": terminal }),
        "unlock" => json!({ "operator": "001", "password": "246810" }),
        "found" => json!({ "statement": "behind the counter" }),
        _ => json!({}),
    }
}

fn is_log_in(method: &Method, path: &str) -> bool {
    (method, path) == (&Method::POST, "/api/v1/session")
}

#[test]
fn every_operation_of_the_document_has_its_own_name() {
    let document = serde_json::to_value(openapi()).unwrap();
    let methods = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values());
    let mut names: Vec<&str> = methods
        .map(|method| method["operationId"].as_str().unwrap())
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
}

#[tokio::test]
async fn without_a_session_nothing_is_shown_or_done() {
    let house = House::new().await;
    for (method, path) in endpoints("10450001", "7K2M9QXA") {
        if is_log_in(&method, &path) {
            continue;
        }
        for token in ["", "nonsense", &"A".repeat(43)] {
            let body = (method == Method::POST).then(|| body(&path, "10450001"));
            let answer = house.send(request(method.clone(), &path, token, body)).await;
            answer.problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn an_auditor_changes_nothing() {
    let house = House::new().await;
    let (owner, auditor) = (house.token("owner").await, house.token("auditor").await);
    let incident = house.lose(&owner, "10450001").await;
    for (method, path) in endpoints("10450001", &incident) {
        if method == Method::POST && !is_log_in(&method, &path) {
            let answer = house.post(&auditor, &path, body(&path, "10450002")).await;
            answer.problem(403, "not_allowed");
        }
    }
    assert_eq!(
        house.get(&auditor, "/api/v1/incidents").await.ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn what_belongs_to_others_does_not_exist() {
    let house = House::new().await;
    let (owner, stranger) = (house.token("owner").await, house.token("stranger").await);
    let incident = house.lose(&owner, "10450001").await;
    let named = |path: &str| path.contains("10450001") || path.contains(&incident);
    let mut asked = 0;
    for (method, path) in endpoints("10450001", &incident) {
        let body = (method == Method::POST).then(|| body(&path, "10450001"));
        let names_it = named(&path) || (method == Method::POST && path == "/api/v1/incidents");
        if names_it {
            asked += 1;
            let answer = house.send(request(method.clone(), &path, &stranger, body)).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
        }
    }
    assert!(asked >= 11, "{asked}");
    for path in [
        "/api/v1/transactions?terminal_id=10450001",
        "/api/v1/incidents?terminal_id=10450001",
    ] {
        house
            .get(&stranger, path)
            .await
            .problem(404, "terminal_not_found");
    }
}

#[tokio::test]
async fn lists_show_each_account_its_own() {
    let house = House::new().await;
    for (login, shops, terminals) in [
        ("owner", 2, 3),
        ("manager", 1, 2),
        ("stranger", 1, 1),
        ("risk", 3, 4),
    ] {
        let token = house.token(login).await;
        let seen = house.get(&token, "/api/v1/shops").await.ok();
        assert_eq!(seen["items"].as_array().unwrap().len(), shops, "{login}");
        let seen = house.get(&token, "/api/v1/terminals").await.ok();
        assert_eq!(seen["items"].as_array().unwrap().len(), terminals, "{login}");
        assert_eq!(seen["counts"]["running"], terminals, "{login}");
    }
    assert_eq!(TERMINALS.len(), 4);
}

#[tokio::test]
async fn only_risk_officers_and_auditors_see_the_gate() {
    let house = House::new().await;
    for login in ["owner", "manager"] {
        let token = house.token(login).await;
        house
            .get(&token, "/api/v1/gate")
            .await
            .problem(403, "not_allowed");
    }
    for login in ["risk", "auditor"] {
        let token = house.token(login).await;
        let gate = house.get(&token, "/api/v1/gate").await.ok();
        assert_eq!(
            (&gate["connections"], &gate["reversals_owed"]),
            (&json!(0), &json!(0))
        );
    }
}
