//! Playbooks as they travel: written, checked, signed off by a second person, followed.

use axum::http::Method;
use domain::account::{Account, Proof, Role, Scope};
use serde_json::{Value, json};

use super::{Answer, HASH, House, request};

const PLAYBOOKS: &str = "/api/v1/playbooks";

fn at(id: &str, verb: &str) -> String {
    format!("{PLAYBOOKS}/{id}{verb}")
}

fn id_of(it: &Value) -> String {
    it["id"].as_str().unwrap().to_owned()
}

fn seen(it: &Value) -> Value {
    it["revision"]["sha256"].clone()
}

async fn put(house: &House, token: &str, id: &str, body: Value) -> Answer {
    let put = request(Method::PUT, &at(id, ""), token, Some(body));
    house.send(put).await
}

/// Another risk officer, who may sign off what the first one writes.
async fn second(house: &House) -> String {
    let account = Account {
        login: "second".into(),
        name: "name of second".into(),
        role: Role::RiskOfficer,
        scope: Scope::All,
        custom_role: None,
        proof: Proof::default(),
    };
    let add = move |tx: &store::Tx<'_>| store::account::insert(tx, &account, &HASH);
    house.node.write::<_, store::Error>(add).await.unwrap();
    house.token("second").await
}

async fn begun(house: &House, token: &str) -> Value {
    house
        .post(token, PLAYBOOKS, json!({ "playbook": "stolen" }))
        .await
        .ok()
}

