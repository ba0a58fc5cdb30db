//! Every changed, removed, added or moved byte, record or file of a pack is found, also by whoever makes the sums anew.

mod incident;
mod zip;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Timestamp;
use domain::actor::By;
use domain::audit::Task;
use domain::event::Subject;
use domain::work::Id;
use node::seal::Sealer;
use sha2::Digest;
use store::event::{self, New};
use store::{Store, Tx};
use tempfile::TempDir;
use tlog::{Checkpoint, Signer, base64};

use super::*;

struct House {
    folder: TempDir,
    store: Store,
    signer: Arc<Signer>,
}

impl House {
    /// A log of five events, one of them with its text erased.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(
            &folder.path().join("store.db"),
            Arc::new(|| Timestamp(1_800_000_000_000)),
        );
        let store = store.unwrap();
        store.unlock(Arc::new(Sealer::new(&[7; 32])));
        let signer = Arc::new(Signer::new("tillguard.test/audit", &[5; 32]).unwrap());
        let house = Self {
            folder,
            store,
            signer,
        };
        let signer = house.signer.clone();
        house.write(move |tx| {
            app::audit::begin(tx, signer.key().name(), signer.key().public_key(), b"sealed").map(drop)?;
            app::work::enqueue_recurring(tx)?;
            for (subject, subject_id, text) in [
                (Subject::Terminal, "10450001", Some("moved to \"the north\"")),
                (Subject::Account, "chen.yan", None),
                (Subject::Terminal, "10450001", Some("搬回来了")),
                (Subject::Terminal, "10450002", Some("secret of somebody")),
                (Subject::Terminal, "10450001", None),
            ] {
                happens(tx, subject, subject_id, text)?;
            }
            Ok(())
        });
        house.seal();
        house.write(|tx| store::audit::erase_texts(tx, Subject::Terminal, "10450002"));
        house
    }

    fn write(&self, work: impl FnOnce(&Tx<'_>) -> Result<(), store::Error> + Send + 'static) {
        self.store.write(work).unwrap();
    }

    fn seal(&self) {
        let signer = self.signer.clone();
        let done = self.store.write(move |tx: &Tx<'_>| {
            let work = store::work::get(tx, &Id::audit(Task::Events))?.unwrap();
            app::audit::run(tx, &work, &signer, &[3; 32])
        });
        done.unwrap();
    }

    fn pack(&self, name: &str, about: &[&str]) -> PathBuf {
        let folder = self.folder.path().join(name);
        let choice = Choice {
            with_rows: true,
            is_stamped: false,
        };
        let about: Vec<About> = about.iter().map(|text| text.parse().unwrap()).collect();
        write(&self.store, &self.signer, &folder, &about, choice).unwrap();
        folder
    }

    fn verify(&self, pack: &Path) -> anyhow::Result<Verified> {
        verify(pack, Some(self.signer.key().clone()))
    }

    /// Makes the sums anew and signs them, as somebody in the house could; the records prove themselves all the same.
    fn sign_anew(&self, pack: &Path) {
        let mut sums = String::new();
        for name in files(pack) {
            if ![SUMS, NOTE, STAMP].contains(&name.as_str()) {
                let sum = hex::of(&sha2::Sha256::digest(std::fs::read(pack.join(&name)).unwrap()));
                sums.push_str(&format!("{sum}  {name}\n"));
            }
        }
        let text = pack_text(
            self.signer.key().name(),
            &hex::of(&sha2::Sha256::digest(&sums)),
            None,
        );
        std::fs::write(pack.join(SUMS), sums).unwrap();
        std::fs::write(pack.join(NOTE), self.signer.sign(&text)).unwrap();
    }
}

fn happens(tx: &Tx<'_>, subject: Subject, subject_id: &str, text: Option<&str>) -> Result<(), store::Error> {
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
}

