//! What the OpenAPI document says of every endpoint, and what holds for every list.

use serde_json::{Value, json};

use super::{House, TERMINALS};
use crate::openapi;

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
