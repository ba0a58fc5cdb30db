//! The audit log: every event in one order, provably, and every change behind our back found.

use std::time::Instant;

use app::audit::{Walk, consistency, inclusion};
use domain::account::Account;
use domain::actor::{Actor, By};
use domain::audit::{HOUSE, LEDGER, Record, Task, Wrong};
use domain::event::Subject;
use domain::work::{Id, Kind};
use store::event::{self, New};
use store::node::Incarnation;
use tlog::{Checkpoint, Hash, Signer, leaf_hash, verify_consistency, verify_inclusion};

use crate::fixture::{House, manager, purchase, risk_officer, terminal};

fn signer() -> Signer {
    Signer::new("tillguard.test/audit", &[9; 32]).unwrap()
}

impl House {
    /// An estate whose log has begun, with nothing in it yet.
    fn audited() -> Self {
        let house = Self::open();
        house.write(|tx| {
            let signer = signer();
            app::audit::begin(tx, signer.key().name(), signer.key().public_key(), b"sealed")?;
            app::work::enqueue_recurring(tx)
        });
        house
    }

    /// Does a piece of the log's work, which is due.
    fn audit(&self, task: Task) -> app::audit::Done {
        let who = Incarnation {
            node: "n".into(),
            incarnation: 1,
        };
        let policy = Kind::Audit.policy();
        let claim = move |tx: &store::Tx<'_>| app::work::claim(tx, Kind::Audit, &policy, &who, 9);
        let claimed = self.write(claim);
        let ours = claimed.iter().find(|work| work.id == Id::audit(task)).cloned();
        let (ours, signer) = (ours.expect("it is due"), signer());
        let done = self.try_write(move |tx| app::audit::run(tx, &ours, &signer, &[7; 32]));
        for other in claimed.into_iter().filter(|work| work.id != Id::audit(task)) {
            self.write(move |tx| app::work::again(tx, &other, tx.now()));
        }
        self.pass_ms(10 * 60_000);
        done.unwrap()
    }

    fn happens(&self, subject: Subject, subject_id: &'static str, text: Option<&'static str>) {
        self.write(move |tx| {
            let new = New {
                subject,
                subject_id,
                at: tx.now(),
                verb: "change",
                by: By::person("chen.yan"),
                text,
                ledger_sequence: None,
            };
            event::append(tx, new).map(drop)
        });
    }

    fn checkpoint(&self) -> Checkpoint {
        let kept = self
            .read(|tx| store::audit::checkpoint(tx, None))
            .expect("one was signed");
        let checkpoint = Checkpoint::verify(signer().key(), &kept.note).unwrap();
        assert_eq!(checkpoint.size, kept.size as u64);
        checkpoint
    }

    fn records(&self) -> Vec<Record> {
        self.read(|tx| store::audit::records(tx, 0, 10_000))
    }

    /// What a walk over all of it finds.
    fn walk(&self) -> Vec<String> {
        let mut walk = Walk::new(signer().key().clone());
        while self.store().read(|tx| walk.go_on(tx)).unwrap() {}
        walk.findings
    }

    /// What the check that never ends finds in one go.
    fn found(&self) -> Vec<Wrong> {
        self.audit(Task::Check)
            .findings
            .iter()
            .map(|found| found.what)
            .collect()
    }
}

fn prove(house: &House, index: u64, size: u64) -> Vec<Hash> {
    house.store().read(|tx| inclusion(tx, index, size)).unwrap()
}

#[test]
fn every_event_becomes_a_leaf_and_is_proven_to_be_one() {
    let house = House::audited();
    house.happens(Subject::Terminal, "10450001", Some("moved"));
    house.happens(Subject::Account, "chen.yan", None);
    let waiting = house.read(store::audit::waiting).0;
    assert!(waiting >= 2);
    assert_eq!(house.audit(Task::Events).leaves as i64, waiting);
    assert_eq!(house.read(store::audit::waiting), (0, None));
    let first = house.checkpoint();
    house.happens(Subject::Terminal, "10450001", None);
    assert_eq!(house.audit(Task::Events).leaves, 1);
    assert_eq!(house.audit(Task::Events).leaves, 0);
    let second = house.checkpoint();
    assert_eq!(second.size, first.size + 1);
    let records = house.records();
    assert_eq!(records.len() as u64, second.size);
    for record in &records {
        let index = record.leaf.index as u64;
        let proof = prove(&house, index, second.size);
        let leaf = leaf_hash(&record.leaf.data);
        verify_inclusion(&leaf, index, second.size, &proof, &second.root).unwrap();
    }
    let proof = house
        .store()
        .read(|tx| consistency(tx, first.size, second.size))
        .unwrap();
    verify_consistency(first.size, &first.root, second.size, &second.root, &proof).unwrap();
    assert_eq!((house.walk(), house.found()), (vec![], vec![]));
}

