//! Reports of suspicious transactions over HTTP: two people, the term, what is filed; and that nobody else is told by anything.

use axum::http::{Method, StatusCode};
use domain::account::Role;
use domain::right::{Right, Rights};
use serde_json::{Value, json};

use super::stream::Events;
use super::{Answer, House, OURS, THEIRS, request, sign_in};

pub(super) const REPORTS: &str = "/api/v1/suspicious-reports";
/// Stands in every text of a report, and nowhere else.
pub(super) const MARKER: &str = "无中生有的记号";

pub(super) fn at(id: &str) -> String {
    format!("{REPORTS}/{id}")
}

fn said(decision: &str) -> Value {
    json!({
        "grounds": ["frequency", "amount"], "is_grave": false, "persons": format!("{MARKER} 张某"), "facts": format!("{MARKER} 情况"),
        "analysis": format!("{MARKER} 分析"), "decision": decision, "decision_text": format!("{MARKER} 理由"),
    })
}

fn of_terminal(said: Value) -> Value {
    json!({ "merchant_id": OURS, "terminal_id": "10450001", "said": said })
}

impl House {
    /// Two people who report, and are nobody's in a walk.
    pub(super) async fn reporters(&self) -> (String, String) {
        self.officer("first_reporter", Role::RiskOfficer).await;
        self.officer("second_reporter", Role::RiskOfficer).await;
        (
            self.token("first_reporter").await,
            self.token("second_reporter").await,
        )
    }

    async fn report(&self, token: &str, said: Value) -> Value {
        let answer = self.post(token, REPORTS, said).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.body
    }

    async fn decides_on(&self, token: &str, id: &str, what: &str, said: Value) -> Answer {
        self.post(token, &format!("{}/{what}", at(id)), said).await
    }

    /// One that waits for a second person: of a loss, or of a terminal that is not lost.
    pub(super) async fn suspicious_report(&self, incident: Option<&str>) -> String {
        let (first, _) = self.reporters().await;
        let mut new = of_terminal(said("report"));
        if let Some(incident) = incident {
            new["incident_id"] = incident.into();
            new["terminal_id"] = "10450002".into();
        }
        let report = self.report(&first, new).await;
        let id = report["id"].as_str().unwrap().to_owned();
        let proposed = self.decides_on(&first, &id, "propose", json!({ "version": 1 }));
        assert_eq!(proposed.await.ok()["state"], "proposed");
        id
    }
}

#[tokio::test]
async fn two_people_decide_a_third_word_is_not_needed_and_filing_is_what_a_person_says() {
    let house = House::new().await;
    let (first, second) = house.reporters().await;
    sign_in(&house, "10450001").await;
    house.sell("10450001", 7).await;
    let payment = house.refused("10450001").await;
    let mut draft = of_terminal(json!({ "facts": MARKER, "payments": [payment] }));
    draft["said"]["grounds"] = json!(["nature", "source", "source"]);
    let draft = house.report(&first, draft).await;
    let id = draft["id"].as_str().unwrap();
    assert_eq!(draft["actions"], json!(["change", "propose"]));
    let unfinished = house.decides_on(&first, id, "propose", json!({ "version": 1 }));
    assert_eq!(
        unfinished.await.problem(422, "invalid_field").body["field"],
        "decision"
    );
    let rest = json!({ "version": 1, "said": said("report") });
    let written = house
        .send(request(Method::PUT, &at(id), &first, Some(rest.clone())))
        .await
        .ok();
    assert_eq!(written["version"], 2);
    let late = house
        .send(request(Method::PUT, &at(id), &second, Some(rest)))
        .await;
    late.problem(409, "text_changed");
    house
        .decides_on(&first, id, "propose", json!({ "version": 2 }))
        .await
        .ok();
    let asked = house.get(&second, &at(id)).await.ok();
    assert_eq!(
        asked["seconds"],
        json!(["name of risk", "name of second_reporter"])
    );
    assert_eq!(asked["grounds"], json!(["amount", "frequency"]));
    assert_eq!(asked["actions"], json!(["send_back", "confirm_report"]));
    let version = json!({ "version": 2 });
    let alone = house.decides_on(&first, id, "confirm-report", version.clone());
    alone.await.problem(403, "second_person_required");
    let other = house.decides_on(&second, id, "confirm-no-report", version.clone());
    other.await.problem(409, "wrong_state");
    let early = house.decides_on(&second, id, "file", json!({ "receipt": "R1" }));
    early.await.problem(409, "wrong_state");
    let decided = house
        .decides_on(&second, id, "confirm-report", version)
        .await
        .ok();
    assert_eq!(
        (&decided["state"], &decided["is_overdue"]),
        (&json!("confirmed"), &json!(false))
    );
    assert!(decided["due_at"].is_string(), "{decided}");
    let before = json!({ "receipt": "R1", "at": "2020-01-01T00:00:00Z" });
    let before = house.decides_on(&second, id, "file", before).await;
    assert_eq!(before.problem(422, "invalid_field").body["field"], "at");
    let filed = json!({ "receipt": "R2026-1" });
    let filed = house.decides_on(&first, id, "file", filed).await.ok();
    assert_eq!(
        (&filed["state"], &filed["actions"]),
        (&json!("filed"), &json!([]))
    );
    let whole = house.get(&first, &at(id)).await.ok();
    assert_eq!(
        [
            &whole["filed"]["receipt"],
            &whole["filed"]["by"],
            &whole["confirmed_by"]
        ],
        [
            &json!("R2026-1"),
            &json!("name of first_reporter"),
            &json!("name of second_reporter")
        ]
    );
    // What is to be added is another one, which names it.
    let mut added = of_terminal(said("report"));
    (added["kind"], added["earlier_id"]) = (json!("supplement"), json!(id));
    let added = house.report(&second, added).await;
    let whole = house.get(&first, &at(id)).await.ok();
    assert_eq!(whole["later"], json!([added["id"]]));
}

