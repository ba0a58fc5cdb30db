//! What a held terminal tried to turn back, over HTTP: two people carry it out, one refuses, and those it is about read what became of it.

use app::transaction::{Admitted, Attempt};
use domain::account::Role;
use domain::transaction::{BatchTrace, Kind, ResponseCode, Verdict};
use serde_json::{Value, json};

use super::{Answer, House, purchase, sign_in, terminal_id};

const WORDS: &str = "店里电话要求";

impl House {
    /// A refund that a terminal asks for, which is held; its row in the ledger.
    pub(super) async fn refund_recorded(&self, terminal: &'static str) -> i64 {
        let refund = Attempt {
            kind: Kind::Refund,
            original: Some(BatchTrace { batch: 0, trace: 9 }),
            ..purchase(terminal, 9)
        };
        self.node
            .write(move |tx| {
                let answered = app::transaction::authorise(tx, &refund, "node")?;
                assert!(matches!(answered, Admitted::Answer(_)));
                let last = store::ledger::last(tx, terminal_id(terminal))?;
                Ok::<_, store::Error>(last.unwrap().sequence)
            })
            .await
            .unwrap()
    }

    /// The same of a reversal of its sale of that trace.
    async fn reversal_recorded(&self, terminal: &'static str, trace: u32) -> i64 {
        let reversal = Attempt {
            kind: Kind::Reversal,
            undo_sealed: Some(b"sealed".to_vec()),
            ..purchase(terminal, trace)
        };
        self.node
            .write(move |tx| {
                app::reversal::accept(tx, &reversal, "98")?;
                let last = store::ledger::last(tx, terminal_id(terminal))?;
                Ok::<_, store::Error>(last.unwrap().sequence)
            })
            .await
            .unwrap()
    }

    async fn recorded(&self, token: &str, id: &str, query: &str) -> Value {
        let path = format!("/api/v1/incidents/{id}/recorded{query}");
        self.get(token, &path).await.ok()
    }

    async fn decides_recorded(
        &self,
        token: &str,
        (id, sequence): (&str, i64),
        what: &str,
        said: Value,
    ) -> Answer {
        let path = format!("/api/v1/incidents/{id}/recorded/{sequence}/{what}");
        self.post(token, &path, said).await
    }
}

#[tokio::test]
async fn two_people_carry_it_out_and_its_owner_reads_what_became_of_it_and_nothing_else() {
    let house = House::new().await;
    house.officer("second", Role::Operations).await;
    let (owner, risk, second) = (
        house.token("owner").await,
        house.token("risk").await,
        house.token("second").await,
    );
    sign_in(&house, "10450001").await;
    house.sell("10450001", 1).await;
    let id = house.lose(&owner, "10450001").await;
    let sequence = house.reversal_recorded("10450001", 1).await;
    let it = (&*id, sequence);

    let listed = house.recorded(&risk, &id, "").await["items"][0].clone();
    assert_eq!(listed["actions"], json!(["propose", "refuse"]));
    assert_eq!(
        [
            &listed["request"]["kind"],
            &listed["original"]["kind"],
            &listed["state"]
        ],
        ["reversal", "purchase", "open"]
    );
    let proposal = json!({ "text": WORDS });
    house
        .decides_recorded(&owner, it, "propose", proposal.clone())
        .await
        .problem(403, "not_allowed");
    let proposed = house.decides_recorded(&risk, it, "propose", proposal).await.ok();
    assert_eq!(proposed["why"]["ground"], WORDS);
    assert_eq!(proposed["actions"], json!(["withdraw", "refuse"]));
    let seen = house.recorded(&owner, &id, "").await["items"][0].clone();
    assert_eq!(
        [&seen["state"], &seen["way"], &seen["why"], &seen["actions"]],
        [&json!("proposed"), &json!("host"), &Value::Null, &json!([])]
    );

    let confirmation = json!({ "way": "host" });
    house
        .decides_recorded(&risk, it, "confirm", confirmation.clone())
        .await
        .problem(403, "second_person_required");
    house
        .decides_recorded(
            &second,
            it,
            "confirm",
            json!({ "way": "elsewhere", "reference": "ACQ" }),
        )
        .await
        .problem(409, "wrong_state");
    let done = house
        .decides_recorded(&second, it, "confirm", confirmation)
        .await
        .ok();
    assert_eq!(
        [&done["state"], &done["host"]["state"], &done["hindrance"]],
        [&json!("carried_out"), &json!("asked"), &Value::Null]
    );
    assert_eq!(done["why"]["decided_by"], "name of second");
    let settle = move |tx: &store::Tx<'_>| {
        let owed = store::owed_reversal::of_terminal(tx, terminal_id("10450001"), 9)?;
        let code = ResponseCode::APPROVED;
        app::reversal::settle(
            tx,
            terminal_id("10450001"),
            owed[0].sequence,
            code,
            Verdict::Approved,
        )
    };
    house.node.write(settle).await.unwrap();
    let seen = house.recorded(&owner, &id, "?which=decided").await["items"][0].clone();
    assert_eq!(
        [
            &seen["state"],
            &seen["host"]["state"],
            &seen["host"]["response_code"]
        ],
        ["carried_out", "undone", "00"]
    );
    assert_eq!((&seen["why"], &seen["actions"]), (&Value::Null, &json!([])));
    for path in ["recorded", "timeline?limit=100"] {
        let read = house
            .get(&owner, &format!("/api/v1/incidents/{id}/{path}"))
            .await
            .ok();
        assert!(!read.to_string().contains(WORDS), "{path}");
    }
}

