//! Contacts through the API.

use axum::http::Method;
use serde_json::json;

use super::{House, OURS, THEIRS, request};

const CONTACTS: &str = "/api/v1/contacts";

#[tokio::test]
async fn a_contact_is_added_changed_and_retired_and_each_leaves_an_event() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.contact(&owner, OURS).await;
    let path = format!("{CONTACTS}/{id}");
    let shown = house.get(&owner, &path).await.ok();
    assert_eq!(
        (&shown["hotline"], &shown["email"]),
        (&json!("110"), &json!(null))
    );
    assert_eq!(shown["actions"], json!(["change", "retire"]));
    let body = json!({ "kind": "police", "name": "城南派出所", "email": "south@police.example" });
    let changed = house
        .send(request(Method::PUT, &path, &owner, Some(body)))
        .await
        .ok();
    assert_eq!(
        (&changed["hotline"], &changed["email"]),
        (&json!(null), &json!("south@police.example"))
    );
    let retired = house
        .post(&owner, &format!("{path}/retire"), json!({}))
        .await
        .ok();
    assert_eq!(
        (&retired["state"], &retired["actions"]),
        (&json!("retired"), &json!(["restore", "erase"]))
    );
    house
        .post(&owner, &format!("{path}/retire"), json!({}))
        .await
        .problem(409, "wrong_state");
    let events = house.get(&owner, &format!("{path}/events")).await.ok();
    let told: Vec<_> = events["items"].as_array().unwrap().iter().collect();
    let verbs: Vec<_> = told.iter().map(|event| event["verb"].as_str().unwrap()).collect();
    assert_eq!(verbs, ["create", "change", "retire"]);
    assert!(told.iter().all(|event| event["actor_kind"] == "person"));
    let second = house
        .get(&owner, &format!("{path}/events?limit=2&cursor=2"))
        .await
        .ok();
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_list_shows_each_its_own_and_everybodys() {
    let house = House::new().await;
    let (owner, stranger, risk) = (
        house.token("owner").await,
        house.token("stranger").await,
        house.token("risk").await,
    );
    house.contact(&owner, OURS).await;
    house.contact(&stranger, THEIRS).await;
    let everybodys = json!({ "kind": "acquirer", "name": "收单机构", "hotline": "95516" });
    house.post(&risk, CONTACTS, everybodys.clone()).await.ok();
    for (token, query, count) in [
        (&owner, "", 2),
        (&stranger, "?kind=police", 1),
        (&risk, "", 3),
        (&risk, "?merchant_id=104520157120001", 2),
        (&risk, "?state=retired", 0),
    ] {
        let seen = house.get(token, &format!("{CONTACTS}{query}")).await.ok();
        assert_eq!(seen["items"].as_array().unwrap().len(), count, "{query}");
    }
    let first = house.get(&risk, &format!("{CONTACTS}?limit=2")).await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = house
        .get(&risk, &format!("{CONTACTS}?limit=2&cursor={cursor}"))
        .await
        .ok();
    assert_eq!(
        (rest["items"].as_array().unwrap().len(), &rest["next_cursor"]),
        (1, &json!(null))
    );
    house
        .post(&owner, CONTACTS, everybodys)
        .await
        .problem(403, "not_allowed");
}

#[tokio::test]
async fn a_list_says_what_the_one_who_asks_may_do_with_it() {
    let house = House::new().await;
    for (login, may) in [
        ("owner", json!(["create", "import"])),
        ("risk", json!(["create", "import"])),
        ("manager", json!([])),
        ("auditor", json!([])),
    ] {
        let token = house.token(login).await;
        let seen = house.get(&token, CONTACTS).await.ok();
        assert_eq!(seen["actions"], may, "{login}");
        let body = json!({ "merchant_id": OURS, "kind": "bank", "name": login });
        let allowed = house.post(&token, CONTACTS, body).await.status == 201;
        assert_eq!(allowed, may != json!([]), "{login}");
        let incidents = house.get(&token, "/api/v1/incidents").await.ok();
        assert_eq!(incidents["actions"], json!([]), "{login}");
    }
}

#[tokio::test]
async fn of_what_one_does_not_see_nothing_that_is_said_is_wrong() {
    let house = House::new().await;
    let (owner, stranger) = (house.token("owner").await, house.token("stranger").await);
    let path = format!("{CONTACTS}/{}", house.contact(&owner, OURS).await);
    let unnamed = json!({ "kind": "police", "name": "" });
    let put = async |token| {
        let body = Some(unnamed.clone());
        house.send(request(Method::PUT, &path, token, body)).await
    };
    put(&owner).await.problem(422, "invalid_field");
    put(&stranger).await.problem(404, "contact_not_found");
}