#[tokio::test]
async fn what_is_not_reported_stays_with_its_reason_and_what_is_sent_back_is_written_again() {
    let house = House::new().await;
    let (first, second) = house.reporters().await;
    let report = house.report(&first, of_terminal(said("no_report"))).await;
    let id = report["id"].as_str().unwrap();
    let version = json!({ "version": 1 });
    house
        .decides_on(&first, id, "propose", version.clone())
        .await
        .ok();
    let back = house.decides_on(&second, id, "send-back", json!({ "text": " " }));
    assert_eq!(back.await.problem(422, "invalid_field").body["field"], "text");
    let back = house.decides_on(&second, id, "send-back", json!({ "text": "退款去向呢" }));
    assert_eq!(back.await.ok()["state"], "draft");
    house
        .decides_on(&first, id, "propose", version.clone())
        .await
        .ok();
    let decided = house
        .decides_on(&second, id, "confirm-no-report", version)
        .await
        .ok();
    assert_eq!(
        [&decided["state"], &decided["due_at"], &decided["actions"]],
        [&json!("not_reported"), &Value::Null, &json!([])]
    );
    let whole = house.get(&second, &at(id)).await.ok();
    assert_eq!(whole["decision_text"], format!("{MARKER} 理由"));
    let events = house.get(&first, &format!("{}/events", at(id))).await.ok();
    let told: Vec<&str> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["verb"].as_str().unwrap())
        .collect();
    let wanted = [
        "create",
        "propose",
        "send_back",
        "propose",
        "confirm_no_report",
        "look",
    ];
    assert_eq!(told, wanted);
    // A later one is not made of it.
    let mut added = of_terminal(said("report"));
    (added["kind"], added["earlier_id"]) = (json!("correction"), json!(id));
    let refused = house.post(&first, REPORTS, added).await;
    assert_eq!(refused.problem(422, "invalid_field").body["field"], "earlier_id");
}

