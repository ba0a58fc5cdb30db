//! Personal data: masked for everybody but the person, in full for who says why.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::Method;
use domain::Timestamp;
use serde_json::{Value, json};

use super::{House, OURS, request};

const EMAIL: &str = "zhang.wei@shop.example";
const PHONE: &str = "+8613800138000";
const REVEAL: &str = "/api/v1/accounts/manager/reveal";

/// Says where the manager can be reached.
async fn reach(house: &House) {
    let reach = |tx: &store::Tx<'_>| {
        store::account::set_email(tx, "manager", Some(EMAIL))?;
        store::account::set_phone(tx, "manager", Some(PHONE))
    };
    house.node.write(reach).await.unwrap();
}

fn because(reason: &str) -> Value {
    json!({ "reason": reason })
}

#[tokio::test]
async fn where_a_person_can_be_reached_is_masked_but_for_that_person() {
    let house = House::new().await;
    reach(&house).await;
    for login in ["owner", "risk", "auditor"] {
        let token = house.token(login).await;
        for path in ["/api/v1/accounts", "/api/v1/accounts/manager"] {
            let seen = house.get(&token, path).await.ok().to_string();
            assert!(
                seen.contains("z****@shop.example") && seen.contains("138****8000"),
                "{seen}"
            );
            assert!(
                !seen.contains(EMAIL) && !seen.contains("0013800"),
                "{login} {path} {seen}"
            );
        }
    }
    let own = house.token("manager").await;
    let seen = house.get(&own, "/api/v1/accounts/manager").await.ok();
    assert_eq!((&seen["email"], &seen["phone"]), (&json!(EMAIL), &json!(PHONE)));
    let unsaid = house.get(&own, "/api/v1/accounts").await.ok();
    assert_eq!(unsaid["items"][0]["id"], "manager", "{unsaid}");
    let owner = house.token("owner").await;
    let seen = house.get(&owner, "/api/v1/accounts/owner").await.ok();
    assert_eq!((&seen["email"], &seen["phone"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn who_may_sees_it_in_full_for_a_reason_that_stays() {
    let house = House::new().await;
    reach(&house).await;
    let owner = house.token("owner").await;
    for reason in ["", " why ", &"x".repeat(501)] {
        let answer = house.post(&owner, REVEAL, because(reason)).await;
        assert_eq!(answer.problem(422, "invalid_field").body["field"], "reason");
    }
    let reason = "店里电话打不通，核实挂失";
    let full = house.post(&owner, REVEAL, because(reason)).await.ok();
    assert_eq!(full, json!({ "values": { "email": EMAIL, "phone": PHONE } }));
    // A key repeats no answer: each look is one, and none is kept.
    let by_key = house
        .post_once(&owner, "again", REVEAL, because("核实挂失，第二次"))
        .await;
    by_key.ok();
    let events = house.get(&owner, "/api/v1/accounts/manager/events").await.ok();
    let looks: Vec<_> = events["items"].as_array().unwrap().iter().collect();
    assert_eq!(looks.len(), 2, "{events}");
    assert_eq!(
        (&looks[0]["verb"], &looks[0]["actor"], &looks[0]["text"]),
        (&json!("reveal"), &json!("name of owner"), &json!(reason))
    );
    let seen = house.get(&owner, "/api/v1/accounts/manager").await.ok();
    assert_eq!(seen["email"], "z****@shop.example");
    assert!(seen["actions"].as_array().unwrap().contains(&json!("reveal")));
    // Of whom nothing is known, there is nothing to see.
    let nothing = house.post(&owner, "/api/v1/accounts/owner/reveal", because("本人要求核对"));
    nothing.await.problem(409, "wrong_state");
}

#[tokio::test]
async fn why_somebody_looked_is_no_colleagues_to_read() {
    let house = House::new().await;
    reach(&house).await;
    let colleague = |tx: &store::Tx<'_>| {
        let mut person: domain::account::Person = store::row::by_id(tx, "stranger")?.unwrap();
        person.account.role = domain::account::Role::Cashier;
        person.account.scope = domain::account::Scope::Shop(super::merchant_id(OURS), "S01".into());
        store::row::update(tx, &person)
    };
    house.node.write(colleague).await.unwrap();
    let owner = house.token("owner").await;
    let reason = "本人病假，联系家属";
    house.post(&owner, REVEAL, because(reason)).await.ok();
    let export = "/api/v1/accounts/manager/export";
    house.post(&owner, export, because(reason)).await.ok();
    for (login, text) in [
        ("stranger", Value::Null),
        ("manager", json!(reason)),
        ("owner", json!(reason)),
        ("auditor", json!(reason)),
    ] {
        let token = house.token(login).await;
        let told = house.get(&token, "/api/v1/accounts/manager/events").await.ok();
        for (event, verb) in [(0, "reveal"), (1, "export")] {
            let event = &told["items"][event];
            assert_eq!((&event["verb"], &event["text"]), (&json!(verb), &text), "{login}");
        }
    }
}

#[tokio::test]
async fn nobody_else_sees_it_in_full() {
    let house = House::new().await;
    reach(&house).await;
    let why = || because("因为想看一看");
    for login in ["manager", "auditor"] {
        let token = house.token(login).await;
        let answer = house.post(&token, REVEAL, why()).await;
        answer.problem(403, "not_allowed");
    }
    let stranger = house.token("stranger").await;
    house
        .post(&stranger, REVEAL, why())
        .await
        .problem(404, "account_not_found");
    let owner = house.token("owner").await;
    let events = house.get(&owner, "/api/v1/accounts/manager/events").await.ok();
    assert_eq!(events["items"], json!([]));
}

#[tokio::test]
async fn it_is_seen_only_by_who_has_just_proved_who_it_is() {
    static NOW_MS: AtomicI64 = AtomicI64::new(1_790_000_000_000);
    fn now() -> Timestamp {
        Timestamp(NOW_MS.load(Ordering::Relaxed))
    }
    let house = House::with_clock(now).await;
    reach(&house).await;
    let owner = house.post(
        "",
        "/api/v1/session",
        json!({ "login": "owner", "password": super::PASSWORD }),
    );
    let owner = owner.await.ok()["token"].as_str().unwrap().to_owned();
    NOW_MS.fetch_add(domain::account::FRESH_MS, Ordering::Relaxed);
    let why = || because("店里电话打不通");
    house
        .post(&owner, REVEAL, why())
        .await
        .problem(403, "step_up_required");
    let proof = request(
        Method::POST,
        "/api/v1/session/proof",
        &owner,
        Some(json!({ "password": super::PASSWORD })),
    );
    house.send(proof).await.ok();
    house.post(&owner, REVEAL, why()).await.ok();
}

/// What fields are called that may be about a person.
const WORDS: [&str; 33] = [
    "person_name",
    "payer",
    "mobile",
    "email",
    "phone",
    "hotline",
    "address",
    "text",
    "place",
    "circumstances",
    "statement",
    "note",
    "said",
    "actor",
    "actor_name",
    "name",
    "login",
    "by",
    "peer",
    "browser",
    "operator",
    "keys_held_by",
    "identity_number",
    "legal_person",
    "holder",
    "writers",
    "signers",
    "caption",
    "persons",
    "facts",
    "analysis",
    "decision_text",
    "branch",
];

/// Every field of answers that is called so, as `Schema.field`.
fn answered(document: &Value) -> BTreeSet<String> {
    fn walk<'d>(
        document: &'d Value,
        part: &'d Value,
        schema: &str,
        seen: &mut BTreeSet<&'d str>,
        to: &mut BTreeSet<String>,
    ) {
        if let Some(name) = part["$ref"].as_str().and_then(|name| name.rsplit('/').next())
            && seen.insert(name)
        {
            let whole = &document["components"]["schemas"][name];
            walk(document, whole, name.trim_start_matches("Page_"), seen, to);
        }
        let fields = part["properties"]
            .as_object()
            .into_iter()
            .flat_map(|all| all.keys());
        let personal = fields.filter(|field| WORDS.contains(&field.as_str()) || field.ends_with("_by"));
        to.extend(personal.map(|field| format!("{schema}.{field}")));
        let all = part.as_object().into_iter().flat_map(|object| object.values());
        for part in all.chain(part.as_array().into_iter().flatten()) {
            walk(document, part, schema, seen, to);
        }
    }
    let (mut seen, mut to) = (BTreeSet::new(), BTreeSet::new());
    for operation in document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
    {
        let answers = operation["responses"].as_object().unwrap().iter();
        for (_, answer) in answers.filter(|(status, _)| status.starts_with('2')) {
            walk(document, answer, "answer", &mut seen, &mut to);
        }
    }
    to
}

#[test]
fn the_page_says_of_every_field_about_people_who_sees_it() {
    let page = include_str!("../../../../docs/PERSONAL.md");
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let answered = answered(&document);
    let missing: Vec<_> = answered
        .iter()
        .filter(|field| !page.contains(&format!("`{field}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/PERSONAL.md does not say who sees {missing:?}"
    );
    let named = page.split('`').skip(1).step_by(2);
    let is_field = |text: &&str| {
        text.split_once('.')
            .is_some_and(|(schema, _)| schema.chars().next().is_some_and(char::is_uppercase))
    };
    let gone: Vec<_> = named
        .filter(is_field)
        .filter(|field| !answered.contains(*field) && *field != "Person.id")
        .collect();
    assert!(
        gone.is_empty(),
        "docs/PERSONAL.md has what no answer has: {gone:?}"
    );
}

#[tokio::test]
async fn everything_about_oneself_is_handed_over_without_a_secret() {
    let house = House::new().await;
    reach(&house).await;
    house.factor("manager").await;
    let own = house.token("manager").await;
    let lost = json!({ "terminal_id": "10450001", "manner": "lost", "circumstances": "在出租车上" });
    house.post(&own, "/api/v1/incidents", lost).await.ok();
    let all = house.get(&own, "/api/v1/session/export").await.ok();
    assert_eq!(all["form"], "tillguard-person/1");
    assert_eq!(
        (&all["account"]["email"], &all["account"]["phone"]),
        (&json!(EMAIL), &json!(PHONE))
    );
    assert_eq!(
        (&all["factors"][0]["name"], &all["next_cursor"]),
        (&json!("phone"), &Value::Null)
    );
    assert_eq!(all["sessions"].as_array().unwrap().len(), 1);
    let said = all["events"].as_array().unwrap();
    assert!(
        said.iter()
            .any(|event| event["verb"] == "reported" && event["text"] == "在出租车上"),
        "{all}"
    );
    for secret in ["digest", "hash", "secret", &own] {
        assert!(!all.to_string().contains(secret), "{secret}: {all}");
    }
    // Page by page it is the same.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    for _ in 0..=said.len() {
        let page = house
            .get(&own, &format!("/api/v1/session/export?limit=1{cursor}"))
            .await
            .ok();
        paged.extend(page["events"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(&paged, said);
    let nonsense = house.get(&own, "/api/v1/session/export?cursor=7.x");
    nonsense.await.problem(422, "invalid_field");
}

#[tokio::test]
async fn it_is_handed_over_for_who_asked_and_says_nothing_of_what_is_not_ones_own() {
    let house = House::new().await;
    reach(&house).await;
    // Before, the manager was of another merchant.
    house
        .node
        .write(|tx| {
            let mut person: domain::account::Person = store::row::by_id(tx, "manager")?.unwrap();
            person.account.scope =
                domain::account::Scope::Shop(super::merchant_id(super::THEIRS), "S09".into());
            store::row::update(tx, &person)
        })
        .await
        .unwrap();
    let then = house.token("manager").await;
    let theirs = json!({ "terminal_id": "10450009", "manner": "lost", "circumstances": "别人的店" });
    house.post(&then, "/api/v1/incidents", theirs).await.ok();
    house
        .node
        .write(|tx| {
            let mut person: domain::account::Person = store::row::by_id(tx, "manager")?.unwrap();
            person.account.scope = domain::account::Scope::Shop(super::merchant_id(OURS), "S01".into());
            store::row::update(tx, &person)
        })
        .await
        .unwrap();
    let export = "/api/v1/accounts/manager/export";
    let (owner, risk, auditor) = (
        house.token("owner").await,
        house.token("risk").await,
        house.token("auditor").await,
    );
    house
        .post(&auditor, export, because("本人书面申请"))
        .await
        .problem(403, "not_allowed");
    house
        .post(&owner, export, because(""))
        .await
        .problem(422, "invalid_field");
    let seen = house.post(&owner, export, because("本人书面申请")).await.ok();
    assert_eq!(seen["account"]["email"], EMAIL);
    assert!(!seen.to_string().contains("别人的店"), "{seen}");
    let seen = house.post(&risk, export, because("本人书面申请")).await.ok();
    assert!(seen.to_string().contains("别人的店"));
    let told: Vec<_> = seen["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["verb"] == "export")
        .collect();
    assert_eq!((told.len(), &told[0]["actor"]), (2, &json!("owner")), "{seen}");
}

/// A page of what is handed over for the manager: with what cursor, and why.
async fn page_of(house: &House, token: &str, login: &str, cursor: &str) -> super::Answer {
    let path = format!("/api/v1/accounts/{login}/export?limit=1{cursor}");
    house.post(token, &path, because("本人书面申请")).await
}

#[tokio::test]
async fn page_by_page_it_ends_and_no_cursor_says_what_is_not_ones_own() {
    let house = House::new().await;
    let move_to = |merchant: &'static str, shop: &'static str| {
        move |tx: &store::Tx<'_>| {
            let mut person: domain::account::Person = store::row::by_id(tx, "manager")?.unwrap();
            person.account.scope = domain::account::Scope::Shop(super::merchant_id(merchant), shop.into());
            store::row::update(tx, &person)
        }
    };
    let own = house.token("manager").await;
    house.node.write(move_to(super::THEIRS, "S09")).await.unwrap();
    let theirs = house.lose(&own, "10450009").await;
    house.node.write(move_to(OURS, "S01")).await.unwrap();
    let ours = house.lose(&own, "10450001").await;
    let owner = house.token("owner").await;
    let (mut cursor, mut told, mut pages) = (String::new(), String::new(), 0);
    loop {
        pages += 1;
        assert!(pages < 20, "each page is an event of the next one: {cursor}");
        let page = page_of(&house, &owner, "manager", &cursor).await.ok();
        told.push_str(&page.to_string());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(told.contains(&ours), "{told}");
    for theirs in [theirs.as_str(), "10450009", "incident."] {
        assert!(!told.contains(theirs), "{theirs}: {told}");
    }
    // It is of that reader and that person.
    let risk = house.token("risk").await;
    let others = page_of(&house, &risk, "manager", &cursor).await;
    others.problem(422, "invalid_field");
    assert_eq!(others.body["field"], "cursor");
    let of_another = page_of(&house, &owner, "owner", &cursor).await;
    of_another.problem(422, "invalid_field");
    page_of(&house, &owner, "manager", &cursor).await.ok();
}

#[tokio::test]
async fn what_a_merchant_signed_up_with_is_handed_over_and_said_to_be_kept() {
    let house = House::new().await;
    house.registration("REG00001", true).await;
    let consents = |tx: &store::Tx<'_>| {
        let it: domain::registration::Registration = store::row::by_id(tx, "REG00001")?.unwrap();
        let consents_to = Some(domain::registration::Provider::Tencent);
        store::row::update(tx, &domain::registration::Registration { consents_to, ..it })
    };
    house.node.write(consents).await.unwrap();
    let risk = house.token("risk").await;
    let shown = house.get(&risk, "/api/v1/registrations/REG00001").await.ok();
    assert_eq!(shown["consents_to"], "tencent");
    let accept = "/api/v1/registrations/REG00001/accept";
    let accepted = house.post(&risk, accept, json!({})).await.ok();
    let login = "new.REG00001";
    // Somebody else wanted the same log-in, and did not get it.
    let other = |tx: &store::Tx<'_>| {
        let it: domain::registration::Registration = store::row::by_id(tx, "REG00001")?.unwrap();
        let mut other = domain::registration::Registration {
            registration_id: "REG00002".into(),
            token_digest: vec![2],
            state: domain::registration::State::Returned,
            ..it
        };
        other.said.person_name = "另一个人".into();
        store::registration::insert(tx, &other)
    };
    house.node.write(other).await.unwrap();
    let own = house.token_of(login.into()).await;
    let all = house.get(&own, "/api/v1/session/export").await.ok();
    let kept = &all["registrations"][0];
    assert_eq!(
        (
            &kept["id"],
            &kept["person_name"],
            &kept["identity_number"],
            &kept["mobile"],
            &kept["email"]
        ),
        (
            &json!("REG00001"),
            &json!("测试甲"),
            &json!("110101180001010015"),
            &json!("+8613800138000"),
            &json!("li.na@shop.example")
        ),
        "{all}"
    );
    assert_eq!(kept["merchant_id"], accepted["merchant_id"]);
    for (field, said) in [
        ("consents_to", json!("tencent")),
        ("state", json!("accepted")),
        ("language", json!("zh")),
        ("decided_by", json!("risk")),
        ("approval", json!(null)),
    ] {
        assert_eq!(kept.get(field), Some(&said), "{field} of {all}");
    }
    assert!(kept["sent_at"].is_string() && kept["person_check"]["outcome"] == "same");
    assert!(!all.to_string().contains("另一个人"), "{all}");
    // Another owner answers for the account, not for what the acquirer knows.
    let second = move |tx: &store::Tx<'_>| {
        let person: domain::account::Person = store::row::by_id(tx, "new.REG00001")?.unwrap();
        let second = domain::account::Account {
            login: "second".into(),
            ..person.account
        };
        store::account::insert(tx, &second, &super::HASH)
    };
    house.node.write(second).await.unwrap();
    let second = house.token("second").await;
    let export = format!("/api/v1/accounts/{login}/export");
    let seen = house.post(&second, &export, because("本人书面申请")).await.ok();
    assert_eq!(seen["registrations"], json!([]), "{seen}");
    let seen = house.post(&risk, &export, because("本人书面申请")).await.ok();
    assert_eq!(seen["registrations"][0]["id"], "REG00001");

    house
        .post(&risk, &format!("/api/v1/accounts/{login}/disable"), json!({}))
        .await
        .ok();
    let erase = format!("/api/v1/accounts/{login}/erase");
    let erased = house.post(&risk, &erase, because("本人要求删除")).await.ok();
    let grounds = [
        json!({ "ground": "record", "until": null }),
        json!({ "ground": "customer", "until": null }),
    ];
    assert_eq!(erased["kept"], json!(grounds), "{erased}");
}

#[tokio::test]
async fn a_person_is_erased_and_the_answer_says_what_is_kept() {
    let house = House::new().await;
    reach(&house).await;
    let (owner, own) = (house.token("owner").await, house.token("manager").await);
    let erase = "/api/v1/accounts/manager/erase";
    house
        .post(&owner, erase, because("本人要求删除"))
        .await
        .problem(409, "wrong_state");
    let incident = json!({ "terminal_id": "10450001", "manner": "lost", "circumstances": "在出租车上" });
    let incident = house.post(&own, "/api/v1/incidents", incident).await.ok();
    let id = incident["id"].as_str().unwrap();
    house
        .post(&owner, "/api/v1/accounts/manager/disable", json!({}))
        .await
        .ok();
    house
        .post(&owner, erase, because("本人要求删除"))
        .await
        .problem(409, "loss_open");
    let person = house.get(&owner, "/api/v1/accounts/manager").await.ok();
    assert!(
        !person["actions"].as_array().unwrap().contains(&json!("erase")),
        "{person}"
    );
    let risk = house.token("risk").await;
    let found = json!({ "kind": "false_alarm", "statement": "司机送回" });
    house
        .post(&owner, &format!("/api/v1/incidents/{id}/found"), found)
        .await
        .ok();
    house
        .post(&risk, &format!("/api/v1/incidents/{id}/found/confirm"), json!({}))
        .await
        .ok();

    let stranger = house.token("stranger").await;
    house
        .post(&stranger, erase, because("本人要求删除"))
        .await
        .problem(404, "account_not_found");
    let auditor = house.token("auditor").await;
    house
        .post(&auditor, erase, because("本人要求删除"))
        .await
        .problem(403, "not_allowed");
    let erased = house.post(&owner, erase, because("本人要求删除")).await.ok();
    assert_eq!(
        (
            &erased["state"],
            &erased["name"],
            &erased["login"],
            &erased["email"],
            &erased["phone"]
        ),
        (
            &json!("erased"),
            &json!("manager"),
            &json!("manager"),
            &Value::Null,
            &Value::Null
        )
    );
    assert_eq!(erased["actions"], json!([]));
    assert_eq!(
        (&erased["kept"][0]["ground"], &erased["kept"][0]["until"]),
        (&json!("record"), &Value::Null)
    );
    assert_eq!(erased["kept"][1]["ground"], "case");
    assert!(erased["kept"][1]["until"].is_string(), "{erased}");
    house
        .post(&owner, erase, because("再来一次吧"))
        .await
        .problem(409, "wrong_state");
    house
        .get(&own, "/api/v1/session")
        .await
        .problem(401, "unauthenticated");
    let log_in = json!({ "login": "manager", "password": super::PASSWORD });
    house
        .post("", "/api/v1/session", log_in)
        .await
        .problem(401, "invalid_credentials");
    // What was said of the loss is kept, and nobody else gets the log-in.
    let kept = house.get(&owner, &format!("/api/v1/incidents/{id}")).await.ok();
    assert_eq!(kept["circumstances"], "在出租车上");
    let link = house.post(
        &owner,
        "/api/v1/invitations",
        json!({ "name": "新店长", "role": "manager", "shop_id": "S01" }),
    );
    let link = link.await.ok();
    let body = json!({ "token": link["token"], "login": "manager", "name": "新人", "password": "teapot-in-the-rain" });
    house
        .post("", "/api/v1/invitations/accept", body)
        .await
        .problem(409, "login_taken");
    assert_eq!(
        house.get(&owner, "/api/v1/accounts").await.ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn a_merchants_last_owner_is_not_erased() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    house
        .post(&risk, "/api/v1/accounts/stranger/disable", json!({}))
        .await
        .ok();
    let answer = house.post(&risk, "/api/v1/accounts/stranger/erase", because("本人要求删除"));
    answer.await.problem(409, "last_administrator");
}

#[tokio::test]
async fn a_retired_contact_is_erased() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let said = json!({ "merchant_id": OURS, "kind": "bank", "name": "客户经理张伟", "hotline": PHONE, "email": EMAIL, "reference": "C-1" });
    let contact = house.post(&owner, "/api/v1/contacts", said).await.ok();
    let path = format!("/api/v1/contacts/{}", contact["id"].as_str().unwrap());
    let erase = format!("{path}/erase");
    house
        .post(&owner, &erase, because("本人要求删除"))
        .await
        .problem(409, "wrong_state");
    house
        .post(&owner, &format!("{path}/retire"), json!({}))
        .await
        .ok();
    house
        .post(&owner, &erase, because("no"))
        .await
        .problem(422, "invalid_field");
    let manager = house.token("manager").await;
    house
        .post(&manager, &erase, because("本人要求删除"))
        .await
        .problem(403, "not_allowed");
    let erased = house.post(&owner, &erase, because("本人要求删除")).await.ok();
    for gone in [EMAIL, PHONE, "张伟", "C-1"] {
        assert!(!erased.to_string().contains(gone), "{erased}");
    }
    assert_eq!(
        (&erased["state"], &erased["name"], &erased["actions"]),
        (&json!("erased"), &contact["id"], &json!([]))
    );
    house
        .post(&owner, &format!("{path}/restore"), json!({}))
        .await
        .problem(409, "wrong_state");
    let events = house.get(&owner, &format!("{path}/events")).await.ok();
    assert_eq!(events["items"][2]["text"], "本人要求删除", "{events}");
}
