//! The gate's table of answers: who asks what is answered how, on the wire (R1.2, R5.1).

use std::net::SocketAddr;

use anyhow::{Context, Result, anyhow, ensure};
use iso8583::{Message, Mti, Writer, frame, unionpay};
use serde_json::json;
use simulator::issuer::cards;
use simulator::terminal::wire::{Encoder, Session};
use simulator::terminal::{Approved, Reply, Terminal, TerminalIdentity};
use tests::{Books, Folder, Launch, WAIT_MAX, ask, ask_on, purchase, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_answered_as_the_protocol_says() -> Result<()> {
    let folder = Folder::new()?;
    let node = Launch::new(&folder)?
        .with(&["--host-delay-ms", "4"])
        .start()
        .await?;
    let (api, gate) = (node.api_as("risk").await?, node.ready.gate);
    let of_estate = &node.ready.terminals[2];
    let mut terminal = Terminal::new(of_estate.identity.clone());
    terminal.connect(gate).await?;

    nobody_knows(gate, &of_estate.identity).await?;
    before_sign_in(&mut terminal, gate).await?;
    selling(&mut terminal, gate).await?;
    holding(&mut terminal).await?;
    locking(&mut terminal, &of_estate.operator_password).await?;
    let batch = terminal.session().context("no session")?.batch;
    let settled = terminal.settle().await?;
    ensure!(settled.finding == Some(unionpay::Reply::Equal), "{settled:?}");
    ensure!(
        terminal.sign_in().await?.batch == batch + 1,
        "a new batch after the settlement"
    );
    let sale = terminal.purchase(500, &cards()[3]).await?;
    ensure!(sale.code() == "00", "{sale:?}");
    api.report_lost(of_estate.id()).await?;
    lost(&mut terminal, gate, &of_estate.operator_password).await?;

    let books = Books::read(&api, of_estate.id()).await?;
    let recorded = |kind: &str| {
        let of_kind = books.rows.iter().filter(|row| row.kind == kind);
        of_kind.filter(|row| row.decision == "recorded").count()
    };
    ensure!(
        (recorded("refund"), recorded("reversal")) == (1, 1),
        "{:?}",
        books.rows
    );
    let gate_says = api.get("/gate").await?;
    ensure!(gate_says["unknown_terminal"].as_u64() >= Some(2), "{gate_says}");
    ensure!(gate_says["mac_failures"].as_u64() >= Some(2), "{gate_says}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_held_terminal_asked_to_turn_back_is_undone_at_the_host_once_two_people_say_so() -> Result<()>
{
    let folder = Folder::new()?;
    let node = Launch::new(&folder)?.start().await?;
    let (risk, second) = (node.api_as("risk").await?, node.api_as("operations").await?);
    let of_estate = &node.ready.terminals[2];
    let mut terminal = Terminal::new(of_estate.identity.clone());
    terminal.connect(node.ready.gate).await?;
    ensure!(terminal.sign_in().await?.is_approved(), "the sign-in");
    let first = terminal.purchase(500, &cards()[3]).await?;
    let first = first.approved.context("the first sale")?;
    ensure!(
        terminal.purchase(700, &cards()[0]).await?.is_approved(),
        "the second sale"
    );
    let lost = risk.report_lost(of_estate.id()).await?;
    let path = format!(
        "/incidents/{}/recorded",
        lost["id"].as_str().context("an incident")?
    );
    ensure!(terminal.reverse_last().await?.code() == "58", "the reversal");
    ensure!(terminal.void(&first).await?.code() == "58", "the void");

    for kind in ["void", "reversal"] {
        let kept = risk.get(&format!("{path}?which=kept")).await?;
        let items = kept["items"].as_array().context("a list")?;
        let it = items
            .iter()
            .find(|it| it["request"]["kind"] == kind)
            .context(kind)?;
        ensure!(it["hindrance"].is_null(), "{it}");
        let one = format!("{path}/{}", it["request"]["sequence"]);
        let proposal = json!({ "text": "the shop gave it back" });
        risk.post(&format!("{one}/propose"), &proposal)
            .await?
            .expect(200)?;
        let alone = risk
            .post(&format!("{one}/confirm"), &json!({ "way": "host" }))
            .await?;
        alone.expect(403)?;
        let done = second
            .post(&format!("{one}/confirm"), &json!({ "way": "host" }))
            .await?;
        done.expect(200)?;
    }
    let decided = until("the host to have answered", async || {
        let decided = risk.get(&format!("{path}?which=decided")).await?;
        let items = decided["items"].as_array().context("a list")?;
        let is_undone = items.iter().all(|it| it["host"]["state"] == "undone");
        Ok((items.len() == 2 && is_undone).then_some(decided.clone()))
    })
    .await?;
    ensure!(decided["items"][0]["host"]["response_code"] == "00", "{decided}");
    let rows = Books::read(&risk, of_estate.id()).await?.rows;
    let of = |decision: &str| rows.iter().filter(|row| row.decision == decision).count();
    ensure!((of("reversed"), of("recorded")) == (2, 2), "{rows:?}");
    ensure!(terminal.reverse_last().await?.code() == "58", "it stays refused");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn terminals_that_share_a_connection_are_stopped_one_by_one() -> Result<()> {
    let folder = Folder::new()?;
    let node = Launch::new(&folder)?
        .with(&["--host-delay-ms", "4"])
        .start()
        .await?;
    let (api, gate) = (node.api_as("risk").await?, node.ready.gate);
    let mut shared = TcpStream::connect(gate).await?;
    let mut requests = Vec::new();
    for terminal in &node.ready.terminals[..2] {
        let mut signing = Terminal::new(terminal.identity.clone());
        signing.connect(gate).await?;
        ensure!(signing.sign_in().await?.is_approved(), "sign-in");
        let session = signing.session().context("no session")?.clone();
        let mut encoder = Encoder::new(terminal.id(), &terminal.identity.merchant_id);
        for trace in [500, 501] {
            requests.push(
                encoder
                    .financial(&session, &purchase(trace, 100, &cards()[0]))?
                    .to_vec(),
            );
        }
    }
    let [first, first_again, second, second_again] = [0, 1, 2, 3].map(|at| &requests[at]);
    ensure!(ask_on(&mut shared, first).await?.1 == "00", "the first terminal");
    ensure!(
        ask_on(&mut shared, second).await?.1 == "00",
        "the second terminal"
    );
    api.report_lost(node.ready.terminals[0].id()).await?;
    ensure!(ask_on(&mut shared, first_again).await?.1 == "58", "the lost one");
    ensure!(
        ask_on(&mut shared, second_again).await?.1 == "00",
        "its neighbour"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_give_money_back_twice_or_mix_it_up_is_refused() -> Result<()> {
    let folder = Folder::new()?;
    let node = Launch::new(&folder)?
        .with(&["--host-delay-ms", "4"])
        .start()
        .await?;
    let (api, gate) = (node.api_as("risk").await?, node.ready.gate);
    let mut terminal = Terminal::new(node.ready.terminals[4].identity.clone());
    terminal.connect(gate).await?;
    ensure!(terminal.sign_in().await?.code() == "00", "sign-in");
    following(&mut terminal).await?;
    two_of_a_kind(&terminal, gate).await?;
    let books = Books::read(&api, &terminal.identity().terminal_id).await?;
    let reasons: Vec<&str> = books.rows.iter().map(|row| row.reason.as_str()).collect();
    for reason in [
        "followed_already",
        "already_undone",
        "above_original",
        "original_not_found",
        "other_currency",
        "two_cards",
    ] {
        ensure!(
            reasons.contains(&reason),
            "{reason} is not written down: {reasons:?}"
        );
    }
    let settled = terminal.settle().await?;
    ensure!(
        settled.finding == Some(unionpay::Reply::Equal),
        "terminal and ledger count alike: {settled:?}"
    );
    Ok(())
}

/// Voids, refunds, completions and reversals of what was undone already.
async fn following(terminal: &mut Terminal) -> Result<()> {
    let approved = |reply: Reply| -> Result<Approved> { reply.approved.context("approved") };
    let card = &cards()[5];
    let sale = approved(terminal.purchase(3_000, card).await?)?;
    ensure!(terminal.refund(1_000, &sale).await?.code() == "00", "a part back");
    ensure!(
        terminal.reverse_last().await?.code() == "22",
        "refunded, then reversed"
    );
    ensure!(
        terminal.void(&sale).await?.code() == "12",
        "refunded, then voided"
    );
    ensure!(
        terminal.refund(2_001, &sale).await?.code() == "61",
        "more than is left"
    );
    ensure!(terminal.refund(2_000, &sale).await?.code() == "00", "the rest");
    let sale = approved(terminal.purchase(700, card).await?)?;
    let forged = Approved {
        retrieval_reference: "000000000000".into(),
        ..sale.clone()
    };
    ensure!(
        terminal.void(&forged).await?.code() == "25",
        "a wrong retrieval reference"
    );
    let held = approved(terminal.pre_authorise(10_000, card).await?)?;
    ensure!(
        terminal.complete(11_501, &held).await?.code() == "61",
        "above 115 per cent"
    );
    ensure!(
        terminal.complete(11_500, &held).await?.code() == "00",
        "completed"
    );
    ensure!(
        terminal.complete(100, &held).await?.code() == "12",
        "and once more"
    );
    ensure!(
        terminal.pre_authorise_void(&held).await?.code() == "12",
        "and voided"
    );
    Ok(())
}

/// A purchase in another currency, one in none, and one with two cards.
async fn two_of_a_kind(terminal: &Terminal, gate: SocketAddr) -> Result<()> {
    let (cards, identity) = (cards(), terminal.identity());
    let session = terminal.session().context("no session")?;
    let mut encoder = Encoder::new(&identity.terminal_id, &identity.merchant_id);
    let proper = encoder
        .financial(session, &purchase(750, 100, &cards[0]))?
        .to_vec();
    for currency in ["840", "392", "000", "+15"] {
        let changed = rewritten(&proper, session, 49, |writer| {
            writer.text(49, currency.as_bytes());
        })?;
        ensure!(ask(gate, &changed).await?.1 == "12", "currency {currency}");
    }
    let changed = rewritten(&proper, session, 2, |writer| {
        writer.digits(2, &cards[1].pan);
    })?;
    ensure!(ask(gate, &changed).await?.1 == "14", "field 2 of another card");
    Ok(())
}

/// The same message with one field otherwise, signed anew.
fn rewritten(
    frame: &[u8],
    session: &Session,
    changed: u8,
    change: impl FnOnce(&mut Writer),
) -> Result<Vec<u8>> {
    let envelope = frame::open(&frame[2..])?;
    let message = Message::parse(&unionpay::POS, envelope.message).map_err(|error| anyhow!("{error}"))?;
    let mut writer = Writer::new(&unionpay::POS);
    writer.begin(message.mti());
    for field in message.fields().filter(|field| ![changed, 64].contains(field)) {
        writer.copy(field, &message);
    }
    change(&mut writer);
    let signed = writer.finish_with_mac(&session.mac_key)?.to_vec();
    let mut out = Vec::new();
    frame::write(&mut out, envelope.tpdu, envelope.header, &signed)?;
    Ok(out)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_does_not_match_is_uploaded_and_closed() -> Result<()> {
    let folder = Folder::new()?;
    let node = Launch::new(&folder)?
        .with(&["--host-delay-ms", "4"])
        .start()
        .await?;
    let (api, identity) = (
        node.api_as("risk").await?,
        node.ready.terminals[3].identity.clone(),
    );
    let mut before = Terminal::new(identity.clone());
    before.connect(node.ready.gate).await?;
    before.sign_in().await?;
    ensure!(
        before.purchase(1_100, &cards()[0]).await?.code() == "00",
        "a sale"
    );
    // The terminal has lost its memory of that sale.
    let mut after = Terminal::new(TerminalIdentity {
        trace_first: before.trace() + 1,
        ..identity
    });
    after.connect(node.ready.gate).await?;
    after.adopt(before.session().context("no session")?.clone());
    ensure!(
        after.purchase(2_200, &cards()[0]).await?.code() == "00",
        "another sale"
    );
    let settled = after.settle().await?;
    ensure!(
        (settled.finding, settled.uploaded_count, &settled.response_code)
            == (Some(unionpay::Reply::Unequal), 1, b"00"),
        "{settled:?}"
    );
    ensure!(after.sign_in().await?.code() == "00", "the next batch");
    let books = Books::read(&api, &after.identity().terminal_id).await?;
    ensure!(books.standing().len() == 2, "a sale went lost: {:?}", books.rows);
    Ok(())
}

/// 97, whatever is asked.
async fn nobody_knows(gate: SocketAddr, like: &TerminalIdentity) -> Result<()> {
    let mut encoder = Encoder::new("99999999", &like.merchant_id);
    let session = Session::new(1, &[1; 16], &[2; 8])?;
    let sign_in = encoder.sign_in(1, 1, 3, &like.operator, None)?.to_vec();
    let purchase = encoder
        .financial(&session, &purchase(2, 100, &cards()[0]))?
        .to_vec();
    ensure!(
        ask(gate, &sign_in).await? == (Mti(0x0810), "97".into()),
        "an unknown terminal's sign-in"
    );
    ensure!(
        ask(gate, &purchase).await? == (Mti(0x0210), "97".into()),
        "an unknown terminal's purchase"
    );
    Ok(())
}

async fn before_sign_in(terminal: &mut Terminal, gate: SocketAddr) -> Result<()> {
    ensure!(terminal.echo().await?.code() == "00", "echo");
    let identity = terminal.identity().clone();
    let mut encoder = Encoder::new(&identity.terminal_id, &identity.merchant_id);
    let session = Session::new(1, &[1; 16], &[2; 8])?;
    let early = encoder
        .financial(&session, &purchase(900, 100, &cards()[0]))?
        .to_vec();
    ensure!(ask(gate, &early).await?.1 == "77", "nobody is signed in");
    let stranger = encoder.sign_in(901, 1, 3, "987", None)?.to_vec();
    ensure!(ask(gate, &stranger).await?.1 == "12", "an operator of nowhere");
    ensure!(terminal.sign_in().await?.code() == "00", "sign-in");
    Ok(())
}

async fn selling(terminal: &mut Terminal, gate: SocketAddr) -> Result<()> {
    let (cards, identity) = (cards(), terminal.identity().clone());
    let session = terminal.session().context("no session")?.clone();
    let mut encoder = Encoder::new(&identity.terminal_id, &identity.merchant_id);
    let first = encoder
        .financial(&session, &purchase(700, 1_000, &cards[0]))?
        .to_vec();
    let other = encoder
        .financial(&session, &purchase(700, 1_001, &cards[0]))?
        .to_vec();
    ensure!(ask(gate, &first).await?.1 == "00", "a purchase");
    ensure!(
        ask(gate, &first).await?.1 == "00",
        "the same purchase again has the same answer"
    );
    ensure!(
        ask(gate, &other).await?.1 == "94",
        "another purchase under the same number"
    );
    let mut reversal = encoder
        .reversal(&session, &purchase(700, 1_000, &cards[0]), "98", None)?
        .to_vec();
    ensure!(ask(gate, &reversal).await?.1 == "00", "its reversal");
    let last = reversal.len() - 1;
    reversal[last] ^= 1;
    ensure!(ask(gate, &reversal).await?.1 == "A0", "a wrong MAC");
    let mut answer = first;
    answer[14] = 0x10;
    ensure!(says_nothing_to(gate, &answer).await?, "an answer was answered");

    let sale = terminal
        .purchase(2_000, &cards[1])
        .await?
        .approved
        .context("a sale")?;
    ensure!(terminal.void(&sale).await?.code() == "00", "its void");
    let sale = terminal
        .purchase(3_000, &cards[2])
        .await?
        .approved
        .context("a sale")?;
    ensure!(
        terminal.refund(1_000, &sale).await?.code() == "00",
        "a refund of a part"
    );
    ensure!(
        terminal.purchase(2_500, &cards[1]).await?.code() == "00",
        "a sale"
    );
    ensure!(terminal.reverse_last().await?.code() == "00", "its reversal");
    Ok(())
}

/// What is an answer itself must not be answered, or two could go on for ever.
async fn says_nothing_to(gate: SocketAddr, frame: &[u8]) -> Result<bool> {
    let mut stream = TcpStream::connect(gate).await?;
    stream.write_all(frame).await?;
    stream.shutdown().await?;
    let mut all = Vec::new();
    timeout(WAIT_MAX, stream.read_to_end(&mut all)).await??;
    Ok(all.is_empty())
}

async fn holding(terminal: &mut Terminal) -> Result<()> {
    let card = &cards()[4];
    let deposit = |reply: Reply| -> Result<Approved> { reply.approved.context("a deposit") };
    let held = deposit(terminal.pre_authorise(50_000, card).await?)?;
    ensure!(
        terminal.pre_authorise_void(&held).await?.code() == "00",
        "its void"
    );
    let held = deposit(terminal.pre_authorise(50_000, card).await?)?;
    let completed = deposit(terminal.complete(40_000, &held).await?)?;
    ensure!(
        terminal.complete_void(&completed).await?.code() == "00",
        "the completion's void"
    );
    let balance = terminal.balance(card).await?;
    ensure!(
        balance.code() == "00" && balance.balance_minor.is_some(),
        "{balance:?}"
    );
    Ok(())
}

async fn locking(terminal: &mut Terminal, password: &str) -> Result<()> {
    let (card, operator) = (&cards()[1], terminal.identity().operator.clone());
    ensure!(terminal.lock().await?.code() == "00", "lock");
    ensure!(
        terminal.purchase(100, card).await?.code() == "58",
        "a purchase while locked"
    );
    ensure!(
        terminal.unlock(&operator, "000000").await?.code() == "55",
        "a wrong password"
    );
    ensure!(
        terminal.unlock(&operator, password).await?.code() == "00",
        "unlock"
    );
    ensure!(
        terminal.purchase(100, card).await?.code() == "00",
        "a purchase after it"
    );
    Ok(())
}

/// 58 for everything, and never a word that helps.
async fn lost(terminal: &mut Terminal, gate: SocketAddr, password: &str) -> Result<()> {
    let (identity, sale) = (terminal.identity().clone(), terminal.books().next_back().cloned());
    let sale = sale.context("a sale in the books")?;
    let session = terminal.session().context("no session")?.clone();
    let mut encoder = Encoder::new(&identity.terminal_id, &identity.merchant_id);
    let mut unsigned = encoder
        .financial(&session, &purchase(800, 100, &cards()[0]))?
        .to_vec();
    let last = unsigned.len() - 1;
    unsigned[last] ^= 1;
    ensure!(
        ask(gate, &unsigned).await?.1 == "58",
        "a wrong MAC of a lost terminal"
    );
    let mut codes = vec![
        terminal.purchase(100, &cards()[0]).await?,
        terminal.balance(&cards()[0]).await?,
        terminal.refund(500, &sale).await?,
        terminal.reverse_last().await?,
        terminal.lock().await?,
        terminal.unlock(&identity.operator, password).await?,
        terminal.sign_in().await?,
    ];
    codes.push(terminal.sign_out().await?);
    for (number, reply) in codes.iter().enumerate() {
        ensure!(
            (reply.code(), reply.processing_request) == ("58", 0),
            "request {number} of a lost terminal: {reply:?}"
        );
    }
    let settled = terminal.settle().await?;
    ensure!(&settled.response_code == b"58", "its settlement: {settled:?}");
    Ok(())
}
