//! Work through the API: what waits for a person, and what that person does.

use domain::work::{CleanUp, Id};
use serde_json::json;

use super::{House, purchase, sign_in, terminal_id};

const WORK: &str = "/api/v1/work";

#[tokio::test]
async fn risk_officers_and_auditors_see_what_waits_for_a_person() {
    let house = House::new().await;
    for sequence in 1..=3 {
        house.stuck(Id::reversal(terminal_id("10450001"), sequence)).await;
    }
    let waiting = move |tx: &store::Tx<'_>| app::work::enqueue(tx, Id::clean_up(CleanUp::Nodes), tx.now());
    house.node.write(waiting).await.unwrap();
    for login in ["owner", "manager"] {
        let token = house.token(login).await;
        house.get(&token, WORK).await.problem(403, "not_allowed");
        house
            .get(&token, &format!("{WORK}/reversal.10450001.1"))
            .await
            .problem(404, "work_not_found");
    }
    for login in ["risk", "auditor"] {
        let token = house.token(login).await;
        for (query, count) in [
            ("", 4),
            ("?state=dead", 3),
            ("?kind=clean_up", 1),
            ("?kind=clean_up&state=dead", 0),
            ("?limit=3", 3),
            ("?limit=3&cursor=reversal.10450001.3", 1),
        ] {
            let seen = house.get(&token, &format!("{WORK}{query}")).await.ok();
            assert_eq!(seen["items"].as_array().unwrap().len(), count, "{query}");
            assert_eq!(
                (&seen["dead_count"], &seen["unknown_count"]),
                (&json!(3), &json!(0))
            );
        }
        house
            .get(&token, &format!("{WORK}?cursor=elsewhere"))
            .await
            .problem(422, "invalid_field");
    }
    let auditor = house.token("auditor").await;
    let shown = house
        .get(&auditor, &format!("{WORK}/reversal.10450001.2"))
        .await
        .ok();
    assert_eq!(shown["actions"], json!([]));
    assert_eq!(
        (&shown["state"], &shown["due_at"], &shown["subject"]),
        (&json!("dead"), &json!(null), &json!("terminal"))
    );
    assert_eq!(shown["last_error"], "the host did not answer");
    assert!(shown.get("payload").is_none());
}

#[tokio::test]
async fn a_risk_officer_gives_up_with_a_reason_that_is_kept() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    let id = house.stuck(Id::reversal(terminal_id("10450001"), 1)).await;
    let path = format!("{WORK}/{id}");
    let answer = house.post(&risk, &format!("{path}/give-up"), json!({})).await;
    answer.problem(422, "invalid_field");
    assert_eq!(answer.body["field"], "text");
    let body = json!({ "text": "settled by telephone" });
    let given_up = house
        .post(&risk, &format!("{path}/give-up"), body.clone())
        .await
        .ok();
    assert_eq!(
        (&given_up["state"], &given_up["actions"]),
        (&json!("given_up"), &json!([]))
    );
    for again in ["retry", "give-up"] {
        let answer = house.post(&risk, &format!("{path}/{again}"), body.clone()).await;
        answer.problem(409, "wrong_state");
    }
    let events = house.get(&risk, &format!("{path}/events")).await.ok();
    let events = events["items"].as_array().unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| [&event["verb"], &event["actor"], &event["text"]])
        .collect();
    assert_eq!(
        told,
        [
            ["dead", "node-1", "the host did not answer"],
            ["give_up", "name of risk", "settled by telephone"]
        ]
    );
}

#[tokio::test]
async fn what_is_retried_is_due_at_once_and_rings() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    let id = "10450001";
    sign_in(&house, id).await;
    house.sell(id, 1).await;
    let undo = |code: &'static str| {
        let attempt = app::transaction::Attempt {
            kind: domain::transaction::Kind::Reversal,
            ..purchase(id, 1)
        };
        let code = domain::transaction::ResponseCode::parse(code.as_bytes()).unwrap();
        move |tx: &store::Tx<'_>| {
            app::reversal::accept(tx, &attempt, "98")?;
            let owed = store::owed_reversal::of_terminal(tx, terminal_id(id), 1)?;
            let declined = domain::transaction::Verdict::Declined;
            app::reversal::settle(tx, terminal_id(id), owed[0].sequence, code, declined)
        }
    };
    house.node.write(undo("05")).await.unwrap();
    let dead = house.get(&risk, &format!("{WORK}?state=dead")).await.ok();
    let dead = &dead["items"][0];
    assert_eq!(dead["last_error"], "the host answered 05");
    assert_eq!(dead["actions"], json!(["retry", "give_up"]));
    let path = format!("{WORK}/{}/retry", dead["id"].as_str().unwrap());
    let rung = house.node.work_due.notified();
    let waiting = house.post(&risk, &path, json!({})).await.ok();
    assert_eq!(waiting["state"], "waiting");
    rung.await;
    let due = house.node.read(|tx| {
        let kind = domain::work::Kind::Reversal;
        Ok::<_, store::Error>(store::work::next(tx, kind, &kind.policy())? == Some(tx.now()))
    });
    assert!(due.await.unwrap());
    let gate = house.get(&risk, "/api/v1/gate").await.ok();
    assert_eq!(gate["reversals_owed"], 1);
}