/// The names of a pack's files.
fn files(pack: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(pack).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        match entry.path().is_dir() {
            true => names.extend(
                files(&entry.path())
                    .into_iter()
                    .map(|inner| format!("{name}/{inner}")),
            ),
            false => names.push(name),
        }
    }
    names.sort();
    names
}

fn copy(pack: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    for name in files(pack) {
        let path = to.join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(pack.join(&name), path).unwrap();
    }
}

#[test]
fn a_pack_of_all_and_one_of_some_verify() {
    let house = House::new();
    let all = house.verify(&house.pack("all", &[])).unwrap();
    assert_eq!((all.records, all.is_all, all.erased), (5, true, 1));
    let some = house.verify(&house.pack("some", &["terminal:10450001"])).unwrap();
    assert_eq!((some.records, some.is_all, some.erased), (3, false, 0));
    let two = house.pack("two", &["account:chen.yan", "terminal:10450002"]);
    assert_eq!(house.verify(&two).unwrap().records, 2);
    let own = verify(&two, None).unwrap();
    assert_eq!(own.key, *house.signer.key());
    let other = Signer::new("tillguard.test/audit", &[6; 32]).unwrap();
    assert!(verify(&two, Some(other.key().clone())).is_err());
}

#[test]
fn every_byte_of_every_file_counts() {
    let house = House::new();
    for about in [vec![], vec!["terminal:10450001"]] {
        let pack = house.pack(&format!("pack{}", about.len()), &about);
        for name in files(&pack) {
            let path = pack.join(&name);
            let whole = std::fs::read(&path).unwrap();
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 1 << (at % 8);
                std::fs::write(&path, &changed).unwrap();
                assert!(house.verify(&pack).is_err(), "{name} at {at}");
            }
            for other in [
                &whole[..whole.len() - 1],
                &[whole.as_slice(), b"\n"].concat(),
                b"",
            ] {
                std::fs::write(&path, other).unwrap();
                assert!(house.verify(&pack).is_err(), "{name}");
            }
            std::fs::remove_file(&path).unwrap();
            assert!(house.verify(&pack).is_err(), "{name} is gone");
            std::fs::write(&path, &whole).unwrap();
        }
        std::fs::write(pack.join("more.txt"), "more").unwrap();
        assert!(house.verify(&pack).is_err());
        std::fs::remove_file(pack.join("more.txt")).unwrap();
        house.verify(&pack).unwrap();
    }
}

/// Changes the lines of a pack's records.
type Change = fn(&mut Vec<String>);

/// What is wrong with a pack whose records somebody in the house has changed, who then signed the sums anew.
fn signed_anew(about: &[&str], change: impl Fn(&mut Vec<String>)) -> anyhow::Result<Verified> {
    let house = House::new();
    let pack = house.pack("pack", about);
    let records = std::fs::read_to_string(pack.join(RECORDS)).unwrap();
    let mut lines: Vec<String> = records.lines().map(str::to_owned).collect();
    change(&mut lines);
    std::fs::write(
        pack.join(RECORDS),
        lines.iter().map(|line| format!("{line}\n")).collect::<String>(),
    )
    .unwrap();
    house.sign_anew(&pack);
    house.verify(&pack)
}

#[test]
fn records_prove_themselves_also_when_the_sums_are_signed_anew() {
    for about in [vec![], vec!["terminal:10450001"]] {
        signed_anew(&about, |_| ()).unwrap();
        let last = |lines: &[String]| lines.len() - 1;
        let changes: [(&str, Change); 9] = [
            ("one gone at the beginning", |lines| drop(lines.remove(0))),
            ("one gone in the middle", |lines| drop(lines.remove(1))),
            ("the last gone", |lines| drop(lines.pop())),
            ("one twice", |lines| lines.insert(1, lines[0].clone())),
            ("two in the wrong order", |lines| lines.swap(0, 1)),
            ("another actor", |lines| {
                lines[0] = lines[0].replace("chen.yan", "wang.li")
            }),
            ("another text", |lines| {
                lines[0] = lines[0].replace("north", "south")
            }),
            ("another time", |lines| {
                lines[1] = lines[1].replace("1800000000000", "1800000000001")
            }),
            ("another verb", |lines| {
                lines[1] = lines[1].replace("change", "retire")
            }),
        ];
        for (what, change) in changes {
            assert!(signed_anew(&about, change).is_err(), "{what} of {about:?}");
        }
        assert!(signed_anew(&about, |lines| lines.truncate(last(lines))).is_err());
    }
}

