//! Common points over HTTP: for who runs the house, with numbers, truncated cards and what became of each; a shop is told nothing of them.

use domain::TerminalId;
use domain::common_point::CommonPoint;
use domain::money::{Currency, Money};
use domain::question::{Question, State};
use domain::transaction::{Decision, Entry, Kind, LedgerRow, Proof};
use domain::{MaskedPan, MerchantId};
use serde_json::{Value, json};

use super::{House, OURS};

const LIST: &str = "/api/v1/common-points";

/// A terminal of ours is one, and its shop was asked.
async fn named(house: &House) {
    let terminal_id = TerminalId::parse(b"10450001").unwrap();
    let write = move |tx: &store::Tx<'_>| {
        let row = LedgerRow {
            decision: Some(Decision::Approved),
            card: MaskedPan::of("6222020000001234".bytes()),
            amount: Money::new(100, Currency::CNY).ok(),
            proof: Some(Proof::Proven),
            ..LedgerRow::bare(terminal_id, 1, tx.now(), Entry::Request(Kind::Purchase))
        };
        store::ledger::append(tx, &row)?;
        let merchant_id = MerchantId::parse(OURS.as_bytes()).unwrap();
        store::row::insert(
            tx,
            &Question {
                question_id: "QUESTION".into(),
                merchant_id,
                terminal_id,
                state: State::Here,
                score: 500,
                reasons: "[]".into(),
                asked_at: tx.now(),
                answered_by: None,
                answered_at: None,
                passed_on_at: None,
                held_at: None,
                incident_id: None,
            },
        )?;
        store::row::insert(
            tx,
            &CommonPoint {
                terminal_id,
                merchant_id,
                found_at: tx.now(),
                judged_at: tx.now(),
                span: (tx.now().plus_ms(-1_000), tx.now()),
                cards: 200,
                victims: 9,
                independent: 5,
                expected_millionths: 120_000,
                odds: 4_096,
                incidents: "LOST0001 LOST0002".into(),
                payments: "L1 L99 PGONE.3".into(),
                question_id: Some("QUESTION".into()),
                asked_victims: 9,
            },
        )
    };
    house.node.store.write(write).unwrap();
}

#[tokio::test]
async fn the_house_reads_numbers_truncated_cards_and_what_became_of_each() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    assert_eq!(house.get(&risk, LIST).await.ok()["items"], json!([]));
    named(&house).await;
    let listed = house.get(&risk, LIST).await.ok();
    let it = &listed["items"][0];
    assert_eq!(
        [
            &it["terminal_id"],
            &it["victims"],
            &it["independent"],
            &it["odds"],
            &it["incidents"]
        ],
        [
            &json!("10450001"),
            &json!(9),
            &json!(5),
            &json!(4_096),
            &json!(["LOST0001", "LOST0002"])
        ]
    );
    // What is not kept any more is left out.
    assert_eq!(it["payments"].as_array().unwrap().len(), 1);
    assert_eq!(
        [&it["payments"][0]["id"], &it["payments"][0]["card"]],
        [&json!("L1"), &json!("622202******1234")]
    );
    // That it is there is an answer, and no end.
    assert_eq!(
        [&it["question"]["state"], &it["incident_id"]],
        [&json!("here"), &Value::Null]
    );
    let owner = house.token("owner").await;
    house.get(&owner, LIST).await.problem(403, "not_allowed");
}
