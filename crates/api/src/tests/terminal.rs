//! Terminals: lists, lock and unlock.

use serde_json::{Value, json};

use super::{House, PASSWORD, sign_in};

const LOCK: &str = "/api/v1/terminals/10450001/lock";
const UNLOCK: &str = "/api/v1/terminals/10450001/unlock";

fn unlock(password: &str) -> Value {
    json!({ "operator": "001", "password": password })
}

#[tokio::test]
async fn an_operators_password_unlocks_what_the_lock_key_locked() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house
        .post(&owner, UNLOCK, unlock(PASSWORD))
        .await
        .problem(409, "not_locked");
    let locked = house.post(&owner, LOCK, json!({ "operator": "01" })).await.ok();
    assert_eq!(
        [
            &locked["state"],
            &locked["hold_kinds"],
            &locked["standing_holds"][0]["cause"],
        ],
        [&json!("held"), &json!(["cashier_lock"]), &json!("console")]
    );
    assert_eq!(locked["standing_holds"][0]["releasing_authority"], "operator");
    let wrong = house.post(&owner, UNLOCK, unlock("000000")).await;
    assert_eq!(
        wrong.problem(403, "wrong_operator_password").body["attempts_left"],
        2
    );
    let unlocked = house.post(&owner, UNLOCK, unlock(PASSWORD)).await.ok();
    assert_eq!(
        [&unlocked["state"], &unlocked["standing_holds"]],
        [&json!("running"), &json!([])]
    );
    assert_eq!(unlocked["holds"][0]["released_by"], "name of owner");
}

#[tokio::test]
async fn three_wrong_passwords_hold_the_terminal_and_a_repeated_one_counts_once() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house.post(&owner, LOCK, json!({})).await.ok();
    let wrong = house.post_once(&owner, "first", UNLOCK, unlock("000000")).await;
    let again = house.post_once(&owner, "first", UNLOCK, unlock("000000")).await;
    assert_eq!(wrong.problem(403, "wrong_operator_password").body, again.body);
    for left in [1, 0] {
        let wrong = house.post(&owner, UNLOCK, unlock("000000")).await;
        assert_eq!(
            wrong.problem(403, "wrong_operator_password").body["attempts_left"],
            left
        );
    }
    let held = house.post(&owner, UNLOCK, unlock(PASSWORD)).await;
    assert_eq!(
        held.problem(409, "held").body["hold_kinds"],
        json!(["cashier_lock", "wrong_passwords"])
    );
}

#[tokio::test]
async fn a_key_tells_a_right_password_from_a_wrong_one() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house.post(&owner, LOCK, json!({})).await.ok();
    house
        .post_once(&owner, "k", UNLOCK, unlock("000000"))
        .await
        .problem(403, "wrong_operator_password");
    house
        .post_once(&owner, "k", UNLOCK, unlock(PASSWORD))
        .await
        .problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn nothing_but_the_incident_releases_a_loss() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house.post(&owner, LOCK, json!({})).await.ok();
    house.lose(&owner, "10450001").await;
    let held = house.post(&owner, UNLOCK, unlock(PASSWORD)).await;
    assert_eq!(
        held.problem(409, "held").body["hold_kinds"],
        json!(["cashier_lock", "loss"])
    );
}

#[tokio::test]
async fn terminals_are_found_by_part_of_what_is_printed_on_them() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house.lose(&owner, "10450002").await;
    house.post(&owner, LOCK, json!({})).await.ok();
    let found = async |query: &str| -> Vec<String> {
        let page = house
            .get(&owner, &format!("/api/v1/terminals?{query}"))
            .await
            .ok();
        assert_eq!(page["next_cursor"], Value::Null);
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["terminal_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(found("q=SN10450003").await, ["10450003"]);
    assert_eq!(found("q=%25").await, [""; 0]);
    assert_eq!(found("state=lost").await, ["10450002"]);
    assert_eq!(found("state=held").await, ["10450001"]);
    assert_eq!(found("state=running&shop_id=S02").await, ["10450003"]);
    let page = house
        .get(&owner, "/api/v1/terminals?limit=2&state=lost")
        .await
        .ok();
    assert_eq!(
        page["counts"],
        json!({ "running": 1, "held": 1, "lost": 1, "retired": 0 })
    );
    let first = house.get(&owner, "/api/v1/terminals?limit=2").await.ok();
    assert_eq!(first["next_cursor"], "10450002");
    let second = house
        .get(&owner, "/api/v1/terminals?limit=2&cursor=10450002")
        .await
        .ok();
    assert_eq!(second["items"][0]["terminal_id"], "10450003");
}

#[tokio::test]
async fn the_page_shows_who_is_signed_in_and_what_it_is_bound_to() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    sign_in(&house, "10450001").await;
    house.sell("10450001", 1).await;
    let page = house.get(&owner, "/api/v1/terminals/10450001").await.ok();
    assert_eq!(page["identity"]["settlement_account"], "•••• 1234");
    assert_eq!([&page["operator"], &page["batch"]], [&json!("001"), &json!(1)]);
    assert_eq!(
        page["last_transaction"]["amount"],
        json!({ "minor": 2000, "currency": "CNY" })
    );
    assert!(page["last_seen_at"].as_str().unwrap().ends_with('Z'));
    let shops = house.get(&owner, "/api/v1/shops?takings=true").await.ok();
    assert_eq!(
        [
            &shops["items"][0]["today"][0]["minor"],
            &shops["items"][0]["today_count"]
        ],
        [&json!(2000), &json!(1)]
    );
    assert_eq!(shops["items"][0]["terminal_count"], 2);
}

#[tokio::test]
async fn a_list_of_shops_looks_at_no_terminal_unless_asked() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let plain = house.get(&owner, "/api/v1/shops?limit=1").await.ok();
    assert_eq!(
        (&plain["items"][0]["today"], &plain["items"][0]["terminal_count"]),
        (&json!(null), &json!(2))
    );
    let cursor = plain["next_cursor"].as_str().unwrap();
    let rest = house
        .get(&owner, &format!("/api/v1/shops?takings=true&cursor={cursor}"))
        .await
        .ok();
    assert_eq!(
        (&rest["items"][0]["shop_id"], &rest["items"][0]["today_count"]),
        (&json!("S02"), &json!(0))
    );
    house
        .get(&owner, "/api/v1/shops?takings=all")
        .await
        .problem(422, "invalid_field");
}

#[tokio::test]
async fn a_terminal_says_what_may_be_done_with_it() {
    let house = House::new().await;
    let actions = async |login: &'static str| {
        let token = house.token(login).await;
        house.get(&token, "/api/v1/terminals/10450001").await.ok()["actions"].clone()
    };
    assert_eq!(actions("owner").await, json!(["report_loss", "lock", "change"]));
    let risk = json!(["report_loss", "lock", "change", "move", "set_key", "retire"]);
    assert_eq!(actions("risk").await, risk);
    assert_eq!(actions("auditor").await, json!([]));
    let owner = house.token("owner").await;
    house
        .post(&owner, "/api/v1/terminals/10450001/lock", json!({}))
        .await
        .ok();
    assert_eq!(actions("manager").await, json!(["report_loss", "unlock"]));
    house.lose(&owner, "10450001").await;
    assert_eq!(actions("owner").await, json!(["change"]));
    // Neither moved nor retired while its loss is open.
    assert_eq!(actions("risk").await, json!(["change", "set_key"]));
}