#[test]
fn an_older_checkpoint_or_anothers_is_not_this_packs() {
    let house = House::new();
    let old = house.store.read(|tx| store::audit::checkpoint(tx, None));
    let old = old.unwrap().unwrap().note;
    house.write(|tx| happens(tx, Subject::Shop, "s1", None));
    house.seal();
    let other = Signer::new("tillguard.test/audit", &[6; 32]).unwrap();
    let root = Checkpoint::verify(house.signer.key(), &old).unwrap().root;
    for note in [
        old.clone(),
        Checkpoint::sign(&other, 6, &root),
        Checkpoint::sign(&house.signer, 6, &root),
        house.signer.sign(&format!("elsewhere\n6\n{}\n", base64(&root))),
    ] {
        for about in [vec![], vec!["terminal:10450001"]] {
            let pack = house.folder.path().join("again");
            copy(
                &house.pack(&format!("p{}", files(house.folder.path()).len()), &about),
                &pack,
            );
            std::fs::write(pack.join(CHECKPOINT), &note).unwrap();
            house.sign_anew(&pack);
            assert!(house.verify(&pack).is_err());
        }
    }
}

/// What the script in the documentation says of a record, and whether it ends well.
fn script_says(pack: &Path, index: u64) -> (bool, String) {
    let page = include_str!("../../../../docs/EVIDENCE.md");
    let (_, script) = page.split_once("```sh\n").unwrap();
    let (script, _) = script.split_once("```").unwrap();
    let mut bash = std::process::Command::new("bash");
    bash.current_dir(pack)
        .env("N", index.to_string())
        .args(["-c", script]);
    let ended = bash.output().expect("bash, xxd and openssl are installed");
    (ended.status.success(), String::from_utf8(ended.stdout).unwrap())
}

#[test]
fn a_record_verifies_without_our_software() {
    let house = House::new();
    let pack = house.pack("pack", &["terminal:10450001", "account:chen.yan"]);
    for index in [0, 1, 2, 4] {
        assert_eq!(
            script_says(&pack, index),
            (true, format!("record {index} is in the log\n"))
        );
    }
    assert!(!script_says(&pack, 3).0);
    for (name, from, to) in [
        (RECORDS, "1800000000000", "1800000000001"),
        (CHECKPOINT, "\n5\n", "\n6\n"),
        (SUMS, "a", "b"),
        (NOTE, "pack\n", "pack\n0"),
        ("proofs/0.tlog-proof", "index 0\n", "index 0\nAAAA"),
    ] {
        let path = pack.join(name);
        let whole = std::fs::read_to_string(&path).unwrap();
        assert!(whole.contains(from), "{name}");
        std::fs::write(&path, whole.replacen(from, to, 1)).unwrap();
        assert!(!script_says(&pack, 0).0, "{name}");
        std::fs::write(&path, whole).unwrap();
    }
    assert!(script_says(&pack, 0).0);
}

#[test]
fn a_time_stamp_of_something_else_is_refused() {
    let house = House::new();
    house
        .write(|tx| app::audit::anchored(tx, 5, domain::audit::Place::Timestamp, Some(b"no stamp".to_vec())));
    let pack = house.pack("pack", &[]);
    assert!(files(&pack).contains(&CHECKPOINT_STAMP.to_owned()));
    assert!(house.verify(&pack).is_err());
}