fn codes(it: &Value) -> Vec<&str> {
    let wrong = it["wrong"].as_array().unwrap();
    wrong.iter().map(|one| one["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn one_writes_it_another_signs_it_off_and_the_next_theft_follows_it() {
    let house = House::new().await;
    let (risk, owner) = (house.token("risk").await, house.token("owner").await);
    let stolen = |terminal: &str| json!({ "terminal_id": terminal, "manner": "stolen" });
    let before = house
        .post(&owner, "/api/v1/incidents", stolen("10450001"))
        .await
        .ok();
    let all = house.get(&risk, PLAYBOOKS).await.ok();
    assert_eq!((&all["keeps"], &all["has_second"]), (&json!(true), &json!(false)));
    let second = second(&house).await;
    assert_eq!(house.get(&risk, PLAYBOOKS).await.ok()["has_second"], true);

    let draft = begun(&house, &risk).await;
    let (id, form) = (id_of(&draft), &draft["checked"]["form"]);
    assert_eq!(
        (&draft["version"], &draft["signers"]),
        (&json!(4), &json!(["name of second"]))
    );
    // A duty is added in the form; the text is written from it.
    let mut form = form.clone();
    form["duties"].as_array_mut().unwrap().push(json!({
        "duty": "insurer", "zh": "通知保险公司", "en": "Tell the insurer", "whose": "shop", "within": "24 hours",
        "proof": "reference", "takes_file": false, "blocks_closing": true, "found": [], "after": []
    }));
    let written = put(
        &house,
        &risk,
        &id,
        json!({ "sha256": seen(&draft), "form": form }),
    )
    .await
    .ok();
    assert!(written["checked"]["text"].as_str().unwrap().ends_with(
        "  - duty: insurer\n    zh: 通知保险公司\n    en: Tell the insurer\n    whose: shop\n    within: 24 hours\n    proof: reference\n"
    ));
    let differs: Vec<_> = written["checked"]["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["duty"], &one["change"]))
        .collect();
    assert_eq!(differs, [(&json!("insurer"), &json!("added"))]);
    // Whoever still has the first text before the eyes loses nothing, and is told.
    let late = put(
        &house,
        &second,
        &id,
        json!({ "sha256": seen(&draft), "text": "mine" }),
    )
    .await;
    late.problem(409, "text_changed");

    let proposed = json!({ "sha256": seen(&written), "note": "the insurer asks for it" });
    let proposed = house.post(&risk, &at(&id, "/propose"), proposed).await.ok();
    assert_eq!(proposed["revision"]["state"], "proposed");
    let sign = json!({ "sha256": seen(&written), "warnings": [] });
    house
        .post(&risk, &at(&id, "/sign-off"), sign.clone())
        .await
        .problem(403, "second_person_required");
    house
        .get(&owner, &at(&id, ""))
        .await
        .problem(404, "revision_not_found");
    let signed = house.post(&second, &at(&id, "/sign-off"), sign).await.ok();
    assert_eq!(
        (&signed["revision"]["state"], &signed["revision"]["signed_by"]),
        (&json!("in_use"), &json!("name of second"))
    );

    let after = house
        .post(&owner, "/api/v1/incidents", stolen("10450002"))
        .await
        .ok();
    let has = |id: &Value| {
        let path = format!("/api/v1/incidents/{}/duties", id["id"].as_str().unwrap());
        let (house, owner) = (&house, &owner);
        async move {
            let duties = house.get(owner, &path).await.ok();
            duties["items"]
                .as_array()
                .unwrap()
                .iter()
                .any(|duty| duty["duty"] == "insurer")
        }
    };
    assert!(!has(&before).await && has(&after).await);
    let of = |id: &Value| format!("/api/v1/incidents/{}", id["id"].as_str().unwrap());
    let followed = house.get(&owner, &of(&after)).await.ok();
    assert_eq!(
        (&followed["playbook"], &followed["playbook_id"]),
        (&json!("stolen 4"), &json!(id))
    );
    let followed = house.get(&owner, &of(&before)).await.ok();
    assert_eq!(
        (&followed["playbook"], &followed["playbook_id"]),
        (&json!("stolen 3"), &json!("stolen"))
    );
    // Whoever follows it reads it.
    let read = house.get(&owner, &at(&id, "")).await.ok();
    assert_eq!(
        (&read["can_copy"], &read["revision"]["actions"]),
        (&json!(false), &json!([]))
    );
    let events = house.get(&owner, &at(&id, "/events")).await.ok();
    let verbs: Vec<_> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["verb"].as_str().unwrap())
        .collect();
    assert_eq!(verbs, ["create", "change", "propose", "sign_off"]);
}

#[tokio::test]
async fn what_is_wrong_is_all_told_with_its_line_and_is_not_proposed() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    let draft = begun(&house, &risk).await;
    let (id, text) = (
        id_of(&draft),
        draft["checked"]["text"].as_str().unwrap().to_owned(),
    );
    let broken =
        text.replacen("within: 48 hours", "within: soon", 1)
            .replacen("whose: shop", "whose: nobody", 1);
    let line = 1 + broken.lines().position(|line| line.contains("soon")).unwrap();
    let checked = house
        .post(&risk, &at("check", ""), json!({ "text": broken }))
        .await
        .ok();
    assert_eq!(codes(&checked), ["not_a_word", "not_a_term"]);
    let soon = &checked["wrong"][1];
    assert_eq!(
        (&soon["line"], &soon["duty"], &soon["field"]),
        (&json!(line), &json!("camera_footage"), &json!("within"))
    );
    assert_eq!(checked["form"], Value::Null);
    // It is kept as it is, and goes no further.
    let written = put(
        &house,
        &risk,
        &id,
        json!({ "sha256": seen(&draft), "text": broken }),
    )
    .await
    .ok();
    assert_eq!(codes(&written["checked"]), ["not_a_word", "not_a_term"]);
    let propose = json!({ "sha256": seen(&written) });
    house
        .post(&risk, &at(&id, "/propose"), propose)
        .await
        .problem(409, "text_wrong");
    // A form is told of in the same way, and is no reason to lose it.
    let form = json!({ "playbook": "stolen", "version": 4, "manners": ["stolen"], "duties": [
        { "duty": "a b", "zh": "", "en": "x", "whose": "shop", "proof": "statement", "takes_file": false, "blocks_closing": true, "found": [], "after": [] }
    ] });
    let checked = house
        .post(&risk, &at("check", ""), json!({ "form": form }))
        .await
        .ok();
    assert_eq!(codes(&checked), ["not_a_name", "not_a_title"]);
    for (body, field) in [
        (json!({}), "text"),
        (json!({ "text": "a", "form": form }), "form"),
        (json!({ "text": "a\u{0}" }), "text"),
        (
            json!({ "text": "#".repeat(domain::revision::TEXT_BYTES_MAX + 1) }),
            "text",
        ),
    ] {
        let answer = house.post(&risk, &at("check", ""), body).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["field"]),
            (422, &json!(field))
        );
    }
}