#[tokio::test]
async fn each_look_and_each_copy_says_who_had_it() {
    let house = House::new().await;
    let id = house.suspicious_report(None).await;
    let risk = house.token("risk").await;
    house.get(&risk, &at(&id)).await.ok();
    let pdf = house
        .text(&risk, &format!("{}/document.pdf?language=zh", at(&id)))
        .await;
    assert!(pdf.contains(MARKER) && pdf.contains(&id), "{pdf}");
    let file = house.get(&risk, &format!("{}/document.json", at(&id))).await;
    let name = file.headers["content-disposition"].to_str().unwrap().to_owned();
    assert_eq!(name, format!("attachment; filename=\"{id}.json\""));
    let file = file.ok();
    assert_eq!(
        [&file["form"], &file["report"]["analysis"]],
        [&json!("suspicious_report/1"), &json!(format!("{MARKER} 分析"))]
    );
    let events = house.get(&risk, &format!("{}/events", at(&id))).await.ok();
    let events = events["items"].as_array().unwrap();
    let told: Vec<_> = events[2..]
        .iter()
        .map(|event| (event["verb"].as_str().unwrap(), event["actor"].as_str().unwrap()))
        .collect();
    let by = "name of risk";
    assert_eq!(told, [("look", by), ("export", by), ("export", by)]);
    for (event, what) in events[3..].iter().zip(["pdf zh sha256:", "json sha256:"]) {
        assert!(event["text"].as_str().unwrap().starts_with(what), "{event}");
    }
}

#[tokio::test]
async fn a_list_has_first_what_is_to_be_filed_and_its_pages_are_whole() {
    let house = House::new().await;
    let (first, second) = house.reporters().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let report = house.report(&first, of_terminal(said("report"))).await;
        ids.push(report["id"].as_str().unwrap().to_owned());
    }
    let to_file = &ids[1];
    let version = json!({ "version": 1 });
    house
        .decides_on(&first, to_file, "propose", version.clone())
        .await
        .ok();
    house
        .decides_on(&second, to_file, "confirm-report", version)
        .await
        .ok();
    let mut listed = Vec::new();
    let mut path = format!("{REPORTS}?limit=1");
    loop {
        let page = house.get(&first, &path).await.ok();
        listed.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["id"].as_str().unwrap().to_owned()),
        );
        assert_eq!(page["actions"], json!(["create"]));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("{REPORTS}?limit=1&cursor={cursor}");
    }
    assert_eq!(&listed[0], to_file);
    listed.sort();
    ids.sort();
    assert_eq!(listed, ids);
    let drafts = house
        .get(&first, &format!("{REPORTS}?state=draft&terminal_id=10450001"))
        .await
        .ok();
    assert_eq!(drafts["items"].as_array().unwrap().len(), 2);
    let others = house
        .get(&first, &format!("{REPORTS}?merchant_id={THEIRS}"))
        .await
        .ok();
    assert_eq!(others["items"], json!([]));
}

#[tokio::test]
async fn nothing_wrong_gets_into_one() {
    let house = House::new().await;
    let (risk, owner) = (house.token("risk").await, house.token("owner").await);
    let lost = house.lose(&owner, "10450002").await;
    let with = |field: &str, value: Value| {
        let mut new = of_terminal(said("report"));
        match field.strip_prefix("said.") {
            Some(field) => new["said"][field] = value,
            None => new[field] = value,
        }
        new
    };
    for (new, field) in [
        (with("merchant_id", json!("NOBODY")), "merchant_id"),
        (with("merchant_id", json!(THEIRS)), "terminal_id"),
        (with("terminal_id", json!("NOBODY")), "terminal_id"),
        (with("terminal_id", json!("?")), "terminal_id"),
        (with("incident_id", json!(lost)), "incident_id"),
        (with("kind", json!("supplement")), "earlier_id"),
        (with("earlier_id", json!("NOBODY01")), "kind"),
        (with("said.grounds", json!(["spite"])), "said.grounds[0]"),
        (with("said.persons", json!("x".repeat(2_001))), "said.persons"),
        (with("said.facts", json!("x".repeat(10_001))), "said.facts"),
        (with("said.payments", json!(["L99"])), "said.payments"),
        (with("said.payments", json!(["PX.1"])), "said.payments"),
        (with("said.payments", json!(vec!["L1"; 201])), "said.payments"),
    ] {
        let refused = house.post(&risk, REPORTS, new.clone()).await;
        assert_eq!(
            refused.problem(422, "invalid_field").body["field"],
            field,
            "{new}"
        );
    }
    let mut grave = of_terminal(said("report"));
    grave["said"]["is_grave"] = json!(true);
    let (first, second) = house.reporters().await;
    let id = house.report(&first, grave).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let version = json!({ "version": 1 });
    house
        .decides_on(&first, &id, "propose", version.clone())
        .await
        .ok();
    house
        .decides_on(&second, &id, "confirm-report", version)
        .await
        .ok();
    let bare = house
        .decides_on(&first, &id, "file", json!({ "receipt": "R1" }))
        .await;
    assert_eq!(bare.problem(422, "invalid_field").body["field"], "branch");
}