#[tokio::test]
async fn whose_a_contact_is_stays() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    let id = house.contact(&risk, OURS).await;
    let path = format!("{CONTACTS}/{id}");
    let put = async |merchant_id: serde_json::Value| {
        let body = json!({ "merchant_id": merchant_id, "kind": "police", "name": "城南派出所" });
        house.send(request(Method::PUT, &path, &risk, Some(body))).await
    };
    let refused = put(THEIRS.into()).await;
    assert_eq!(refused.problem(422, "invalid_field").body["field"], "merchant_id");
    for same in [OURS.into(), json!(null)] {
        assert_eq!(put(same).await.ok()["merchant_id"], OURS);
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_by_its_field() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let right = json!({ "merchant_id": OURS, "kind": "bank", "name": "开户行" });
    house.post(&owner, CONTACTS, right.clone()).await.ok();
    house
        .post(&owner, CONTACTS, right.clone())
        .await
        .problem(409, "taken");
    for (field, value) in [
        ("kind", json!("friend")),
        ("name", json!("  ")),
        ("email", json!("nobody")),
        ("merchant_id", json!("no merchant")),
        ("hotline", json!("1".repeat(201))),
        ("colour", json!("red")),
    ] {
        let mut body = right.clone();
        body[field] = value;
        let answer = house.post(&owner, CONTACTS, body).await;
        answer.problem(422, "invalid_field");
        assert_eq!(answer.body["field"], field);
    }
    for (query, field) in [
        ("?kind=friend", "kind"),
        ("?limit=0", "limit"),
        ("?limit=1001", "limit"),
        ("?colour=red", "colour"),
        ("?kind=bank&kind=bank", "kind"),
    ] {
        let answer = house.get(&owner, &format!("{CONTACTS}{query}")).await;
        answer.problem(422, "invalid_field");
        assert_eq!(answer.body["field"], field, "{query}");
    }
}

#[tokio::test]
async fn a_table_is_imported_whole_or_not_at_all_and_twice_is_once() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let import = async |text: &str, dry_run: bool| {
        let body = json!({ "text": text, "dry_run": dry_run });
        house.post(&owner, &format!("{CONTACTS}/import"), body).await.ok()
    };
    let count = async || {
        house.get(&owner, CONTACTS).await.ok()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    let table =
        format!("kind,name,hotline,merchant_id\npolice,城南派出所,110,{OURS}\nbank,开户行,95588,{OURS}\n");
    let would = import(&table, true).await;
    assert_eq!((&would["done"], &would["added"]), (&json!(false), &json!(2)));
    assert_eq!(count().await, 0);
    let stranger = house.token("stranger").await;
    house.contact(&stranger, THEIRS).await;
    // The last line is what the other merchant has already: not even that is told.
    let wrong = format!(
        "{table}friend,老王,,{OURS}\nbank,,,{OURS}\ninsurer,他家的,,{THEIRS}\npolice,城南派出所,110,{THEIRS}\n"
    );
    let refused = import(&wrong, false).await;
    let lines: Vec<_> = refused["wrong"].as_array().unwrap().iter().collect();
    let named: Vec<_> = lines
        .iter()
        .map(|line| (&line["line"], &line["field"], &line["code"]))
        .collect();
    assert_eq!(
        named,
        [
            (&json!(4), &json!("kind"), &json!("invalid_field")),
            (&json!(5), &json!("name"), &json!("invalid_field")),
            (&json!(6), &json!(null), &json!("not_allowed")),
            (&json!(7), &json!(null), &json!("not_allowed")),
        ]
    );
    assert_eq!((&refused["done"], count().await), (&json!(false), 0));
    assert_eq!(import(&table, false).await["added"], 2);
    let again = import(&table, false).await;
    assert_eq!((&again["added"], &again["unchanged"]), (&json!(0), &json!(2)));
    let other = table.replace("95588", "95533");
    assert_eq!(import(&other, false).await["changed"], 1);
    assert_eq!(count().await, 2);
}

#[tokio::test]
async fn what_is_exported_can_be_imported() {
    let house = House::new().await;
    let (owner, stranger) = (house.token("owner").await, house.token("stranger").await);
    house.contact(&owner, OURS).await;
    house.contact(&stranger, THEIRS).await;
    let path = format!("{CONTACTS}/export");
    let table = house.text(&owner, &path).await;
    assert_eq!(table.lines().count(), 2, "{table}");
    let body = json!({ "text": table });
    let again = house.post(&owner, &format!("{CONTACTS}/import"), body).await.ok();
    assert_eq!((&again["unchanged"], &again["wrong"]), (&json!(1), &json!([])));
    let answer = house
        .send(request(Method::GET, &format!("{path}?format=xlsx"), &owner, None))
        .await;
    assert!(answer.status.is_success());
    assert!(
        answer.headers["content-disposition"]
            .to_str()
            .unwrap()
            .contains("contacts.xlsx")
    );
}

#[tokio::test]
async fn a_session_that_has_ended_meanwhile_does_nothing_more() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house
        .send(request(Method::DELETE, "/api/v1/session", &owner, None))
        .await;
    let body = json!({ "kind": "bank", "name": "开户行" });
    house
        .post(&owner, CONTACTS, body)
        .await
        .problem(401, "unauthenticated");
}
