//! An estate that people set up themselves: merchants, shops, terminals, operators, and the list of devices.

use axum::http::Method;
use serde_json::{Value, json};

use super::{House, OURS, PASSWORD, THEIRS, request};

const KEY: &str = "0123456789ABCDEFFEDCBA9876543210";

fn outside(terminal_id: &str, serial: &str, shop_id: &str) -> Value {
    json!({
        "terminal_id": terminal_id, "shop_id": shop_id, "serial": serial, "model": "云展 Y90", "name": "前台", "control": "outside",
        "location": "前台左边", "keys_held_by": "店长", "purchased_on": "2026-01-31", "purchased_from": "云展",
        "price": { "minor": 59900, "currency": "CNY" },
    })
}

async fn put(house: &House, token: &str, path: &str, body: Value) -> super::Answer {
    house.send(request(Method::PUT, path, token, Some(body))).await
}

fn actions(body: &Value) -> Vec<&str> {
    let actions = body["actions"].as_array().unwrap();
    actions.iter().map(|action| action.as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_acquirer_adds_a_merchant_with_a_shop_and_a_terminal() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    let said = json!({ "name": "福记小吃", "merchant_id": "104520157120077", "unified_social_credit_code": "91110101ma0txxx113" });
    let merchant = house.post(&risk, "/api/v1/merchants", said.clone()).await;
    assert_eq!(merchant.status, 201);
    let merchant = merchant.ok();
    assert_eq!(merchant["id"], "104520157120077");
    assert_eq!(merchant["unified_social_credit_code"], "91110101MA0TXXX113");
    assert_eq!(actions(&merchant), ["change", "retire"]);
    house
        .post(&risk, "/api/v1/merchants", said)
        .await
        .problem(409, "taken");
    let wrong = json!({ "name": "x", "unified_social_credit_code": "91110101MA0TXXX114" });
    let wrong = house.post(&risk, "/api/v1/merchants", wrong).await;
    assert_eq!(
        wrong.problem(422, "invalid_field").body["field"],
        "unified_social_credit_code"
    );
    let shop = json!({ "merchant_id": "104520157120077", "name": "城南店", "address": "工业路 1 号" });
    let shop = house.post(&risk, "/api/v1/shops", shop).await.ok();
    assert_eq!(
        (shop["id"].clone(), actions(&shop)),
        (shop["shop_id"].clone(), vec!["change", "retire"])
    );
    let mut terminal = outside("30501101", "YZ9030495193", shop["id"].as_str().unwrap());
    terminal["control"] = "gate".into();
    terminal["master_key"] = json!({ "components": [KEY], "check_value": "08D7B4" });
    let made = house.post(&risk, "/api/v1/terminals", terminal.clone()).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert_eq!(made["id"], "30501101");
    assert_eq!(made["key_check_value"], "08D7B4");
    assert_eq!(made["identity"]["placement_address"], "工业路 1 号");
    assert_eq!(
        made["identity"]["unified_social_credit_code"],
        "91110101MA0TXXX113"
    );
    assert_eq!(
        actions(&made),
        ["report_loss", "lock", "change", "move", "set_key", "retire"]
    );
    // The key is nowhere in what is shown, and sealed for this terminal.
    let shown = house.get(&risk, "/api/v1/terminals/30501101").await.ok();
    assert!(!shown.to_string().contains(KEY) && !shown.to_string().contains("components"));
    let sealed = house
        .node
        .read(|tx| store::terminal::door(tx, super::terminal_id("30501101")))
        .await
        .unwrap();
    let sealed = sealed.unwrap().master_key_sealed;
    let key = house
        .node
        .sealer
        .open(node::seal::Purpose::MasterKey, "30501101", &sealed)
        .unwrap();
    assert_eq!((key[0], key[15], key.len()), (0x01, 0x10, 16));
    // Each list says what may be done with it.
    for path in ["merchants", "shops", "terminals"] {
        let page = house.get(&risk, &format!("/api/v1/{path}")).await.ok();
        assert_eq!(page["actions"], json!(["create"]), "{path}");
        assert!(page["next_cursor"].is_null() && page["items"].is_array());
    }
}

#[tokio::test]
async fn an_owner_keeps_shops_and_outside_terminals_of_the_own_merchant_alone() {
    let house = House::new().await;
    let (owner, manager) = (house.token("owner").await, house.token("manager").await);
    house
        .post(&owner, "/api/v1/merchants", json!({ "name": "另一家" }))
        .await
        .problem(403, "not_allowed");
    let shop = json!({ "name": "城北店", "address": "二环路 2 号" });
    let made = house.post(&owner, "/api/v1/shops", shop.clone()).await.ok();
    assert_eq!(made["merchant_id"], OURS);
    house
        .post(&manager, "/api/v1/shops", shop.clone())
        .await
        .problem(403, "not_allowed");
    let theirs = json!({ "merchant_id": THEIRS, "name": "x", "address": "y" });
    house
        .post(&owner, "/api/v1/shops", theirs)
        .await
        .problem(403, "not_allowed");
    let shop_id = made["id"].as_str().unwrap();
    let terminal = house
        .post(
            &owner,
            "/api/v1/terminals",
            outside("30501101", "YZ 9030495193", shop_id),
        )
        .await
        .ok();
    assert_eq!(
        (
            &terminal["serial"],
            &terminal["control"],
            &terminal["price"]["minor"]
        ),
        (&json!("YZ9030495193"), &json!("outside"), &json!(59900))
    );
    assert_eq!(actions(&terminal), ["report_loss", "change", "move", "retire"]);
    house
        .post(&owner, "/api/v1/terminals/30501101/lock", json!({}))
        .await
        .problem(409, "outside_terminal");
    let mut gate = outside("30501102", "YZ9030495194", shop_id);
    gate["control"] = "gate".into();
    house
        .post(&owner, "/api/v1/terminals", gate)
        .await
        .problem(403, "not_allowed");
    house
        .post(&owner, "/api/v1/terminals", outside("30501103", "YZ9", "S09"))
        .await
        .problem(422, "invalid_field");
    house
        .post(&manager, "/api/v1/terminals", outside("30501103", "YZ9", "S01"))
        .await
        .problem(403, "not_allowed");
    for (body, field) in [
        (json!({ "terminal_id": "305 011" }), "terminal_id"),
        (json!({ "serial": "序列号" }), "serial"),
        (json!({ "purchased_on": "31.1.2026" }), "purchased_on"),
        (
            json!({ "price": { "minor": -1, "currency": "CNY" } }),
            "price.minor",
        ),
        (json!({ "time_zone": "Nowhere" }), "time_zone"),
        (
            json!({ "master_key": { "components": [KEY], "check_value": "08D7B4" } }),
            "master_key",
        ),
    ] {
        let mut said = outside("30501104", "YZ8", shop_id);
        said.as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        let refused = house.post(&owner, "/api/v1/terminals", said).await;
        assert_eq!(refused.problem(422, "invalid_field").body["field"], field);
    }
    // What is not said stays; null takes away.
    let path = "/api/v1/terminals/30501101";
    let changed = put(
        &house,
        &owner,
        path,
        json!({ "name": "外带窗口", "location": null, "serial": "YZ1" }),
    )
    .await
    .ok();
    assert_eq!(
        (&changed["name"], &changed["serial"]),
        (&json!("外带窗口"), &json!("YZ1"))
    );
    assert_eq!(
        (&changed["location"], &changed["keys_held_by"]),
        (&Value::Null, &json!("店长"))
    );
    let moved = house
        .post(&owner, &format!("{path}/move"), json!({ "shop_id": "S02" }))
        .await
        .ok();
    assert_eq!(moved["shop_id"], "S02");
    house
        .post(&owner, &format!("{path}/move"), json!({ "shop_id": "S09" }))
        .await
        .problem(422, "invalid_field");
    let retired = house
        .post(&owner, &format!("{path}/retire"), json!({}))
        .await
        .ok();
    assert_eq!(
        (&retired["state"], actions(&retired)),
        (&json!("retired"), vec!["restore"])
    );
    let events = house.get(&owner, &format!("{path}/events")).await.ok();
    let verbs: Vec<&str> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["verb"].as_str().unwrap())
        .collect();
    assert_eq!(verbs, ["create", "change", "move", "retire"]);
    let stranger = house.token("stranger").await;
    house
        .get(&stranger, path)
        .await
        .problem(404, "terminal_not_found");
    house
        .get(&stranger, &format!("/api/v1/shops/{shop_id}"))
        .await
        .problem(404, "shop_not_found");
    house
        .get(&stranger, &format!("/api/v1/merchants/{OURS}"))
        .await
        .problem(404, "merchant_not_found");
}

