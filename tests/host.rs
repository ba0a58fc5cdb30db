//! Whatever the acquirer's host does, in the end it and the ledger agree on what stands approved.
//!
//! The host is silent, late, doubled, wrongly signed, cut off, gone, and words its approvals otherwise, one after the other, while terminals trade and one
//! of them is reported lost; then it is well again, and every reversal that is owed reaches it.

use anyhow::{Context, Result, ensure};
use simulator::host::Faults;
use simulator::terminal::TerminalIdentity;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tests::{Api, Books, Folder, Hold, Lanes, Launch, Outside, until};

const LANES: usize = 12;
/// How long the node waits for the host's answer.
const HOST_TIMEOUT_S: &str = "1";
/// Requests that the host decides under a fault before it is well again.
const DECIDED_MIN: u64 = 30;

#[tokio::test(flavor = "multi_thread")]
async fn ledger_and_host_agree_in_the_end_whatever_the_host_does() -> Result<()> {
    let folder = Folder::new()?;
    let outside = Outside::start(folder.path(), 10).await?;
    let launch = Launch::new(&folder)?
        .asking(&outside)
        .with(&["--host-timeout-s", HOST_TIMEOUT_S]);
    let mut node = launch.start().await?;
    let risk = [node.api_as("risk").await?];
    let well = outside.faults().get();
    let faults = [
        ("silent", Faults { silent: true, ..well }),
        (
            "late",
            Faults {
                delay_ms_min: 500,
                delay_ms_max: 2_500,
                ..well
            },
        ),
        ("doubled", Faults { twice: true, ..well }),
        (
            "wrongly signed",
            Faults {
                wrong_mac: true,
                ..well
            },
        ),
        (
            "cut off",
            Faults {
                disconnect_after: Some(9),
                ..well
            },
        ),
        ("down", Faults { down: true, ..well }),
        (
            "a success with a defect",
            Faults {
                says: Some(*b"A2"),
                ..well
            },
        ),
        (
            "a part of the amount",
            Faults {
                says: Some(*b"10"),
                ..well
            },
        ),
        (
            "no answer from the issuer",
            Faults {
                says: Some(*b"68"),
                ..well
            },
        ),
    ];
    for (number, (name, fault)) in faults.into_iter().enumerate() {
        let pair = [2 * number, 2 * number + 1].map(|index| node.ready.terminals[index].identity.clone());
        let codes = under(fault, &outside, node.ready.gate, &risk, &pair)
            .await
            .with_context(|| name.to_owned())?;
        println!("{name}: {codes:?}");
    }
    node.check_alive()
}

/// Two terminals trade under a fault, the second is reported, and the host is well again: how often each code came.
async fn under(
    fault: Faults,
    outside: &Outside,
    gate: SocketAddr,
    risk: &[Api; 1],
    pair: &[TerminalIdentity; 2],
) -> Result<[BTreeMap<String, usize>; 2]> {
    let well = outside.faults().get();
    let trading = [start(gate, &pair[0]).await?, start(gate, &pair[1]).await?];
    let decided = outside.requests();
    outside.faults().set(fault);
    until("requests under the fault", async || {
        let enough = fault.down || outside.requests() >= decided + DECIDED_MIN;
        Ok(enough.then_some(()))
    })
    .await?;
    trading[1].report(risk).await?;
    let answered = || trading.iter().map(Lanes::answered).sum::<u64>();
    let before = answered();
    until("answers under the fault", async || {
        Ok((answered() >= before + LANES as u64).then_some(()))
    })
    .await?;
    outside.faults().set(well);
    let mut codes = [BTreeMap::new(), BTreeMap::new()];
    for ((lanes, identity), codes) in trading.into_iter().zip(pair).zip(&mut codes) {
        let log = lanes.stop().await?;
        Books::settled(&risk[0]).await?;
        let books = Books::read(&risk[0], &identity.terminal_id).await?;
        let mut found = books.without(log.approved());
        found.extend(books.differences(outside));
        found.extend(log.wrong.iter().cloned());
        if let Some(hold) = Hold::of(&risk[0], &identity.terminal_id).await? {
            found.extend(books.approved_after(&hold));
        }
        *codes = log.codes();
        ensure!(found.is_empty(), "{codes:?}:\n{}", found.join("\n"));
    }
    ensure!(
        codes[1].contains_key("58"),
        "the lost terminal was answered {codes:?}"
    );
    Ok(codes)
}

async fn start(gate: SocketAddr, identity: &TerminalIdentity) -> Result<Lanes> {
    let lanes = Lanes::start(gate, identity, LANES).await?;
    until("the terminal to trade", async || {
        Ok((lanes.answered() >= 10).then_some(()))
    })
    .await?;
    Ok(lanes)
}
