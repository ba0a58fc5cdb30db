//! What holds for every endpoint: the list comes from the OpenAPI document, so a new one cannot be forgotten.

use axum::http::Method;
use serde_json::{Value, json};

use super::{House, OURS, TERMINALS, request};
use crate::openapi;

/// One endpoint of the document.
struct Endpoint {
    method: Method,
    /// Its parameters filled in.
    path: String,
    /// The example of its body, about this terminal where it names one.
    body: Option<Value>,
}

impl Endpoint {
    fn changes(&self) -> bool {
        self.method != Method::GET
    }
}

/// One of every noun that has a path of its own, by the parameter that names it there.
async fn one_of_each(house: &House, owner: &str) -> Vec<(&'static str, String)> {
    vec![
        ("terminal_id", "10450001".to_owned()),
        ("incident_id", house.lose(owner, "10450001").await),
        ("contact_id", house.contact(owner, OURS).await),
        ("work_id", house.stuck("10450001", 7).await),
        ("merchant_id", OURS.to_owned()),
        ("shop_id", "S01".to_owned()),
        ("operator_id", "S01.001".to_owned()),
        ("login", "manager".to_owned()),
        ("invitation_id", house.invite(owner).await),
        ("provider", "stripe".to_owned()),
        ("import_id", house.import(owner).await),
    ]
}

/// Every endpoint of the document, about these.
fn endpoints(ids: &[(&str, String)]) -> Vec<Endpoint> {
    let document = serde_json::to_value(openapi()).unwrap();
    let (_, terminal) = &ids[0];
    let mut endpoints = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let filled = ids.iter().fold(path.clone(), |path, (name, id)| {
            path.replace(&format!("{{{name}}}"), id)
        });
        assert!(
            !filled.contains('{'),
            "unknown parameter in {path}: say above what to fill in"
        );
        for (method, operation) in methods.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let body = schema
                .as_str()
                .map(|name| example(&document, name, path, terminal));
            endpoints.push(Endpoint {
                method: method.to_uppercase().parse().unwrap(),
                path: filled.clone(),
                body,
            });
        }
    }
    assert!(endpoints.len() >= 23, "the document is incomplete");
    endpoints
}

/// The example of a body, `{}` for what logs in and out.
fn example(document: &Value, name: &str, path: &str, terminal: &str) -> Value {
    let mut example = document.pointer(&name[1..]).unwrap()["example"].clone();
    assert!(
        example.is_object() || path == "/api/v1/session",
        "{path} has a body without an example"
    );
    if example["terminal_id"].is_string() {
        example["terminal_id"] = terminal.into();
    }
    example
}

/// What needs no session: the log-in, and whom to call when it fails; and the first run, which is over.
fn is_open(endpoint: &Endpoint) -> bool {
    is_log_in(endpoint)
        || sets_up(endpoint)
        || is_invited(endpoint)
        || (&endpoint.method, endpoint.path.as_str()) == (&Method::GET, "/api/v1/hotline")
}

fn is_log_in(endpoint: &Endpoint) -> bool {
    (&endpoint.method, endpoint.path.as_str()) == (&Method::POST, "/api/v1/session")
}

/// Whoever has the link of an invitation has no account yet.
fn is_invited(endpoint: &Endpoint) -> bool {
    endpoint.path.ends_with("/invitations/look") || endpoint.path.ends_with("/invitations/accept")
}

fn sets_up(endpoint: &Endpoint) -> bool {
    endpoint.path == "/api/v1/setup"
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

#[test]
fn the_document_names_nothing_that_it_does_not_have() {
    fn check(document: &Value, part: &Value) {
        if let Some(name) = part["$ref"].as_str() {
            assert!(document.pointer(&name[1..]).is_some(), "{name}");
        }
        let all = part.as_object().into_iter().flat_map(|object| object.values());
        all.chain(part.as_array().into_iter().flatten())
            .for_each(|part| check(document, part));
    }
    let document = serde_json::to_value(openapi()).unwrap();
    check(&document, &document);
}

#[test]
fn the_document_says_what_holds_for_every_route() {
    let document = serde_json::to_value(openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let all = paths
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().iter().map(move |one| (path, one)));
    for (path, (method, operation)) in all {
        let responses = operation["responses"].as_object().unwrap();
        for (status, response) in responses
            .iter()
            .filter(|(status, _)| *status >= &"400".to_owned())
        {
            let types: Vec<_> = response["content"].as_object().unwrap().keys().collect();
            assert_eq!(types, ["application/problem+json"], "{method} {path} {status}");
        }
        let mut wanted = vec!["400", "500", "503"];
        if operation["security"].is_null() {
            wanted.push("401");
        }
        if operation["requestBody"].is_object() {
            wanted.extend(["408", "413", "415", "422"]);
        }
        for status in wanted {
            assert!(
                responses.contains_key(status),
                "{method} {path} says nothing of {status}"
            );
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let schema = &parameter["schema"];
            if parameter["in"] == "query" {
                // It is said or not, but never null, and no text is without an end.
                let is_bounded = schema["type"] != "string"
                    || [&schema["maxLength"], &schema["enum"], &schema["format"]]
                        .iter()
                        .any(|bound| !bound.is_null());
                let is_one = schema["type"].is_string() || schema["$ref"].is_string();
                assert!(is_bounded && is_one, "{path} {parameter}");
            }
            if parameter["name"] == "limit" {
                let bounds = [&schema["minimum"], &schema["maximum"], &schema["default"]];
                assert_eq!(bounds, [&json!(1), &json!(1000), &json!(50)], "{path}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_session_nothing_is_shown_or_done() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    for endpoint in endpoints(&one_of_each(&house, &owner).await) {
        if is_open(&endpoint) {
            continue;
        }
        let Endpoint { method, path, body } = endpoint;
        for token in ["", "nonsense", &"A".repeat(43)] {
            let answer = house
                .send(request(method.clone(), &path, token, body.clone()))
                .await;
            answer.problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn an_auditor_changes_nothing() {
    let house = House::new().await;
    let (owner, auditor) = (house.token("owner").await, house.token("auditor").await);
    let mut ids = one_of_each(&house, &owner).await;
    ids[0].1 = "10450002".to_owned();
    let logs_out =
        |endpoint: &Endpoint| endpoint.method == Method::DELETE && endpoint.path.ends_with("/session");
    for endpoint in endpoints(&ids) {
        let is_open = is_log_in(&endpoint) || sets_up(&endpoint) || is_invited(&endpoint);
        if endpoint.changes() && !is_open && !logs_out(&endpoint) {
            let Endpoint { method, path, body } = endpoint;
            let answer = house.send(request(method, &path, &auditor, body)).await;
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
    let ids = one_of_each(&house, &owner).await;
    let mut asked = 0;
    for Endpoint { method, path, body } in endpoints(&ids) {
        let names_it = ids.iter().any(|(_, id)| path.contains(id))
            || (method == Method::POST && path == "/api/v1/incidents");
        if names_it {
            asked += 1;
            let answer = house.send(request(method.clone(), &path, &stranger, body)).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
        }
    }
    assert!(asked >= 15, "{asked}");
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
