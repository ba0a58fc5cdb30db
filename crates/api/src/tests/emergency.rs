//! Reporting a loss without a log-in: by a code that was mailed to the registered address.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::Method;
use domain::Timestamp;
use domain::code::CHARS;
use domain::emergency_code::{LASTS_MS, OPEN_MAX};
use domain::work::{Kind, Work};
use node::seal::Purpose;
use serde_json::{Value, json};

use super::{Answer, House, request};

const PATH: &str = "/api/v1/emergency-report";
const OWNERS: &str = "owner@shop.example";

impl House {
    /// One that can send mails, with people who said where to.
    async fn with_mail(clock: fn() -> Timestamp) -> Self {
        let house = Self::with_clock(clock).await;
        let risk = house.token("risk").await;
        let settings = json!({ "smtp_url": "smtp://127.0.0.1:25", "mail_from": "till@shop.example" });
        let changed = request(Method::PUT, "/api/v1/settings", &risk, Some(settings));
        house.send(changed).await.ok();
        for (login, email) in [("owner", OWNERS), ("auditor", "auditor@bank.example")] {
            let reach = move |tx: &store::Tx<'_>| store::account::set_email(tx, login, Some(email));
            house.node.write(reach).await.unwrap();
        }
        house
    }

    async fn ask_code(&self, contact: &str) -> Answer {
        self.post("", PATH, json!({ "contact": contact })).await
    }