#[test]
fn many_events_become_leaves_in_batches() {
    let house = House::audited();
    house.write(|tx| {
        for _ in 0..501 {
            let new = New {
                subject: Subject::Shop,
                subject_id: "s1",
                at: tx.now(),
                verb: "change",
                by: By::node("n"),
                text: None,
                ledger_sequence: None,
            };
            event::append(tx, new)?;
        }
        Ok(())
    });
    assert_eq!(house.audit(Task::Events).leaves, 500);
    assert_eq!(house.audit(Task::Events).leaves, 1);
    assert_eq!(house.checkpoint().size, 501);
    assert_eq!(house.walk(), Vec::<String>::new());
}

#[test]
fn a_terminals_ledger_is_sealed_in_runs() {
    let house = House::audited();
    house.sign_in(terminal(1));
    let trade = |from: u32| {
        for trace in from..from + 3 {
            house.approve(&purchase(terminal(1), trace));
        }
    };
    trade(1);
    house.audit(Task::Events);
    assert!(house.audit(Task::Ledger).leaves >= 1);
    let runs = |records: Vec<Record>| -> Vec<(i64, i64)> {
        let runs = records
            .into_iter()
            .filter(|it| it.leaf.subject == LEDGER && it.leaf.subject_id == terminal(1).as_str());
        runs.map(|it| (it.leaf.from_sequence.unwrap(), it.leaf.sequence))
            .collect()
    };
    let first = runs(house.records());
    assert_eq!(first.len(), 1);
    trade(4);
    assert_eq!(house.audit(Task::Ledger).leaves, 1);
    assert_eq!(house.audit(Task::Ledger).leaves, 0);
    let both = runs(house.records());
    assert_eq!(both[0], first[0]);
    assert_eq!((both[1].0, both.len()), (first[0].1 + 1, 2));
    assert_eq!((house.walk(), house.found()), (vec![], vec![]));
}

#[test]
fn what_is_to_be_proven_now_is_sealed_at_once_and_it_is_said_when_that_is_all() {
    let house = House::audited();
    house.sign_in(terminal(1));
    let seal = || {
        let signer = signer();
        house.write(move |tx| app::audit::seal_now(tx, (&signer, &[5; 32]), terminal(1)))
    };
    assert!(seal());
    let before = house.checkpoint().size;
    assert!(seal() && house.checkpoint().size == before, "nothing was left");
    house.approve(&purchase(terminal(1), 1));
    for _ in 0..501 {
        house.happens(Subject::Terminal, "10450001", None);
    }
    assert!(!seal(), "500 events a go");
    let run = |it: &Record| it.leaf.subject == LEDGER && it.leaf.subject_id == terminal(1).as_str();
    let runs = house.records().iter().filter(|it| run(it)).count();
    assert!(seal());
    assert_eq!(house.read(store::audit::waiting), (0, None));
    let last = house.read(|tx| store::ledger::last(tx, terminal(1))).unwrap();
    let records = house.records();
    let sealed: Vec<_> = records.iter().filter(|it| run(it)).collect();
    assert_eq!(
        (sealed.len(), sealed.last().unwrap().leaf.sequence),
        (runs, last.sequence)
    );
    assert_eq!((house.walk(), house.found()), (vec![], vec![]));
}