#[tokio::test]
async fn what_the_host_cannot_undo_needs_the_acquirers_reference_or_is_refused_by_one_person() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    sign_in(&house, "10450001").await;
    let id = house.lose(&owner, "10450001").await;
    let first = house.refund_recorded("10450001").await;
    let second = house.refund_recorded("10450001").await;
    let refused = house
        .decides_recorded(&risk, (&id, first), "propose", json!({ "text": WORDS }))
        .await;
    refused.problem(422, "invalid_field");
    let proposal = json!({ "text": WORDS, "reference": " ACQ-7 " });
    let proposed = house
        .decides_recorded(&risk, (&id, first), "propose", proposal)
        .await
        .ok();
    assert_eq!(
        [&proposed["way"], &proposed["reference"], &proposed["hindrance"]],
        ["elsewhere", "ACQ-7", "no_undoing"]
    );
    house
        .decides_recorded(&risk, (&id, second), "refuse", json!({ "text": "" }))
        .await
        .problem(422, "invalid_field");
    let refused = house
        .decides_recorded(&risk, (&id, second), "refuse", json!({ "text": WORDS }))
        .await
        .ok();
    assert_eq!(refused["state"], "refused");
    house
        .decides_recorded(&risk, (&id, 9_999), "refuse", json!({ "text": WORDS }))
        .await
        .problem(404, "recorded_not_found");
    let other = house.lose(&owner, "10450002").await;
    house
        .decides_recorded(&risk, (&other, first), "refuse", json!({ "text": WORDS }))
        .await
        .problem(404, "recorded_not_found");
}

#[tokio::test]
async fn thousands_are_read_page_by_page_and_what_can_be_undone_is_found_among_them() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    sign_in(&house, "10450001").await;
    house.sell("10450001", 1).await;
    let id = house.lose(&owner, "10450001").await;
    let first = house.reversal_recorded("10450001", 1).await;
    for _ in 0..7 {
        house.refund_recorded("10450001").await;
    }
    let mut sequences = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = house
            .recorded(&risk, &id, &format!("?limit=3&which=undecided{cursor}"))
            .await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        sequences.extend(items.iter().map(|it| it["request"]["sequence"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(sequences.len(), 8);
    assert!(sequences.is_sorted_by(|a, b| a > b));
    let kept = house.recorded(&risk, &id, "?which=kept").await;
    assert_eq!(kept["items"].as_array().unwrap().len(), 1);
    assert_eq!(kept["items"][0]["request"]["sequence"], first);
}
