//! Signing up: whoever asks learns nothing of who is known, what is of a person leaves masked, and people decide.

use axum::http::Method;
use domain::account::FRESH_MS;
use domain::registration::{Kind, Outcome, Registration, SENT_MAX, Said, State, WRONG_CODES_MAX};
use domain::session::Session;
use domain::setting::Language;
use domain::work::{Kind as WorkKind, Work};
use node::seal::Purpose;
use serde_json::{Value, json};

use super::{House, request};
use crate::auth::Token;

const PATH: &str = "/api/v1/registrations";

fn form() -> Value {
    json!({
        "kind": "individual", "business_name": "测试小吃店", "credit_code": "92110101ma0txxx2xp", "person_name": "测试甲",
        "identity_number": "11010118000104002x", "mobile": "138 0013 8000", "email": "li.na@shop.example", "login": "li.na",
        "password": "teapot-in-the-rain",
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut form = form();
    form[field] = value;
    form
}

impl House {
    /// One that takes registrations.
    async fn registering() -> Self {
        let house = Self::new().await;
        let risk = house.token("risk").await;
        let settings = json!({ "smtp_url": "smtp://127.0.0.1:25", "mail_from": "till@acquirer.example", "takes_registrations": true });
        let changed = request(Method::PUT, "/api/v1/settings", &risk, Some(settings));
        house.send(changed).await.ok();
        house
    }

    /// A registration that waits for people.
    pub(super) async fn registration(&self, id: &'static str, is_same: bool) -> String {
        let outcome = if is_same { Outcome::Same } else { Outcome::NoRecord };
        let insert = move |tx: &store::Tx<'_>| {
            let registration = Registration {
                registration_id: id.into(),
                token_digest: id.as_bytes().to_vec(),
                code_digest: vec![1],
                wrong_codes: 0,
                made_from: String::new(),
                made_at: tx.now(),
                ends_at: tx.now(),
                said: Said {
                    kind: Kind::Individual,
                    business_name: "测试小吃店".into(),
                    credit_code: "92110101MA0TXXX2XP".into(),
                    person_name: "测试甲".into(),
                    identity_number: "110101180001010015".into(),
                    mobile: "+8613800138000".into(),
                    login: format!("new.{id}"),
                },
                email: "li.na@shop.example".into(),
                password_hash: "hash".into(),
                language: Language::Chinese,
                consents_to: None,
                state: State::Review,
                sent_count: 1,
                sent_at: Some(tx.now()),
                provider: None,
                person_asked_at: None,
                person_outcome: Some(outcome),
                person_because: None,
                company_asked_at: None,
                company_outcome: Some(outcome),
                company_because: None,
                approval: None,
                wrong_fields: None,
                told: None,
                decided_by: None,
                decided_at: None,
                became: None,
            };
            store::registration::insert(tx, &registration)
        };
        self.node.write(insert).await.unwrap();
        id.to_owned()
    }

    /// A registration that waits for its code, and the code.
    async fn begun(&self) -> (Value, String) {
        let begun = self.post("", PATH, form()).await.ok();
        let code = self.code(text(&begun, "id")).await.unwrap();
        (begun, code)
    }

    /// Puts a registration where others would have taken it.
    async fn is_at(&self, id: String, state: State) {
        let put = move |tx: &store::Tx<'_>| {
            let it: Registration = store::row::by_id(tx, &id)?.unwrap();
            store::row::update(tx, &Registration { state, ..it })
        };
        self.node.write(put).await.unwrap();
    }

    /// The code that waits to be mailed for a registration.
    async fn code(&self, id: &str) -> Option<String> {
        let list = |tx: &store::Tx<'_>| {
            let filter = store::work::Filter {
                kind: Some(WorkKind::RegistrationMail),
                state: None,
            };
            store::work::list(tx, filter, None, 99)
        };
        let waiting: Vec<Work> = self.node.read(list).await.unwrap();
        let work = waiting.into_iter().find(|work| work.id.subject_id() == id)?;
        let sealed = work.payload?;
        let opened = self.node.sealer.open(Purpose::RegistrationCode, id, &sealed);
        Some(String::from_utf8(opened.unwrap().to_vec()).unwrap())
    }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