#[test]
fn events_leaves_nodes_and_checkpoints_cannot_be_changed_or_deleted() {
    let mut house = House::audited();
    house.happens(Subject::Terminal, "10450001", Some("moved"));
    house.happens(Subject::Terminal, "10450001", None);
    house.audit(Task::Events);
    for wrong in [
        "UPDATE event SET text = 'another' WHERE text IS NOT NULL",
        "UPDATE event SET text = 'sealed:another' WHERE text IS NULL",
        "UPDATE event SET actor = 'another', text = NULL WHERE text IS NOT NULL",
        "UPDATE event SET actor = 'another', text = 'sealed:another' WHERE text IS NOT NULL",
        "UPDATE event SET at_ms = at_ms + 1",
        "DELETE FROM event",
        "UPDATE audit_leaf SET data = data",
        "UPDATE audit_leaf SET salt = 'x', text_salt = NULL",
        "DELETE FROM audit_leaf",
        "UPDATE audit_node SET hash = hash",
        "DELETE FROM audit_node",
        "UPDATE audit_checkpoint SET at_ms = 0",
        "DELETE FROM audit_checkpoint",
    ] {
        assert!(house.behind_our_back(wrong).is_err(), "{wrong}");
    }
    if crate::IS_SHARED {
        for table in ["event", "audit_leaf", "audit_node", "audit_checkpoint"] {
            assert!(house.behind_our_back(&format!("TRUNCATE {table}")).is_err());
        }
    }
    // What is said stays what it is, under whatever key.
    house
        .behind_our_back("UPDATE event SET text = text WHERE text IS NOT NULL")
        .unwrap();
    house.behind_our_back("UPDATE audit_log SET size = size").unwrap();
    assert_eq!((house.walk(), house.found()), (vec![], vec![]));
}

#[test]
fn a_text_is_erased_and_the_log_stays_valid() {
    let house = House::audited();
    house.happens(Subject::Terminal, "10450001", Some("moved"));
    house.audit(Task::Events);
    house.write(|tx| store::audit::erase_texts(tx, Subject::Terminal, "10450001"));
    let erased = house
        .records()
        .into_iter()
        .rfind(|it| it.leaf.subject_id == "10450001")
        .unwrap();
    assert_eq!((erased.event.unwrap().text, erased.leaf.text_salt), (None, None));
    assert_eq!((house.walk(), house.found()), (vec![], vec![]));
}

#[test]
fn what_was_said_is_in_no_row_as_it_was_said() {
    let mut house = House::audited();
    house.happens(Subject::Terminal, "10450001", Some("moved"));
    // From before texts were sealed.
    let plain = "INSERT INTO event (subject, subject_id, sequence, at_ms, verb, actor_kind, actor, text)
         VALUES ('shop', 's9', 1, 5, 'change', 'person', 'chen.yan', 'said long ago')";
    house.behind_our_back(plain).unwrap();
    house.audit(Task::Events);
    let texts = |house: &House| -> Vec<Option<String>> {
        let records = house.records().into_iter();
        records.map(|it| it.event.unwrap().text).collect()
    };
    let said = texts(&house);
    assert!(said.contains(&Some("moved".into())) && said.contains(&Some("said long ago".into())));
    assert!(house.is_left("said long ago") && !house.is_left("moved"));
    // A key's number is noted as a node does, and everything is moved to it.
    house.write(|tx| app::estate::sealed_by(tx, None, &crate::fixture::check()));
    while house.write(store::reseal::step) == store::reseal::Step::More {}
    assert!(!house.is_left("said long ago"));
    assert_eq!(texts(&house), said);
    assert_eq!((house.walk(), house.found()), (vec![], vec![]));
}