#[tokio::test]
async fn a_signer_ticks_each_warning_and_none_else() {
    let house = House::new().await;
    let (risk, second) = (house.token("risk").await, second(&house).await);
    let draft = begun(&house, &risk).await;
    let id = id_of(&draft);
    let weaker = draft["checked"]["text"]
        .as_str()
        .unwrap()
        .replacen("within: 2 days", "within: 9 days", 1);
    let written = put(
        &house,
        &risk,
        &id,
        json!({ "sha256": seen(&draft), "text": weaker }),
    )
    .await
    .ok();
    let warning = &written["checked"]["warnings"][0];
    assert_eq!(
        (&warning["key"], &warning["rule"]),
        (&json!("acquirer_deregister:within"), &json!("stop"))
    );
    let sha256 = seen(&written);
    house
        .post(&risk, &at(&id, "/propose"), json!({ "sha256": sha256 }))
        .await
        .ok();
    let sign = |warnings: Value| json!({ "sha256": sha256, "warnings": warnings });
    house
        .post(&second, &at(&id, "/sign-off"), sign(json!([])))
        .await
        .problem(409, "warnings_unseen");
    house
        .post(&second, &at(&id, "/send-back"), json!({}))
        .await
        .problem(422, "invalid_field");
    let back = house
        .post(
            &second,
            &at(&id, "/send-back"),
            json!({ "note": "two days are the law" }),
        )
        .await
        .ok();
    assert_eq!(back["revision"]["state"], "draft");
    house
        .post(&risk, &at(&id, "/propose"), json!({ "sha256": sha256 }))
        .await
        .ok();
    house
        .post(
            &second,
            &at(&id, "/sign-off"),
            sign(json!(["acquirer_deregister:within"])),
        )
        .await
        .ok();
    // Its use is ended by two people as well, and not without a reason.
    let ended = house.post(&second, &at(&id, "/withdraw"), json!({})).await;
    assert_eq!(ended.problem(422, "invalid_field").body["field"], "note");
    let ended = house
        .post(
            &second,
            &at(&id, "/withdraw"),
            json!({ "note": "back to the law" }),
        )
        .await
        .ok();
    assert_eq!(ended["revision"]["state"], "withdrawal_proposed");
    house
        .post(&second, &at(&id, "/sign-off"), sign(json!([])))
        .await
        .problem(403, "second_person_required");
    let ended = house
        .post(&risk, &at(&id, "/sign-off"), sign(json!([])))
        .await
        .ok();
    assert_eq!(ended["revision"]["state"], "withdrawn");
}

#[tokio::test]
async fn what_comes_with_the_software_is_shown_by_its_name_and_is_nobodys_to_change() {
    let house = House::new().await;
    let (risk, owner) = (house.token("risk").await, house.token("owner").await);
    for name in ["stolen", "lost", "tampered", "found"] {
        let it = house.get(&owner, &at(name, "")).await.ok();
        assert_eq!((&it["revision"], &it["can_copy"]), (&Value::Null, &json!(false)));
        assert_eq!(codes(&it["checked"]), [""; 0], "{name}");
    }
    assert_eq!(house.get(&risk, &at("stolen", "")).await.ok()["can_copy"], true);
    put(&house, &risk, "stolen", json!({ "sha256": "", "text": "a" }))
        .await
        .problem(404, "revision_not_found");
    house
        .get(&risk, &at("V0000000", ""))
        .await
        .problem(404, "revision_not_found");
    let schema = house.get(&owner, &at("schema", "")).await.ok();
    assert_eq!(schema, playbook::schema());
    let all = house.get(&owner, PLAYBOOKS).await.ok();
    assert_eq!(
        (all["items"].as_array().unwrap().len(), &all["keeps"]),
        (4, &json!(false))
    );
    let mark = all["rules"]
        .as_array()
        .unwrap()
        .iter()
        .find(|rule| rule["rule"] == "police_decision")
        .unwrap();
    assert_eq!(mark["mark"], "second_hand");
    house
        .post(&owner, &at("check", ""), json!({ "text": "a" }))
        .await
        .problem(403, "not_allowed");
}
