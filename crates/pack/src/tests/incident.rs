//! Packs of an incident: what a reader need not know proves itself as a digest, and files that say something else than the records are found
//! also where somebody in the house has signed the sums anew.

use domain::police::Verb as Police;
use serde_json::json;

use super::*;
use crate::contents::{Contents, Elsewhere, FORM, Item, Kind as Is, Paper, Why};

const DOCUMENT: &[u8] = b"%PDF-1.7 a document";
const FILE: &[u8] = b"%PDF-1.7 a receipt";
const KEPT: Kept = Kept {
    actor: false,
    text: true,
    rows: false,
};

fn sha256(bytes: &[u8]) -> String {
    hex::of(&sha2::Sha256::digest(bytes))
}

fn paper() -> Paper {
    Paper {
        position: 1,
        verb: Police::Accept.code().into(),
        number: Some("C-1".into()),
        office: Some("a station".into()),
        on: "2026-11-27".into(),
        taken_back: false,
    }
}

fn item(path: &str, kind: Is) -> Item {
    Item {
        path: path.into(),
        kind,
        name: None,
        sent_sha256: (kind == Is::Attachment).then(|| sha256(FILE)),
    }
}

fn contents() -> Contents {
    Contents {
        pack: FORM.into(),
        incident_id: "A".into(),
        terminal_id: "10450001".into(),
        r#for: "police".into(),
        made_at: "2026-11-27T00:00:00Z".into(),
        files: vec![
            item("documents/a.pdf", Is::Document),
            item("originals/police.json", Is::Police),
            item("attachments/F.pdf", Is::Attachment),
        ],
        elsewhere: vec![Elsewhere {
            name: Some("film.mp4".into()),
            size: 9,
            sha256: sha256(b"a film"),
            why: Why::Stated,
        }],
    }
}

impl House {
    /// A house in which something has happened to an incident.
    pub fn with_incident() -> Self {
        let house = Self::new();
        house.write(|tx| {
            for (verb, text) in [
                ("reported", "somebody took it".to_owned()),
                (
                    "document_made",
                    format!("police_packet zh sha256:{}", sha256(DOCUMENT)),
                ),
                ("file_added", format!("r.pdf\npdf 18 sha256:{}", sha256(FILE))),
                (
                    "file_added",
                    format!("film.mp4\nunseen 9 sha256:{}", sha256(b"a film")),
                ),
                ("police_accepted", paper().as_recorded()),
            ] {
                let new = New {
                    subject: Subject::Incident,
                    subject_id: "A",
                    at: tx.now(),
                    verb,
                    by: By::person("chen.yan"),
                    text: Some(&text),
                    ledger_sequence: None,
                };
                event::append(tx, new)?;
            }
            Ok(())
        });
        house.seal();
        house
    }

    /// Writes the pack of it; answers where it went.
    pub fn incident<F: Files>(&self, to: F, kept: Kept) -> F {
        let mut pack = Pack::new(&self.store, &self.signer, to).unwrap();
        pack.add("documents/a.pdf", DOCUMENT).unwrap();
        let papers = json!([paper()]).to_string();
        pack.add("originals/police.json", papers.as_bytes()).unwrap();
        pack.add("attachments/F.pdf", FILE).unwrap();
        pack.describe(&contents()).unwrap();
        pack.some(&["incident:A".parse().unwrap()], |_| Some(kept))
            .unwrap();
        let how = |_| "how\n".to_owned();
        pack.finish(how, None).unwrap().files
    }

    fn incident_in(&self, name: &str, kept: Kept) -> PathBuf {
        let folder = self.folder.path().join(name);
        self.incident(Folder::new(&folder).unwrap(), kept);
        folder
    }
}

#[test]
fn what_is_not_for_the_reader_proves_itself_and_cannot_be_guessed() {
    let house = House::with_incident();
    let pack = house.incident_in("pack", KEPT);
    let verified = house.verify(&pack).unwrap();
    assert_eq!(
        (verified.records, verified.is_all, verified.erased),
        (5, false, 0)
    );
    assert_eq!(verified.contents, Some(contents()));
    let records = std::fs::read_to_string(pack.join(RECORDS)).unwrap();
    assert!(!records.contains("chen.yan") && records.contains("somebody took it"));
    let bare = house.incident_in("bare", Kept { text: false, ..KEPT });
    assert_eq!(house.verify(&bare).unwrap().erased, 5);
    let records = std::fs::read_to_string(bare.join(RECORDS)).unwrap();
    assert!(!records.contains("somebody took it"));
    for line in records.lines() {
        let line: Line = serde_json::from_str(line).unwrap();
        assert_eq!((line.salt, line.text_salt), (None, None));
    }
}

#[test]
fn an_actor_without_what_hides_it_is_refused() {
    let house = House::with_incident();
    let pack = house.incident_in("pack", KEPT);
    let records = std::fs::read_to_string(pack.join(RECORDS)).unwrap();
    let named = records.replacen("\"actor\":null", "\"actor\":\"chen.yan\"", 1);
    std::fs::write(pack.join(RECORDS), named).unwrap();
    house.sign_anew(&pack);
    assert!(house.verify(&pack).is_err());
}

#[test]
fn files_that_say_something_else_than_the_records_are_found() {
    let house = House::with_incident();
    let pack = house.incident_in("pack", KEPT);
    house.sign_anew(&pack);
    house.verify(&pack).unwrap();
    let described = |change: fn(&mut Contents)| {
        let mut contents = contents();
        change(&mut contents);
        serde_json::to_vec(&contents).unwrap()
    };
    let other = |change: fn(&mut Paper)| {
        let mut paper = paper();
        change(&mut paper);
        json!([paper]).to_string().into_bytes()
    };
    for (name, bytes) in [
        ("documents/a.pdf", b"another".to_vec()),
        ("attachments/F.pdf", b"another".to_vec()),
        ("attachments/more.pdf", b"nobody named it".to_vec()),
        (
            "originals/police.json",
            other(|paper| paper.number = Some("C-2".into())),
        ),
        (
            "originals/police.json",
            other(|paper| paper.on = "2026-11-26".into()),
        ),
        (CONTENTS, described(|it| it.pack = "incident/0".into())),
        (CONTENTS, described(|it| drop(it.files.pop()))),
        (CONTENTS, described(|it| it.files.push(it.files[0].clone()))),
        (CONTENTS, described(|it| it.files[2].sent_sha256 = None)),
        (
            CONTENTS,
            described(|it| it.files[2].sent_sha256 = Some(sha256(b"x"))),
        ),
        (CONTENTS, described(|it| it.elsewhere[0].sha256 = sha256(b"x"))),
        (
            CONTENTS,
            described(|it| it.files[0].path = "documents/b.pdf".into()),
        ),
    ] {
        let path = pack.join(name);
        let whole = std::fs::read(&path).ok();
        std::fs::write(&path, bytes).unwrap();
        house.sign_anew(&pack);
        assert!(house.verify(&pack).is_err(), "{name}");
        match whole {
            Some(whole) => std::fs::write(&path, whole).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
    }
    house.sign_anew(&pack);
    house.verify(&pack).unwrap();
}