#[test]
fn a_person_is_erased_and_the_log_stays_valid() {
    let house = House::audited();
    house.write(|tx| {
        let Actor::Person(manager) = manager("s1") else {
            unreachable!("it is a person")
        };
        let (login, name) = ("wang.li".to_owned(), "Wang Li".to_owned());
        store::account::insert(
            tx,
            &Account {
                login,
                name,
                ..manager
            },
            "hash of a password",
        )?;
        store::account::set_email(tx, "wang.li", Some("wang.li@shop.example"))
    });
    house.happens(Subject::Account, "wang.li", Some("moved to another lane"));
    house.audit(Task::Events);
    // One that is no leaf yet.
    house.happens(Subject::Account, "wang.li", Some("has a new telephone"));
    let disabled = house.try_write(|tx| app::account::disable(tx, &risk_officer(), "wang.li"));
    disabled.unwrap();
    let erased = house.try_write(|tx| app::personal::erase(tx, &risk_officer(), "wang.li", "asked for it"));
    let erased = erased.unwrap();
    assert_eq!(
        (erased.account.name.as_str(), erased.email, erased.state.code()),
        ("wang.li", None, "erased")
    );
    house.audit(Task::Events);
    let events = house.records().into_iter().filter_map(|it| it.event);
    let ours: Vec<_> = events.filter(|event| event.subject_id == "wang.li").collect();
    let said: Vec<_> = ours
        .iter()
        .map(|event| (event.verb.as_str(), event.text.as_deref()))
        .collect();
    let left = [
        ("change", None),
        ("change", None),
        ("disable", None),
        ("erase", Some("asked for it")),
    ];
    assert_eq!(said, left);
    assert_eq!((house.walk(), house.found()), (vec![], vec![]));
    let (account, password_hash) = house.read(|tx| store::account::get(tx, "wang.li")).unwrap();
    assert_eq!((account.name.as_str(), password_hash.as_str()), ("wang.li", ""));
}

/// What somebody does who may do anything with the database, and by what it is found.
fn found_after(change: &str) -> (Vec<String>, Vec<Wrong>) {
    let mut house = House::audited();
    for text in [Some("moved"), None, Some("back")] {
        house.happens(Subject::Terminal, "10450002", text);
    }
    house.sign_in(terminal(1));
    house.approve(&purchase(terminal(1), 1));
    house.audit(Task::Events);
    house.audit(Task::Ledger);
    house.unguarded(change);
    (house.walk(), house.found())
}

#[test]
fn every_change_behind_our_back_is_found() {
    const NODE: &str = "SELECT hash FROM audit_node WHERE level = 0 AND position = 0";
    const OURS: &str = "WHERE subject_id = '10450002'";
    let last = format!("{OURS} AND sequence = (SELECT max(sequence) FROM event {OURS})");
    let first = format!("{OURS} AND sequence = 1");
    let cases = [
        (
            format!("UPDATE event SET verb = 'other' {last}"),
            Wrong::LeafDiffers,
        ),
        (
            format!("UPDATE event SET actor = 'other' {last}"),
            Wrong::LeafDiffers,
        ),
        (
            format!("UPDATE event SET text = 'other' {last}"),
            Wrong::LeafDiffers,
        ),
        (format!("UPDATE event SET text = NULL {last}"), Wrong::LeafDiffers),
        // What was said of another change, and what never was sealed by anybody.
        (
            format!("UPDATE event SET text = (SELECT text FROM event {first}) {last}"),
            Wrong::LeafDiffers,
        ),
        (
            format!("UPDATE event SET text = 'sealed:AAAA' {last}"),
            Wrong::LeafDiffers,
        ),
        (
            format!("UPDATE event SET at_ms = at_ms + 1 {last}"),
            Wrong::LeafDiffers,
        ),
        (format!("DELETE FROM event {last}"), Wrong::RecordMissing),
        (format!("DELETE FROM event {first}"), Wrong::Gap),
        (format!("DELETE FROM audit_leaf {last}"), Wrong::LeafMissing),
        (format!("DELETE FROM audit_leaf {last}"), Wrong::Unsealed),
        (
            format!("UPDATE audit_leaf SET data = (SELECT data FROM audit_leaf WHERE leaf_index = 0) {last}"),
            Wrong::NodeDiffers,
        ),
        (
            format!("UPDATE audit_node SET hash = ({NODE}) WHERE level = 0 AND position = 1"),
            Wrong::NodeDiffers,
        ),
        (
            "UPDATE ledger SET amount_minor = amount_minor + 1 WHERE amount_minor IS NOT NULL".into(),
            Wrong::LeafDiffers,
        ),
        (
            "DELETE FROM ledger WHERE amount_minor IS NOT NULL".into(),
            Wrong::LeafDiffers,
        ),
    ];
    for (change, by) in cases {
        let (walked, checked) = found_after(&change);
        assert!(!walked.is_empty(), "{change}: {walked:?}");
        assert!(checked.contains(&by), "{change}: {checked:?}");
    }
}