#[tokio::test]
async fn a_taken_serial_is_refused_in_words_that_say_where_it_is_to_whoever_may_see_it() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let own = house
        .post(
            &owner,
            "/api/v1/terminals",
            outside("30501101", "SN10450003", "S01"),
        )
        .await;
    let detail = own.problem(409, "terminal_taken").body["detail"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        detail.contains("SN10450003") && detail.contains("S02 前台 10450003"),
        "{detail}"
    );
    let theirs = house
        .post(
            &owner,
            "/api/v1/terminals",
            outside("30501101", "SN10450009", "S01"),
        )
        .await;
    let detail = theirs.problem(409, "terminal_taken").body["detail"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        detail.contains("another merchant") && !detail.contains("10450009"),
        "{detail}"
    );
    let seen = house
        .post(&risk, "/api/v1/terminals", outside("10450009", "YZ1", "S01"))
        .await;
    let detail = seen.problem(409, "terminal_taken").body["detail"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(detail.contains("10450009"), "{detail}");
}

#[tokio::test]
async fn what_stands_against_it_is_said() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    house
        .post(&owner, "/api/v1/shops/S01/retire", json!({}))
        .await
        .problem(409, "terminals_in_use");
    let shop = house.get(&owner, "/api/v1/shops/S01").await.ok();
    assert_eq!(actions(&shop), ["change"]);
    let merchant = house.get(&risk, &format!("/api/v1/merchants/{OURS}")).await.ok();
    assert_eq!(actions(&merchant), ["change"]);
    house
        .post(&risk, &format!("/api/v1/merchants/{OURS}/retire"), json!({}))
        .await
        .problem(409, "terminals_in_use");
    house.lose(&owner, "10450001").await;
    house
        .post(&risk, "/api/v1/terminals/10450001/retire", json!({}))
        .await
        .problem(409, "loss_open");
    house
        .post(&owner, "/api/v1/terminals/10450002/retire", json!({}))
        .await
        .problem(403, "not_allowed");
    house
        .post(&risk, "/api/v1/terminals/10450003/retire", json!({}))
        .await
        .ok();
    house
        .post(&owner, "/api/v1/shops/S02/retire", json!({}))
        .await
        .ok();
    house
        .post(&owner, "/api/v1/terminals", outside("30501101", "YZ1", "S02"))
        .await
        .problem(409, "out_of_business");
}