#[tokio::test]
async fn who_has_the_right_no_more_has_nothing_again_by_an_old_key() {
    let house = House::new().await;
    let (first, _) = house.reporters().await;
    let new = of_terminal(said("report"));
    let once = house.post_once(&first, "key-1", REPORTS, new.clone()).await.ok();
    let again = house.post_once(&first, "key-1", REPORTS, new.clone()).await.ok();
    assert_eq!(once, again);
    let rights = Rights::new(&[Right::SeeRecord, Right::FollowLoss]).bits();
    house.behind_our_back(&format!(
        "INSERT INTO custom_role (custom_role_id, merchant_id, name, role, rights, state) VALUES ('LESS0001', NULL, 'less', 'risk_officer', {rights}, 'active');
         UPDATE account SET custom_role_id = 'LESS0001', custom_rights = {rights} WHERE login = 'first_reporter';"
    ));
    let after = house.post_once(&first, "key-1", REPORTS, new).await;
    after.problem(404, "suspicious_report_not_found");
}

#[tokio::test]
async fn no_stream_of_a_loss_says_that_something_was_done_with_a_report() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let lost = house.lose(&owner, "10450002").await;
    let mut live = Events::open(&house, &owner, &lost, Some("4")).await;
    let id = house.suspicious_report(Some(&lost)).await;
    let second = house.token("second_reporter").await;
    house.get(&second, &at(&id)).await.ok();
    let decided = house.decides_on(&second, &id, "confirm-report", json!({ "version": 1 }));
    decided.await.ok();
    let comment = format!("/api/v1/incidents/{lost}/comments");
    house
        .post(&owner, &comment, json!({ "text": "收银台没有" }))
        .await
        .ok();
    // The next that it says is what came after.
    assert_eq!(live.next().await, Some(("5".into(), "commented".into())));
    let seen = house.get(&owner, &format!("/api/v1/incidents/{lost}")).await.ok();
    assert_eq!(seen["last_sequence"], 5);
}

#[tokio::test]
async fn the_record_has_it_for_who_has_the_right_and_does_not_say_so_to_others() {
    let house = House::new().await;
    let id = house.suspicious_report(None).await;
    house.seal().await;
    let (risk, auditor) = (house.token("risk").await, house.token("auditor").await);
    let path = format!("/api/v1/audit/records?subject=suspicious_report&subject_id={id}");
    let records = house.get(&risk, &path).await.ok();
    let records = records["items"].as_array().unwrap();
    let told: Vec<_> = records.iter().map(|it| it["verb"].as_str().unwrap()).collect();
    assert_eq!(told, ["propose", "create"]);
    assert_eq!(house.get(&auditor, &path).await.ok()["items"], json!([]));
    for record in records {
        let leaf = tlog::from_base64(record["leaf"].as_str().unwrap()).unwrap();
        let leaf = String::from_utf8(leaf).unwrap();
        assert!(leaf.contains("withheld/1"), "{leaf}");
        for word in [id.as_str(), "suspicious", "propose", "create", "first_reporter"] {
            assert!(!leaf.contains(word), "{word}: {leaf}");
        }
        for kind in ["records", "proof"] {
            let path = format!("/api/v1/audit/{kind}/{}", record["index"]);
            assert!(house.get(&risk, &path).await.status.is_success());
            let hidden = house.get(&auditor, &path).await;
            hidden.problem(404, "audit_record_not_found");
            let none = house.get(&auditor, &format!("/api/v1/audit/{kind}/999999")).await;
            assert_eq!(none.status, hidden.status);
        }
    }
    // What is found wrong with one is an alarm for everybody who reads the record, and of what, for those alone.
    house.behind_our_back(&format!(
        "INSERT INTO audit_finding (what, subject, subject_id, sequence, found_at_ms, stands_sha256)
         VALUES ('gap', 'suspicious_report', '{id}', 2, 5, '')"
    ));
    let said = |status: Value| status["findings"].to_string();
    let status = "/api/v1/audit/status";
    assert!(said(house.get(&risk, status).await.ok()).contains(&id));
    let masked = said(house.get(&auditor, status).await.ok());
    assert!(masked.contains("withheld") && !masked.contains(&id), "{masked}");
}