    /// The codes that wait to be mailed, by the names of their accounts' log-ins.
    async fn codes(&self) -> Vec<String> {
        let list = |tx: &store::Tx<'_>| {
            let filter = store::work::Filter {
                kind: Some(Kind::CodeMail),
                state: None,
            };
            store::work::list(tx, filter, None, 99)
        };
        let waiting: Vec<Work> = self.node.read(list).await.unwrap();
        let open = |work: Work| {
            let sealed = work.payload.unwrap();
            let opened = self
                .node
                .sealer
                .open(Purpose::EmergencyCode, work.id.subject_id(), &sealed);
            let letters: [u8; CHARS] = opened.unwrap().as_slice().try_into().unwrap();
            String::from_utf8(letters.to_vec()).unwrap()
        };
        waiting.into_iter().map(open).collect()
    }

    /// Posts so often from one address; the last answer.
    async fn posted_from(&self, body: Value, times: usize) -> Answer {
        let mut last = None;
        for _ in 0..times {
            last = Some(self.post_from([192, 0, 2, 66], PATH, body.clone()).await);
        }
        last.unwrap()
    }

    async fn report_by(&self, code: &str, terminal_id: &str) -> Answer {
        let body = json!({ "code": code, "terminal_id": terminal_id, "manner": "stolen" });
        self.post("", PATH, body).await
    }

    async fn verbs(&self, token: &str, path: &str, field: &str) -> Vec<String> {
        let page = self.get(token, path).await.ok();
        let items = page["items"].as_array().unwrap().iter();
        items.map(|one| one[field].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_code_opens_one_report_and_nothing_else() {
    let house = House::with_mail(node::now).await;
    let asked = house.ask_code("Owner@Shop.example").await;
    assert_eq!(
        (asked.status.as_u16(), &asked.body),
        (202, &json!({ "minutes": 30 }))
    );
    let code = house.codes().await.remove(0);
    // It is no token.
    house
        .get(&code, "/api/v1/session")
        .await
        .problem(401, "unauthenticated");
    let seen = house
        .post("", "/api/v1/emergency-report/terminals", json!({ "code": code }))
        .await
        .ok();
    let ids: Vec<&Value> = seen["terminals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["terminal_id"])
        .collect();
    assert_eq!(ids, ["10450001", "10450002", "10450003"]);
    // Another's terminal does not exist, and asking for it does not use the code up.
    house
        .report_by(&code, "10450009")
        .await
        .problem(404, "terminal_not_found");
    let typed = format!("{}-{} {}", &code[..4].to_lowercase(), &code[4..8], &code[8..]);
    let reported = house.report_by(&typed, "10450002").await;
    assert_eq!(reported.status, 201, "{}", reported.body);
    let id = reported.body["id"].as_str().unwrap().to_owned();
    let again = house.report_by(&code, "10450002").await;
    assert_eq!((again.status.as_u16(), &again.body["id"]), (200, &json!(id)));
    house.report_by(&code, "10450001").await.problem(410, "code_over");
    let owner = house.token("owner").await;
    let incident = house.get(&owner, &format!("/api/v1/incidents/{id}")).await.ok();
    assert_eq!(
        (&incident["state"], &incident["manner"]),
        (&json!("open"), &json!("stolen"))
    );
    let happened = house
        .verbs(&owner, &format!("/api/v1/incidents/{id}/timeline"), "kind")
        .await;
    assert_eq!(
        happened,
        ["reported", "suspended", "by_code", "receipt", "duties_drawn_up"]
    );
    let of_account = house.verbs(&owner, "/api/v1/accounts/owner/events", "verb").await;
    assert_eq!(of_account, ["code_asked", "code_used"]);
}

#[tokio::test]
async fn whoever_asks_learns_nothing_of_who_is_registered() {
    let house = House::with_mail(node::now).await;
    let known = house.ask_code(OWNERS).await;
    for unknown in ["nobody@shop.example", "auditor@bank.example"] {
        let answer = house.ask_code(unknown).await;
        assert_eq!(
            (answer.status, &answer.body),
            (known.status, &known.body),
            "{unknown}"
        );
    }
    assert_eq!(house.codes().await.len(), 1, "an auditor reports nothing");
    house.ask_code("no address").await.problem(422, "invalid_field");
    house
        .post("", PATH, json!({}))
        .await
        .problem(422, "invalid_field");
    let both = json!({ "contact": OWNERS, "code": "M701Z01ABCDE" });
    house.post("", PATH, both).await.problem(422, "invalid_field");
    let unsaid = json!({ "code": house.codes().await[0] });
    house.post("", PATH, unsaid).await.problem(422, "invalid_field");
}

#[tokio::test]
async fn a_house_without_a_mail_server_says_whom_to_call() {
    let house = House::new().await;
    house.ask_code(OWNERS).await.problem(409, "no_mail_server");
    let hotline = house.get("", "/api/v1/hotline").await.ok();
    assert_eq!(
        (&hotline["mails_codes"], &hotline["phone"]),
        (&json!(false), &json!("400-000-0117"))
    );
    let house = House::with_mail(node::now).await;
    assert_eq!(house.get("", "/api/v1/hotline").await.ok()["mails_codes"], true);
}

#[tokio::test]
async fn a_stranger_who_asks_for_codes_fills_no_mailbox_and_takes_none_away() {
    let house = House::with_mail(node::now).await;
    for _ in 0..20 {
        assert_eq!(house.ask_code(OWNERS).await.status, 202);
    }
    let last = house.posted_from(json!({ "contact": OWNERS }), 60).await;
    last.problem(429, "too_many_attempts");
    let codes = house.codes().await;
    assert_eq!(codes.len(), usize::try_from(OPEN_MAX).unwrap());
    // Guesses are slowed down as well; who has a right one is let in all the same, from the same address too.
    let guess = json!({ "code": "0000-0000-0000", "terminal_id": "10450001" });
    let last = house.posted_from(guess, 60).await;
    last.problem(429, "too_many_attempts");
    let right = json!({ "code": codes[2], "terminal_id": "10450001" });
    assert_eq!(house.posted_from(right, 1).await.status, 201);
    // The one that was used leaves a place.
    assert_eq!(house.codes().await.len(), 3);
}

#[tokio::test]
async fn what_neighbours_guess_keeps_nobody_from_asking_for_a_code() {
    let house = House::with_mail(node::now).await;
    let last = async |path: &str, body: Value| {
        let mut last = None;
        for nth in 0..60 {
            let mut body = body.clone();
            if path.ends_with("/session") {
                body["login"] = format!("guest {nth}").into();
            }
            last = Some(house.post_from([192, 0, 2, 66], path, body).await);
        }
        last.unwrap()
    };
    let guess = json!({ "login": "", "password": "guess" });
    last("/api/v1/session", guess)
        .await
        .problem(429, "too_many_attempts");
    let asked = house.posted_from(json!({ "contact": OWNERS }), 1).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    assert_eq!(house.codes().await.len(), 1);
    // Events are kept: where somebody asked from is not in them.
    let owner = house.token("owner").await;
    let events = "/api/v1/accounts/owner/events";
    assert_eq!(house.verbs(&owner, events, "actor").await, ["stranger"]);
    // Questions have a limit of their own.
    last(PATH, json!({ "contact": OWNERS }))
        .await
        .problem(429, "too_many_attempts");
}

#[tokio::test]
async fn a_code_ends_with_its_time_and_with_its_account() {
    static NOW: AtomicI64 = AtomicI64::new(1_795_696_200_000);
    let house = House::with_mail(|| Timestamp(NOW.load(Ordering::Relaxed))).await;
    house.ask_code(OWNERS).await;
    house.ask_code(OWNERS).await;
    let codes = house.codes().await;
    NOW.fetch_add(LASTS_MS - 1, Ordering::Relaxed);
    assert_eq!(house.report_by(&codes[0], "10450001").await.status, 201);
    NOW.fetch_add(1, Ordering::Relaxed);
    for code in &codes {
        house.report_by(code, "10450001").await.problem(410, "code_over");
    }
    house.ask_code(OWNERS).await;
    let code = house
        .codes()
        .await
        .into_iter()
        .find(|code| !codes.contains(code))
        .unwrap();
    let disable = |tx: &store::Tx<'_>| {
        let mut risk = store::account::usable(tx, "risk")?.unwrap().0;
        risk.proof = domain::account::Proof::FRESH;
        app::account::disable(tx, &domain::Actor::Person(risk), "owner")
            .map_err(|_| store::Error::Unavailable)
    };
    house.node.write(disable).await.unwrap();
    house.report_by(&code, "10450002").await.problem(410, "code_over");
}