#[tokio::test]
async fn who_signs_up_learns_nothing_of_who_is_known() {
    let house = House::registering().await;
    let plain = house.post("", PATH, form()).await;
    assert_eq!(plain.status, 202, "{}", plain.body);
    house
        .node
        .write(|tx: &store::Tx<'_>| store::account::set_email(tx, "owner", Some("li.na@shop.example")))
        .await
        .unwrap();
    // The mailbox of an owner, a log-in that somebody has, a code that waits already.
    let known = house.post("", PATH, with("login", "owner".into())).await;
    for (answer, of) in [(&plain, "new"), (&known, "known")] {
        let mut fields: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
        fields.sort();
        assert_eq!(fields, ["id", "minutes", "token"], "{of}");
        assert_eq!(
            (answer.status.as_u16(), &answer.body["minutes"]),
            (202, &json!(30)),
            "{of}"
        );
        assert!(Token::parse(text(&answer.body, "token")).is_some() && text(&answer.body, "id").len() == 8);
    }
    // More than are mailed: the answer is the same.
    for _ in 0..4 {
        let more = house.post("", PATH, form()).await;
        assert_eq!(more.status, 202);
        let seen = house
            .post(
                "",
                &format!("{PATH}/look"),
                json!({ "token": more.body["token"] }),
            )
            .await
            .ok();
        assert_eq!(seen["state"], "unconfirmed");
    }
    let risk = house.token("risk").await;
    let seen = house.get(&risk, PATH).await.ok();
    assert_eq!(seen["items"], json!([]));
}

#[tokio::test]
async fn a_house_that_takes_none_says_so_before_it_looks() {
    let house = House::new().await;
    house
        .post("", PATH, form())
        .await
        .problem(409, "registrations_closed");
    let told = house.get("", "/api/v1/hotline").await.ok();
    assert_eq!(told["takes_registrations"], false);
    let house = House::registering().await;
    let told = house.get("", "/api/v1/hotline").await.ok();
    assert_eq!(told["takes_registrations"], true);
    assert_eq!(house.post("", PATH, form()).await.status, 202);
}

#[tokio::test]
async fn each_field_says_what_is_wrong_with_it() {
    let house = House::registering().await;
    for (field, value) in [
        ("credit_code", json!("92110101MA0TXXX2X1")),
        ("credit_code", json!(" ")),
        ("identity_number", json!("110101180001010016")),
        ("identity_number", json!("110101190002290011")),
        ("identity_number", json!("92110101MA0TXXX2XP")),
        ("mobile", json!("12800138000")),
        ("email", json!("li.na")),
        ("login", json!("?")),
        ("password", json!("short")),
        ("person_name", json!(" ")),
        ("business_name", json!("店".repeat(101))),
        ("kind", json!("shop")),
    ] {
        let answer = house.post("", PATH, with(field, value.clone())).await;
        answer.problem(422, "invalid_field");
        assert_eq!(answer.body["field"], field, "{value}");
    }
    let micro = with("kind", "micro".into());
    let answer = house.post("", PATH, micro.clone()).await;
    answer.problem(422, "invalid_field");
    assert_eq!(answer.body["field"], "credit_code");
    let mut micro = micro;
    micro["credit_code"] = Value::Null;
    assert_eq!(house.post("", PATH, micro).await.status, 202);
}

#[tokio::test]
async fn the_code_and_the_token_confirm_together_and_the_applicant_sees_it_masked() {
    let house = House::registering().await;
    let begun = house.post("", PATH, form()).await.ok();
    let other = house
        .post("", PATH, with("email", "thief@elsewhere.example".into()))
        .await
        .ok();
    let code = house.code(text(&begun, "id")).await.unwrap();
    let confirm = async |token: &Value, code: &str| {
        house
            .post(
                "",
                &format!("{PATH}/confirm"),
                json!({ "token": token, "code": code }),
            )
            .await
    };
    // Whoever typed another's address does not get the mailbox's owner to confirm the form of the thief, nor the other way round.
    confirm(&other["token"], &code)
        .await
        .problem(410, "registration_code_wrong");
    confirm(&begun["token"], "M701Z01ABCDE")
        .await
        .problem(410, "registration_code_wrong");
    confirm(&begun["token"], "M701")
        .await
        .problem(410, "registration_code_wrong");
    confirm(&json!("A".repeat(43)), &code)
        .await
        .problem(410, "registration_over");
    let typed = format!("{}-{} {}", &code[..4].to_lowercase(), &code[4..8], &code[8..]);
    let seen = confirm(&begun["token"], &typed).await.ok();
    assert_eq!(
        (&seen["state"], &seen["sends_left"]),
        (&json!("checking"), &json!(SENT_MAX - 1))
    );
    assert_eq!(confirm(&begun["token"], &code).await.ok(), seen);
    let whole = seen.to_string();
    for secret in ["测试甲", "11010118000104002X", "13800138000", "li.na@shop"] {
        assert!(!whole.contains(secret), "{secret} in {whole}");
    }
    assert_eq!(
        (&seen["credit_code"], &seen["login"]),
        (&json!("92110101MA0TXXX2XP"), &json!("li.na"))
    );
    let taken_back = house
        .post(
            "",
            &format!("{PATH}/withdraw"),
            json!({ "token": begun["token"] }),
        )
        .await
        .ok();
    assert_eq!(
        (&taken_back["state"], &taken_back["actions"]),
        (&json!("withdrawn"), &json!([]))
    );
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_slowed_down_and_another_is_not() {
    let house = House::registering().await;
    let wrong = json!({ "token": "A".repeat(43) });
    let look = format!("{PATH}/look");
    let mut last = house.post_from([192, 0, 2, 66], &look, wrong.clone()).await;
    for _ in 0..60 {
        last = house.post_from([192, 0, 2, 66], &look, wrong.clone()).await;
    }
    last.problem(429, "too_many_attempts");
    house
        .post_from([192, 0, 2, 66], PATH, form())
        .await
        .problem(429, "too_many_attempts");
    let begun = house.post_from([192, 0, 2, 1], PATH, form()).await;
    assert_eq!(begun.status, 202);
    // Who holds a right token is not slowed down by the others of that address.
    let held = json!({ "token": begun.body["token"] });
    house.post_from([192, 0, 2, 66], &look, held).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_can_change_nothing_waits_for_who_writes() {
    let house = House::registering().await;
    let (begun, code) = house.begun().await;
    let (confirmed, its_code) = house.begun().await;
    let (used_up, right_code) = house.begun().await;
    let step = async |step: &str, said: Value| house.post("", &format!("{PATH}/{step}"), said).await;
    let right = json!({ "token": confirmed["token"], "code": its_code });
    let seen = step("confirm", right.clone()).await.ok();
    for _ in 0..WRONG_CODES_MAX {
        let wrong = json!({ "token": used_up["token"], "code": "M701Z01ABCDE" });
        step("confirm", wrong)
            .await
            .problem(410, "registration_code_wrong");
    }
    let returned = house
        .post("", PATH, with("email", "b@shop.example".into()))
        .await
        .ok();
    house
        .is_at(text(&returned, "id").to_owned(), State::Returned)
        .await;
    let withdrawn = house
        .post("", PATH, with("email", "c@shop.example".into()))
        .await
        .ok();
    house
        .is_at(text(&withdrawn, "id").to_owned(), State::Withdrawn)
        .await;
    let risk = house.token("risk").await;
    let closed = json!({ "takes_registrations": false });
    let closed = request(Method::PUT, "/api/v1/settings", &risk, Some(closed));
    house.send(closed).await.ok();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let (busy, is_busy) = tokio::sync::oneshot::channel();
    let node = house.node.clone();
    let writing = tokio::spawn(async move {
        let hold = move |_: &store::Tx<'_>| {
            busy.send(()).unwrap();
            // Until the other end is gone.
            Ok::<_, store::Error>(may_go_on.recv().is_err())
        };
        node.write(hold).await
    });
    is_busy.await.unwrap();
    let asked = async {
        let held = json!({ "token": begun["token"] });
        assert_eq!(step("look", held).await.ok()["state"], "unconfirmed");
        assert_eq!(step("confirm", right).await.ok(), seen);
        let wrong = "A".repeat(43);
        for (verb, said, status, code) in [
            ("look", json!({ "token": wrong }), 410, "registration_over"),
            (
                "confirm",
                json!({ "token": wrong, "code": code }),
                410,
                "registration_over",
            ),
            (
                "send",
                json!({ "token": wrong, "login": "li.na.2" }),
                410,
                "registration_over",
            ),
            ("withdraw", json!({ "token": wrong }), 410, "registration_over"),
            (
                "confirm",
                json!({ "token": begun["token"], "code": code }),
                409,
                "registrations_closed",
            ),
            (
                "confirm",
                json!({ "token": used_up["token"], "code": right_code }),
                410,
                "registration_code_wrong",
            ),
            (
                "confirm",
                json!({ "token": confirmed["token"], "code": code }),
                410,
                "registration_code_wrong",
            ),
            (
                "send",
                json!({ "token": confirmed["token"], "login": "li.na.2" }),
                409,
                "wrong_state",
            ),
            (
                "send",
                json!({ "token": returned["token"], "login": "?" }),
                422,
                "invalid_field",
            ),
            (
                "withdraw",
                json!({ "token": withdrawn["token"] }),
                409,
                "wrong_state",
            ),
        ] {
            step(verb, said).await.problem(status, code);
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), asked)
        .await
        .unwrap();
    drop(go_on);
    assert!(writing.await.unwrap().unwrap());
}

#[tokio::test]
async fn an_approval_says_the_day_that_was_typed_and_ends_with_it() {
    let house = House::registering().await;
    let risk = house.token("risk").await;
    let id = house.registration("REG00007", false).await;
    let said = json!({ "documents": ["ab".repeat(32)], "until": "2096-05-01", "text": "all seen" });
    let approved = house
        .post(&risk, &format!("{PATH}/{id}/approve"), said)
        .await
        .ok();
    assert_eq!(approved["approval"]["until"], "2096-05-01");
    let end = move |tx: &store::Tx<'_>| {
        let mut it: Registration = store::row::by_id(tx, "REG00007")?.unwrap();
        it.approval.as_mut().unwrap().documents_until = Some(tx.now());
        store::row::update(tx, &it)
    };
    house.node.write(end).await.unwrap();
    house.officer("ops", domain::account::Role::Operations).await;
    let ops = house.token("ops").await;
    let shown = house.get(&ops, &format!("{PATH}/{id}")).await.ok();
    assert_eq!(shown["actions"], json!(["approve", "return", "refuse"]));
    house
        .post(&ops, &format!("{PATH}/{id}/accept"), json!({}))
        .await
        .problem(409, "documents_ended");
}

#[tokio::test]
async fn two_people_decide_where_no_provider_said_the_same() {
    let house = House::registering().await;
    let risk = house.token("risk").await;
    let id = house.registration("REG00007", false).await;
    house.registration("REG00008", true).await;
    let at = |step: &str| format!("{PATH}/{id}/{step}");
    let shown = house.get(&risk, &format!("{PATH}/{id}")).await.ok();
    assert_eq!(shown["actions"], json!(["approve", "return", "refuse", "reveal"]));
    assert_eq!(shown["identity_number"], "1****5");
    let path = at("reveal");
    let reason = json!({ "reason": "Compared with the card's copy." });
    let full = house.post(&risk, &path, reason).await.ok();
    assert_eq!(full["values"]["identity_number"], "110101180001010015");
    let events = house.get(&risk, &at("events")).await.ok();
    let looked = events["items"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&looked["verb"], &looked["text"]),
        (&json!("reveal"), &json!("Compared with the card's copy."))
    );
    assert_eq!(shown["person_check"]["outcome"], "no_record");
    assert_eq!(shown["alike"][0]["id"], "REG00008");
    assert_eq!(
        shown["alike"][0]["same"],
        json!(["identity_number", "credit_code"])
    );
    assert!(!shown.to_string().contains("110101180001010015"));
    assert_eq!(shown["merchants"], json!([]));
    let known = json!({ "name": "老店", "unified_social_credit_code": "92110101ma0txxx2xp" });
    house.post(&risk, "/api/v1/merchants", known).await.ok();
    let shown = house.get(&risk, &format!("{PATH}/{id}")).await.ok();
    assert_eq!(
        (&shown["merchants"][0]["name"], &shown["merchants"][0]["state"]),
        (&json!("老店"), &json!("active"))
    );
    assert!(shown["merchants"][1].is_null(), "{shown}");
    let digest = "ab".repeat(32);
    let whole = json!({ "documents": [digest], "until": "long_term", "text": "all seen" });
    for (field, value) in [
        ("documents", json!([])),
        ("documents", json!(["ab"])),
        ("documents", json!(vec![digest.clone(); 11])),
        ("until", json!("2020-01-01")),
        ("until", json!("soon")),
        ("text", json!(" ")),
    ] {
        let mut said = whole.clone();
        said[field] = value.clone();
        let answer = house.post(&risk, &at("approve"), said).await;
        answer.problem(422, "invalid_field");
        assert_eq!(answer.body["field"], field, "{value}");
    }
    let approved = house.post(&risk, &at("approve"), whole).await.ok();
    assert_eq!(approved["approval"]["documents"], json!([digest]));
    assert_eq!(approved["approval"]["until"], Value::Null);
    house
        .post(&risk, &at("accept"), json!({}))
        .await
        .problem(403, "second_person_required");
    house.officer("ops", domain::account::Role::Operations).await;
    let ops = house.token("ops").await;
    let accepted = house.post(&ops, &at("accept"), json!({})).await.ok();
    assert_eq!(accepted["state"], "accepted");
    // Without what it became.
    assert_eq!(accepted["merchants"], shown["merchants"]);
    let merchant = house
        .get(
            &risk,
            &format!("/api/v1/merchants/{}", text(&accepted, "merchant_id")),
        )
        .await
        .ok();
    assert_eq!(merchant["name"], "测试小吃店");
    let owner = house.token_of("new.REG00007".into()).await;
    let own = house.get(&owner, "/api/v1/merchants").await.ok();
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
    house.get(&owner, PATH).await.problem(403, "not_allowed");
    house
        .get(&owner, &format!("{PATH}/{id}"))
        .await
        .problem(404, "registration_not_found");
}

