//! Accounts with providers: a key goes in and never comes out.

use axum::http::Method;
use serde_json::{Value, json};

use super::{House, OURS, request};

const ALL: &str = "/api/v1/provider-accounts";

async fn put(house: &House, token: &str, path: &str, body: Value) -> super::Answer {
    house
        .send(request(Method::PUT, &format!("{ALL}/{path}"), token, Some(body)))
        .await
}

#[tokio::test]
async fn a_key_is_kept_sealed_and_never_told() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let path = format!("{OURS}/sumup");
    let said = json!({ "key": "sup_sk_verysecret", "account": "MC123", "address": "https://test.example" });
    let kept = put(&house, &owner, &path, said).await.ok();
    assert_eq!([&kept["provider"], &kept["account"]], ["sumup", "MC123"]);
    let listed = house.get(&owner, ALL).await.ok();
    assert_eq!(listed["items"], json!([kept]));
    for told in [&kept, &listed] {
        assert!(!told.to_string().contains("verysecret"));
    }
    let account = house
        .node
        .read(|tx| {
            store::provider_account::get(tx, super::merchant_id(OURS), domain::terminal::Provider::Sumup)
        })
        .await
        .unwrap()
        .unwrap();
    let opened = house.node.sealer.open(
        node::seal::Purpose::Setting,
        &account.sealed_as(),
        &account.key_sealed,
    );
    assert_eq!(opened.unwrap().as_slice(), b"sup_sk_verysecret");
    let gone = house
        .send(request(Method::DELETE, &format!("{ALL}/{path}"), &owner, None))
        .await;
    assert_eq!(gone.status, 204);
    assert_eq!(house.get(&owner, ALL).await.ok()["items"], json!([]));
}

#[tokio::test]
async fn only_who_keeps_them_sees_or_changes_them() {
    let house = House::new().await;
    let (owner, stranger) = (house.token("owner").await, house.token("stranger").await);
    let manager = house.token("manager").await;
    let path = format!("{OURS}/stripe");
    let said = json!({ "key": "rk_test" });
    put(&house, &manager, &path, said.clone())
        .await
        .problem(403, "not_allowed");
    put(&house, &stranger, &path, said.clone())
        .await
        .problem(404, "not_found");
    put(&house, &owner, &path, said.clone()).await.ok();
    for other in [&stranger, &manager] {
        assert_eq!(house.get(other, ALL).await.ok()["items"], json!([]));
    }
    put(&house, &owner, &format!("{OURS}/paypal"), said.clone())
        .await
        .problem(404, "not_found");
    let adyen = put(&house, &owner, &format!("{OURS}/adyen"), said).await;
    assert_eq!(adyen.problem(422, "invalid_field").body["field"], "account");
}

#[tokio::test]
async fn no_key_goes_to_an_address_that_somebody_names() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    for who in [&owner, &risk] {
        for inside in [
            "http://127.0.0.1:5432",
            "https://10.0.0.7",
            "https://test.example.evil.example",
        ] {
            let said = json!({ "key": "rk_test", "address": inside });
            let refused = put(&house, who, &format!("{OURS}/stripe"), said).await;
            assert_eq!(
                refused.problem(422, "invalid_field").body["field"],
                "address",
                "{inside}"
            );
        }
    }
    assert_eq!(house.get(&owner, ALL).await.ok()["items"], json!([]));
}

#[tokio::test]
async fn a_key_is_tried_before_it_is_kept_and_after_and_by_nobody_else() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let path = format!("{ALL}/{OURS}/stripe");
    let tried = async |token: &str, body: Value| {
        let asked = request(Method::POST, &format!("{path}/test"), token, Some(body));
        house.send(asked).await
    };
    tried(&owner, json!({})).await.problem(404, "not_found");
    let pasted = tried(&owner, json!({ "account": { "key": "rk_1" } })).await.ok();
    assert_eq!(
        [&pasted["ready"], &pasted["said"]],
        [&json!("ready"), &Value::Null]
    );
    assert_eq!(
        house.get(&owner, ALL).await.ok()["items"],
        json!([]),
        "it is kept"
    );
    for (field, said) in [
        ("key", json!({ "key": "two words" })),
        (
            "address",
            json!({ "key": "rk_1", "address": "http://127.0.0.1:1" }),
        ),
    ] {
        let wrong = tried(&owner, json!({ "account": said })).await;
        assert_eq!(wrong.problem(422, "invalid_field").body["field"], field);
    }

    put(
        &house,
        &owner,
        &format!("{OURS}/stripe"),
        json!({ "key": "sk_1" }),
    )
    .await
    .ok();
    let kept = tried(&owner, json!({})).await.ok();
    assert_eq!([&kept["ready"], &kept["said"]], ["refused", "No."]);
    for (who, status, code) in [("manager", 403, "not_allowed"), ("stranger", 404, "not_found")] {
        let token = house.token(who).await;
        tried(&token, json!({})).await.problem(status, code);
    }
}
