//! Accounts and invitations over the API: a link is answered once, and opens what it was made for.

use axum::http::Method;
use serde_json::{Value, json};

use super::{House, OURS, request};

const GOOD: &str = "teapot-in-the-rain";

async fn invite(house: &House, token: &str, body: Value) -> super::Answer {
    house.post(token, "/api/v1/invitations", body).await
}

fn accept(link: &str, login: &str) -> Value {
    json!({ "token": link, "login": login, "name": "李娜", "password": GOOD })
}

#[tokio::test]
async fn an_invited_manager_chooses_a_login_and_sees_the_one_shop() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let made = invite(
        &house,
        &owner,
        json!({ "name": "城南店店长", "role": "manager", "shop_id": "S02" }),
    )
    .await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    let link = made["token"].as_str().unwrap().to_owned();
    assert_eq!(
        (&made["state"], &made["works"], &made["actions"]),
        (&json!("open"), &json!(true), &json!(["withdraw"]))
    );
    // The token is in no list.
    let list = house.get(&owner, "/api/v1/invitations").await.ok();
    assert!(!list.to_string().contains(&link));
    let seen = house
        .post("", "/api/v1/invitations/look", json!({ "token": link }))
        .await
        .ok();
    assert_eq!(
        (&seen["role"], &seen["login"], &seen["name"]),
        (&json!("manager"), &Value::Null, &json!("城南店店长"))
    );
    let common = json!({ "token": link, "login": "li.na", "password": "12345678" });
    house
        .post("", "/api/v1/invitations/accept", common)
        .await
        .problem(422, "invalid_field");
    house
        .post("", "/api/v1/invitations/accept", accept(&link, "owner"))
        .await
        .problem(409, "login_taken");
    // Before anything is hashed: nobody looks at the password.
    let common = json!({ "token": link, "login": "owner", "password": "12345678" });
    house
        .post("", "/api/v1/invitations/accept", common)
        .await
        .problem(409, "login_taken");
    let done = house
        .post("", "/api/v1/invitations/accept", accept(&link, "li.na"))
        .await;
    assert_eq!(done.status, 201);
    let done = done.ok();
    assert_eq!(
        (&done["account"]["shop_id"], &done["account"]["role"]),
        (&json!("S02"), &json!("manager"))
    );
    let token = done["token"].as_str().unwrap();
    let terminals = house.get(token, "/api/v1/terminals").await.ok();
    assert_eq!(terminals["items"].as_array().unwrap().len(), 1);
    for path in ["look", "accept"] {
        let body = match path {
            "look" => json!({ "token": link }),
            _ => accept(&link, "li.na2"),
        };
        house
            .post("", &format!("/api/v1/invitations/{path}"), body)
            .await
            .problem(410, "link_over");
    }
    let log_in = json!({ "login": "li.na", "password": GOOD });
    house.post("", "/api/v1/session", log_in.clone()).await.ok();
    // Disabled, the person is out at once, and stays out.
    let person = house
        .post(&owner, "/api/v1/accounts/li.na/disable", json!({}))
        .await
        .ok();
    assert_eq!(
        (&person["state"], &person["actions"]),
        (&json!("disabled"), &json!(["enable", "export", "erase"]))
    );
    house
        .get(token, "/api/v1/session")
        .await
        .problem(401, "unauthenticated");
    house
        .post("", "/api/v1/session", log_in.clone())
        .await
        .problem(401, "invalid_credentials");
    house
        .post(&owner, "/api/v1/accounts/li.na/enable", json!({}))
        .await
        .ok();
    house.post("", "/api/v1/session", log_in).await.ok();
}