#[tokio::test]
async fn the_list_of_devices_is_a_table_of_what_one_sees() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house
        .post(
            &owner,
            "/api/v1/terminals",
            outside("30501101", "YZ9030495193", "S02"),
        )
        .await
        .ok();
    let text = house.text(&owner, "/api/v1/terminals/export").await;
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(
        lines[0],
        "terminal_id,serial,model,name,merchant_name,shop_name,placement_address,location,control,state,last_seen_at,keys_held_by"
    );
    assert_eq!(lines.len(), 1 + 4, "{text}");
    assert!(
        lines[4].starts_with("30501101,YZ9030495193,云展 Y90,前台,我们的店,"),
        "{text}"
    );
    assert!(lines[4].ends_with(",前台左边,outside,running,,店长"), "{text}");
    assert!(!text.contains("10450009"));
    let book = house.get(&owner, "/api/v1/terminals/export?format=xlsx").await;
    assert!(
        book.headers["content-disposition"]
            .to_str()
            .unwrap()
            .contains("terminals.xlsx")
    );
}

#[tokio::test]
async fn a_manager_keeps_the_operators_of_the_own_shop() {
    let house = House::new().await;
    let (manager, owner) = (house.token("manager").await, house.token("owner").await);
    let said = |shop_id: &str, password: &str| json!({ "shop_id": shop_id, "operator": "002", "name": "收银员 02", "password": password });
    let made = house
        .post(&manager, "/api/v1/operators", said("S01", "135790"))
        .await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert_eq!(
        (&made["id"], actions(&made)),
        (&json!("S01.002"), vec!["change", "set_password", "disable"])
    );
    house
        .post(&manager, "/api/v1/operators", said("S01", "135790"))
        .await
        .problem(409, "taken");
    house
        .post(&manager, "/api/v1/operators", said("S02", "135790"))
        .await
        .problem(422, "invalid_field");
    let wrong = house
        .post(&owner, "/api/v1/operators", said("S02", "12345a"))
        .await;
    assert_eq!(wrong.problem(422, "invalid_field").body["field"], "password");
    house
        .post(&owner, "/api/v1/operators", said("S02", "135790"))
        .await
        .ok();
    // The password that is set is the one that unlocks.
    let unlock = |password: &str| json!({ "operator": "002", "password": password });
    let path = "/api/v1/terminals/10450001";
    house
        .post(&manager, &format!("{path}/lock"), json!({}))
        .await
        .ok();
    house
        .post(&manager, &format!("{path}/unlock"), unlock("135790"))
        .await
        .ok();
    house
        .post(
            &manager,
            "/api/v1/operators/S01.002/password",
            json!({ "password": "975310" }),
        )
        .await
        .ok();
    house
        .post(&manager, &format!("{path}/lock"), json!({}))
        .await
        .ok();
    house
        .post(&manager, &format!("{path}/unlock"), unlock("135790"))
        .await
        .problem(403, "wrong_operator_password");
    house
        .post(&manager, "/api/v1/operators/S01.002/disable", json!({}))
        .await
        .ok();
    house
        .post(&manager, &format!("{path}/unlock"), unlock("975310"))
        .await
        .problem(403, "wrong_operator_password");
    let list = house.get(&manager, "/api/v1/operators").await.ok();
    let ids: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["S01.001", "S01.002"]);
    let second = house
        .get(&owner, "/api/v1/operators?limit=1&cursor=S01.002")
        .await
        .ok();
    assert_eq!(second["items"][0]["id"], "S02.002");
    assert_eq!(PASSWORD, "246810", "the seeded operator's own stays");
}