#[tokio::test]
async fn a_token_that_is_not_fresh_decides_nothing() {
    let house = House::registering().await;
    let id = house.registration("REG00007", true).await;
    let token = Token::random().unwrap();
    let digest = token.digest();
    let insert = move |tx: &store::Tx<'_>| {
        let session = Session::new(&digest, "risk", tx.now(), tx.now().plus_ms(600_000));
        let proved_at = tx.now().plus_ms(-FRESH_MS);
        store::session::insert(tx, &Session { proved_at, ..session })
    };
    house.node.write(insert).await.unwrap();
    let stale = token.to_string();
    let accept = house
        .post(&stale, &format!("{PATH}/{id}/accept"), json!({}))
        .await;
    accept.problem(403, "step_up_required");
}

#[tokio::test]
async fn the_keys_of_a_provider_go_in_and_never_come_out() {
    let house = House::registering().await;
    let risk = house.token("risk").await;
    let put = async |said: Value| {
        house
            .send(request(Method::PUT, "/api/v1/settings", &risk, Some(said)))
            .await
    };
    let keys = json!({ "provider": "aliyun", "key_id": "LTAI5tKeyId", "secret": "very-secret-key", "auth_code": "code-of-house" });
    let set = put(json!({ "identity": keys, "identity_daily_limit": 7 }))
        .await
        .ok();
    assert_eq!(
        (&set["identity_provider"], &set["identity_daily_limit"]),
        (&json!("aliyun"), &json!(7))
    );
    assert!(!set.to_string().contains("secret-key") && !set.to_string().contains("LTAI"));
    for (field, said) in [
        (
            "identity.secret",
            json!({ "identity": { "provider": "tencent", "key_id": "A", "secret": "two\nlines" } }),
        ),
        (
            "identity.key_id",
            json!({ "identity": { "provider": "tencent", "key_id": "", "secret": "s" } }),
        ),
        ("identity_daily_limit", json!({ "identity_daily_limit": -1 })),
        ("identity_daily_limit", json!({ "identity_daily_limit": 100_001 })),
    ] {
        let answer = put(said).await;
        answer.problem(422, "invalid_field");
        assert_eq!(answer.body["field"], field);
    }
    let gone = put(json!({ "identity": null })).await.ok();
    assert_eq!(gone["identity_provider"], Value::Null);
}