#[tokio::test]
async fn rights_are_given_and_taken_within_the_own_ones() {
    let house = House::new().await;
    let (owner, manager, stranger) = (
        house.token("owner").await,
        house.token("manager").await,
        house.token("stranger").await,
    );
    for (token, body, code) in [
        (
            &owner,
            json!({ "name": "x", "role": "risk_officer" }),
            (403, "not_allowed"),
        ),
        (
            &owner,
            json!({ "name": "x", "role": "owner", "merchant_id": super::THEIRS }),
            (403, "not_allowed"),
        ),
        (
            &owner,
            json!({ "name": "x", "role": "manager", "shop_id": "S09" }),
            (422, "invalid_field"),
        ),
        (
            &owner,
            json!({ "name": "x", "role": "manager" }),
            (422, "invalid_field"),
        ),
        (
            &owner,
            json!({ "name": "x", "role": "owner", "shop_id": "S01" }),
            (422, "invalid_field"),
        ),
        (
            &manager,
            json!({ "name": "x", "role": "manager", "shop_id": "S01" }),
            (403, "not_allowed"),
        ),
    ] {
        invite(&house, token, body).await.problem(code.0, code.1);
    }
    let seen = house.get(&owner, "/api/v1/accounts").await.ok();
    let logins: Vec<&str> = seen["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(logins, ["manager", "owner"]);
    house
        .get(&owner, "/api/v1/accounts/risk")
        .await
        .problem(404, "account_not_found");
    house
        .get(&stranger, "/api/v1/accounts/manager")
        .await
        .problem(404, "account_not_found");
    let change = |role: &str| json!({ "name": "店长", "role": role, "shop_id": "S02" });
    let put = |token: &str, body| request(Method::PUT, "/api/v1/accounts/manager", token, Some(body));
    house
        .send(put(&manager, change("manager")))
        .await
        .problem(403, "not_allowed");
    let changed = house.send(put(&owner, change("manager"))).await.ok();
    assert_eq!(changed["shop_id"], "S02");
    // It counts at once, in the session that is open.
    house
        .get(&manager, "/api/v1/terminals/10450001")
        .await
        .problem(404, "terminal_not_found");
    house.get(&manager, "/api/v1/terminals/10450003").await.ok();
    let risk = house.token("risk").await;
    house
        .post(&risk, "/api/v1/accounts/risk/disable", json!({}))
        .await
        .problem(409, "last_administrator");
    let last = house.get(&risk, "/api/v1/accounts/risk").await.ok();
    assert_eq!(last["actions"], json!(["change", "link", "export"]));
}

#[tokio::test]
async fn a_forgotten_password_is_chosen_anew_by_a_link() {
    let house = House::new().await;
    let (owner, manager) = (house.token("owner").await, house.token("manager").await);
    let link = house
        .post(&owner, "/api/v1/accounts/manager/link", json!({}))
        .await;
    assert_eq!(link.status, 201);
    let link = link.ok()["token"].as_str().unwrap().to_owned();
    let other = house
        .post("", "/api/v1/invitations/accept", accept(&link, "somebody"))
        .await;
    assert_eq!(other.problem(422, "invalid_field").body["field"], "login");
    let done = house
        .post(
            "",
            "/api/v1/invitations/accept",
            json!({ "token": link, "password": GOOD }),
        )
        .await
        .ok();
    assert_eq!(
        (&done["account"]["login"], &done["account"]["merchant_id"]),
        (&json!("manager"), &json!(OURS))
    );
    house
        .get(&manager, "/api/v1/session")
        .await
        .problem(401, "unauthenticated");
    house
        .post(
            "",
            "/api/v1/session",
            json!({ "login": "manager", "password": GOOD }),
        )
        .await
        .ok();
    // Wrong ones are paid for by the address they come from, and by nobody else however many there are.
    let look = async |last: u8| {
        let wrong = json!({ "token": "A".repeat(43) });
        house
            .post_from([192, 0, 2, last], "/api/v1/invitations/look", wrong)
            .await
    };
    for _ in 0..50 {
        look(1).await.problem(410, "link_over");
    }
    look(1).await.problem(429, "too_many_attempts");
    for address in 2..130 {
        look(address).await.problem(410, "link_over");
    }
    // A withdrawn one opens nothing.
    let again = house
        .post(&owner, "/api/v1/accounts/manager/link", json!({}))
        .await
        .ok();
    let path = format!("/api/v1/invitations/{}/withdraw", again["id"].as_str().unwrap());
    house.post(&owner, &path, json!({})).await.ok();
    house
        .post("", "/api/v1/invitations/look", json!({ "token": again["token"] }))
        .await
        .problem(410, "link_over");
}
