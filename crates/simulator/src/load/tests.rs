//! The load generator keeps a log that a checker can trust.

use std::collections::HashSet;

use super::*;
use crate::toy_gate::{MASTER_KEY, ToyGate};

fn identity(number: u32) -> TerminalIdentity {
    TerminalIdentity::new(&format!("3050{number:04}"), "899305058140017", MASTER_KEY, "001")
}

fn config(gate: &ToyGate, lanes: &[u32]) -> LoadConfig {
    let lanes = lanes.iter().map(|&number| identity(number)).collect();
    LoadConfig {
        lanes,
        requests_max: 200,
        ..LoadConfig::new(gate.addr)
    }
}

#[tokio::test]
async fn a_closed_loop_sends_all_it_may_and_logs_every_answer() {
    let gate = ToyGate::start().await;
    let report = Load::start(config(&gate, &[1, 2, 3]))
        .await
        .unwrap()
        .finish()
        .await;
    assert_eq!(
        (report.approved(), report.answered(), report.latency_us.len()),
        (600, 600, 600)
    );
    assert_eq!(report.codes(), BTreeMap::from([("00".to_owned(), 600)]));
    for (lane, number) in report.lanes.iter().zip(1..) {
        assert_eq!(
            (lane.terminal_id.clone(), lane.batch),
            (format!("3050{number:04}"), 12)
        );
        assert!(
            lane.records
                .windows(2)
                .all(|pair| pair[0].received_at_us <= Some(pair[1].sent_at_us))
        );
        assert!(
            lane.records
                .iter()
                .all(|record| Some(record.sent_at_us) <= record.received_at_us)
        );
    }
}

#[tokio::test]
async fn lanes_that_share_a_terminal_sign_in_once_and_use_no_trace_twice() {
    let gate = ToyGate::start().await;
    let load = Load::start(LoadConfig {
        depth: 8,
        ..config(&gate, &[7, 7, 7, 7])
    })
    .await
    .unwrap();
    let report = load.finish().await;
    let traces: HashSet<u32> = report
        .lanes
        .iter()
        .flat_map(|lane| &lane.records)
        .map(|r| r.trace)
        .collect();
    assert_eq!(
        (traces.len(), report.approved(), gate.state.borrow().sign_ins),
        (800, 800, 1)
    );
}

#[tokio::test]
async fn a_fixed_rate_is_kept_and_stopping_waits_for_the_answers() {
    let gate = ToyGate::start().await;
    let rate = LoadConfig {
        per_second: Some(2_000.0),
        ..config(&gate, &[1, 2])
    };
    let load = Load::start(rate).await.unwrap();
    gate.seen(|state| state.transactions >= 100).await;
    let report = load.stop().await;
    assert!(
        report.answered() >= 100 && report.per_second() < 2_100.0,
        "{}",
        report.per_second()
    );
    assert!(
        report
            .lanes
            .iter()
            .flat_map(|lane| &lane.records)
            .all(|record| record.received_at_us.is_some())
    );
}

#[tokio::test]
async fn a_lost_connection_leaves_its_request_unanswered_and_the_lane_goes_on() {
    let gate = ToyGate::start().await;
    gate.state.send_modify(|state| state.closes = 3);
    let report = Load::start(config(&gate, &[1])).await.unwrap().finish().await;
    assert_eq!(
        (
            report.lanes[0].disconnects,
            report.codes()["--"],
            report.approved()
        ),
        (3, 3, 197)
    );
}

#[tokio::test]
async fn refusals_are_counted_by_their_code() {
    let gate = ToyGate::start().await;
    gate.state.send_modify(|state| state.code = *b"58");
    let report = Load::start(config(&gate, &[1])).await.unwrap().finish().await;
    assert_eq!(
        (report.approved(), report.codes()),
        (0, BTreeMap::from([("58".to_owned(), 200)]))
    );
}

#[tokio::test]
async fn a_lane_may_end_with_its_first_refusal() {
    let gate = ToyGate::start().await;
    gate.state.send_modify(|state| state.code = *b"58");
    let config = LoadConfig {
        until_refused: true,
        ..config(&gate, &[1, 2])
    };
    let report = Load::start(config).await.unwrap().finish().await;
    assert_eq!(report.codes(), BTreeMap::from([("58".to_owned(), 2)]));
}

#[tokio::test]
async fn a_refused_sign_in_is_an_error_that_names_the_terminal() {
    let gate = ToyGate::start().await;
    gate.state.send_modify(|state| state.sign_in_code = *b"58");
    let refused = Load::start(config(&gate, &[5]))
        .await
        .err()
        .map(|error| error.to_string());
    assert_eq!(refused.as_deref(), Some("terminal 30500005 was refused with 58"));
}

#[tokio::test]
async fn traces_end_at_the_last_number_instead_of_repeating() {
    let gate = ToyGate::start().await;
    let mut config = config(&gate, &[1]);
    config.lanes[0].trace_first = 999_990;
    let report = Load::start(config).await.unwrap().finish().await;
    let traces: Vec<u32> = report.lanes[0]
        .records
        .iter()
        .map(|record| record.trace)
        .collect();
    assert_eq!(traces, (999_991..=999_999).collect::<Vec<u32>>());
}