#[test]
fn a_finding_says_nothing_of_what_is_not_there() {
    let stands = |change: &str, what: Wrong| -> Vec<String> {
        let mut house = House::audited();
        house.happens(Subject::Terminal, "10450002", None);
        house.audit(Task::Events);
        house.unguarded(change);
        house.found();
        let found = house.read(|tx| store::audit::findings(tx, 99)).into_iter();
        let of_kind = found.filter(|finding| finding.what == what);
        of_kind.map(|finding| finding.stands_sha256).collect()
    };
    let gone = stands(
        "DELETE FROM event WHERE subject_id = '10450002'",
        Wrong::RecordMissing,
    );
    assert_eq!(gone, [""]);
    let node = "DELETE FROM audit_node WHERE level = 0 AND position = 0";
    assert_eq!(stands(node, Wrong::NodeDiffers), [""]);
    let other = stands(
        "UPDATE event SET verb = 'other' WHERE subject_id = '10450002'",
        Wrong::LeafDiffers,
    );
    assert_eq!(other.iter().map(String::len).collect::<Vec<_>>(), [64]);
}

#[test]
fn what_only_the_whole_shows_is_found_by_a_walk() {
    for change in [
        "UPDATE audit_node SET hash = (SELECT hash FROM audit_node WHERE level = 0 AND position = 0) WHERE level = 1 AND position = 0",
        "DELETE FROM audit_node WHERE level = 1 AND position = 0",
        "UPDATE audit_checkpoint SET note = replace(note, 'audit', 'oudit')",
        "DELETE FROM audit_checkpoint WHERE size = (SELECT max(size) FROM audit_checkpoint)",
        "UPDATE audit_log SET size = size - 1",
        "DELETE FROM audit_leaf WHERE leaf_index = (SELECT max(leaf_index) FROM audit_leaf)",
        "INSERT INTO audit_pending (subject, subject_id, sequence, at_ms) VALUES ('x', 'y', 1, 0)",
    ] {
        let (walked, _) = found_after(change);
        assert!(!walked.is_empty(), "{change}");
    }
    assert_eq!(
        found_after("UPDATE audit_log SET audit_log_id = audit_log_id"),
        (vec![], vec![])
    );
    assert_eq!(HOUSE, "house");
}

/// Events per transaction while a large log is made.
const AT_ONCE: i64 = 10_000;

/// `cargo test --release -p app --test it figures -- --ignored --nocapture`; `TILLGUARD_LEAVES` says how many.
#[test]
#[ignore = "measures; takes minutes"]
fn figures_of_a_large_log() {
    let leaves = std::env::var("TILLGUARD_LEAVES").map_or(1_000_000, |text| text.parse().unwrap());
    let house = House::audited();
    let mut next = leaves / 10;
    let mut began = Instant::now();
    let mut made = 0;
    while made < leaves {
        house.write(move |tx| {
            (made..made + AT_ONCE).try_for_each(|number| {
                let new = New {
                    subject: Subject::Terminal,
                    subject_id: &format!("{:08}", number % 50_000),
                    at: tx.now(),
                    verb: "change",
                    by: By::person("chen.yan"),
                    text: Some("moved to another shop"),
                    ledger_sequence: None,
                };
                event::append(tx, new).map(drop)
            })
        });
        let sealing = Instant::now();
        while house.audit(Task::Events).leaves > 0 {}
        made += AT_ONCE;
        if made >= next {
            let rate = AT_ONCE as f64 / sealing.elapsed().as_secs_f64();
            let all = began.elapsed().as_secs_f64();
            println!("{made} leaves: {rate:.0} sealed a second; {all:.1} s since the line before");
            next += leaves / 10;
            began = Instant::now();
        }
    }
    let size = leaves as u64;
    let mut times: Vec<_> = (0..1_000)
        .map(|number| {
            let began = Instant::now();
            let proof = prove(&house, number * 7_919 % size, size);
            assert!(!proof.is_empty());
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "an inclusion proof at {size}: median {:?}, 99 of 100 within {:?}",
        times[500], times[990]
    );
    let began = Instant::now();
    assert_eq!(house.walk(), Vec::<String>::new());
    println!("{size} records verified in {:?}", began.elapsed());
}
