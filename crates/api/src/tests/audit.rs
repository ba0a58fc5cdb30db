//! The audit log through the API: who reads it, and that what it says verifies without trust in the node.

use domain::Timestamp;
use domain::audit::{Finding, Task, Wrong};
use domain::work::{Id, Kind};
use serde_json::{Value, json};
use store::Tx;
use tlog::{Checkpoint, Key, ProofFile, from_base64, verify_consistency};

use super::House;

/// When the document's example was found.
const FOUND_AT: Timestamp = Timestamp(1_795_744_800_000);

impl House {
    /// The place of the log's first record; and something is found wrong with it.
    pub(super) async fn first_leaf(&self) -> String {
        self.seal().await;
        assert!(self.find("").await);
        "0".to_owned()
    }

    /// Finds what the document's example says.
    async fn find(&self, stands: &'static str) -> bool {
        let finding = Finding {
            what: Wrong::Gap,
            subject: "terminal".into(),
            subject_id: "10450001".into(),
            sequence: 3,
            found_at: FOUND_AT,
            stands_sha256: stands.to_owned(),
            acknowledged: None,
        };
        let find = move |tx: &Tx<'_>| store::audit::find(tx, &finding);
        self.node.write(find).await.unwrap()
    }

    /// Makes leaves of what has happened so far.
    pub(super) async fn seal(&self) {
        let signer = node::audit::signer(&self.node.store, &self.node.sealer).unwrap();
        let done = self.node.write(move |tx: &Tx<'_>| {
            app::work::enqueue_recurring(tx)?;
            for (task, random) in [(Task::Events, [3; 32]), (Task::Ledger, [4; 32])] {
                let work = store::work::get(tx, &Id::audit(task))?.unwrap();
                assert_eq!(work.id.kind(), Kind::Audit);
                app::audit::run(tx, &work, &signer, &random)?;
            }
            Ok::<_, app::audit::Error>(())
        });
        done.await.unwrap();
    }
}

#[tokio::test]
async fn each_place_says_when_it_last_got_a_checkpoint() {
    use domain::audit::Place;
    let house = House::new().await;
    let (auditor, owner) = (house.token("auditor").await, house.token("owner").await);
    house.contact(&owner, super::OURS).await;
    house.seal().await;
    let mut at = Vec::new();
    let names = ["stamped_at", "dropped_at", "mailed_at"];
    for (place, name) in [Place::Timestamp, Place::Folder, Place::Mail]
        .into_iter()
        .zip(names)
    {
        let status = house.get(&auditor, "/api/v1/audit/status").await.ok();
        assert_eq!(status[name], Value::Null);
        let size = status["signed_size"].as_i64().unwrap();
        let keep = move |tx: &Tx<'_>| {
            app::audit::anchored(tx, size, place, None)?;
            store::audit::anchor(tx, place, size)
        };
        let kept = house.node.write::<_, store::Error>(keep).await.unwrap();
        at.push(json!(crate::wire::Time(kept.unwrap().at)));
    }
    let status = house.get(&auditor, "/api/v1/audit/status").await.ok();
    for (name, at) in names.into_iter().zip(at) {
        assert_eq!(status[name], at);
    }
}

#[tokio::test]
async fn auditors_and_risk_officers_read_it_and_nobody_else() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    house.contact(&owner, super::OURS).await;
    house.seal().await;
    for login in ["owner", "manager", "stranger"] {
        let token = house.token(login).await;
        for path in [
            "status",
            "key",
            "checkpoint",
            "records",
            "records/export",
            "consistency?from=1&to=1",
            "records/0",
            "proof/0",
        ] {
            house
                .get(&token, &format!("/api/v1/audit/{path}"))
                .await
                .problem(403, "not_allowed");
        }
    }
    for login in ["risk", "auditor"] {
        let token = house.token(login).await;
        let status = house.get(&token, "/api/v1/audit/status").await.ok();
        assert_eq!(
            (&status["is_sound"], &status["pending_count"]),
            (&json!(true), &json!(0))
        );
        assert_eq!(status["size"], status["signed_size"]);
    }
}

#[tokio::test]
async fn what_it_says_verifies_with_the_key_alone() {
    let house = House::new().await;
    let (owner, auditor) = (house.token("owner").await, house.token("auditor").await);
    house
        .get(&auditor, "/api/v1/audit/checkpoint")
        .await
        .problem(404, "audit_checkpoint_not_found");
    house.contact(&owner, super::OURS).await;
    house.seal().await;
    let old = house.text(&auditor, "/api/v1/audit/checkpoint").await;
    house.invite(&owner).await;
    house.seal().await;
    let key = house.text(&auditor, "/api/v1/audit/key").await;
    let key = Key::parse(key.trim_end()).unwrap();
    let new = house.text(&auditor, "/api/v1/audit/checkpoint").await;
    let (old, new) = (
        Checkpoint::verify(&key, &old).unwrap(),
        Checkpoint::verify(&key, &new).unwrap(),
    );
    assert!(old.size < new.size);
    let growth = format!("/api/v1/audit/consistency?from={}&to={}", old.size, new.size);
    let growth = house.get(&auditor, &growth).await.ok();
    let hashes: Vec<_> = growth["hashes"].as_array().unwrap().iter().map(bytes).collect();
    verify_consistency(old.size, &old.root, new.size, &new.root, &hashes).unwrap();
    for index in 0..new.size {
        let record = house
            .get(&auditor, &format!("/api/v1/audit/records/{index}"))
            .await
            .ok();
        let leaf = from_base64(record["leaf"].as_str().unwrap()).unwrap();
        for size in [None, Some(new.size), (index < old.size).then_some(old.size)] {
            let query = size.map_or(String::new(), |size| format!("?size={size}"));
            let proof = house
                .text(&auditor, &format!("/api/v1/audit/proof/{index}{query}"))
                .await;
            let proof = ProofFile::parse(&proof).unwrap();
            assert_eq!(proof.verify(&key, &leaf).unwrap().size, size.unwrap_or(new.size));
        }
        // What the leaf hides is what the record shows.
        let leaf: Value = serde_json::from_slice(&leaf).unwrap();
        let said = |salt: &str, text: &str| {
            app::audit::commitment(record[salt].as_str().unwrap(), record[text].as_str().unwrap())
        };
        assert_eq!(leaf["actor_sha256"], said("salt", "actor"));
        if record["text"].is_string() {
            assert_eq!(leaf["text_sha256"], said("text_salt", "text"));
        }
    }
    let beyond = new.size + 1;
    for (path, code) in [
        (format!("records/{}", new.size), "audit_record_not_found"),
        ("records/x".to_owned(), "audit_record_not_found"),
        (format!("proof/{}", new.size), "audit_record_not_found"),
        (format!("proof/0?size={beyond}"), "audit_checkpoint_not_found"),
        (
            format!("consistency?from=1&to={beyond}"),
            "audit_checkpoint_not_found",
        ),
    ] {
        house
            .get(&auditor, &format!("/api/v1/audit/{path}"))
            .await
            .problem(404, code);
    }
    let wrong = house.get(&auditor, "/api/v1/audit/consistency?from=2&to=1").await;
    wrong.problem(422, "invalid_field");
}

fn bytes(hash: &Value) -> [u8; 32] {
    from_base64(hash.as_str().unwrap()).unwrap().try_into().unwrap()
}

#[tokio::test]
async fn records_are_listed_newest_first_and_found_by_whom_and_what() {
    let house = House::new().await;
    let (owner, auditor) = (house.token("owner").await, house.token("auditor").await);
    let contact = house.contact(&owner, super::OURS).await;
    let incident = house.lose(&owner, "10450001").await;
    house.seal().await;
    let list = async |query: &str| {
        let page = house
            .get(&auditor, &format!("/api/v1/audit/records{query}"))
            .await
            .ok();
        let items = page["items"].as_array().unwrap().clone();
        (items, page["next_cursor"].as_str().map(str::to_owned))
    };
    let (all, _) = list("?limit=1000").await;
    assert!(all.len() > 3);
    // What the ledgers hold is asked for by itself.
    assert!(all.iter().all(|it| it["subject"] != "ledger"));
    let (ledger, _) = list("?subject=ledger").await;
    assert!(!ledger.is_empty() && ledger.iter().all(|it| it["subject"] == "ledger"));
    let mut seen = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let (items, next) = list(&query).await;
        seen.extend(items);
        match next {
            Some(next) => query = format!("?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, all);
    let times: Vec<_> = all.iter().map(|it| it["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    let (contacts, _) = list("?subject=contact").await;
    assert_eq!(contacts[0]["subject_id"], contact);
    let (of_incident, _) = list(&format!("?subject=incident&subject_id={incident}")).await;
    assert!(of_incident.iter().all(|it| it["subject_id"] == incident) && !of_incident.is_empty());
    let (by_owner, _) = list("?actor=owner").await;
    assert!(by_owner.iter().all(|it| it["actor"] == "owner") && by_owner.len() < all.len());
    let newest = times[0];
    assert_eq!(list(&format!("?to={}", times[times.len() - 1])).await.0.len(), 0);
    assert!(!list(&format!("?from={newest}")).await.0.is_empty());
    house
        .get(&auditor, "/api/v1/audit/records?subject=planet")
        .await
        .problem(422, "invalid_field");
    house
        .get(&auditor, "/api/v1/audit/records?cursor=x")
        .await
        .problem(422, "invalid_field");
    let table = house
        .text(&auditor, "/api/v1/audit/records/export?subject=contact")
        .await;
    assert_eq!(table.lines().count(), 1 + contacts.len());
    assert!(table.contains(&contact) && table.starts_with("\u{feff}index,at,subject"));
}

#[tokio::test]
async fn a_finding_is_an_alarm_until_somebody_who_runs_the_house_has_understood_it() {
    let house = House::new().await;
    assert!(house.find("").await);
    let [risk, auditor] = [house.token("risk").await, house.token("auditor").await];
    let sound = async || house.get(&auditor, "/api/v1/audit/status").await.ok();
    assert_eq!(sound().await["is_sound"], false);
    let path = "/api/v1/audit/findings/acknowledge";
    let said = |sequence: i64| {
        json!({
            "what": "gap", "subject": "terminal", "subject_id": "10450001", "sequence": sequence,
            "found_at": "2026-11-27T02:00:00Z", "reason": "从备份恢复"
        })
    };
    house
        .post(&auditor, path, said(3))
        .await
        .problem(403, "not_allowed");
    house
        .post(&risk, path, said(4))
        .await
        .problem(422, "invalid_field");
    let status = house.post(&risk, path, said(3)).await.ok();
    assert_eq!(status["is_sound"], true);
    assert_eq!(status["findings"][0]["acknowledged_by"], "risk");
    house.post(&risk, path, said(3)).await.ok();
    assert!(!house.find("").await, "the same is known");
    assert_eq!(sound().await["findings"].as_array().unwrap().len(), 1, "it stays");
    house.seal().await;
    let records = "/api/v1/audit/records?subject=setting";
    let records = house.get(&auditor, records).await.ok();
    let told: Vec<_> = records["items"].as_array().unwrap().iter().collect();
    assert_eq!(told.len(), 1, "once: {records}");
    assert_eq!(told[0]["verb"], "finding_acknowledged");
    assert_eq!(told[0]["text"], "gap: terminal 10450001 3: 从备份恢复");
}

#[tokio::test]
async fn what_is_changed_again_after_it_was_understood_is_an_alarm_again() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    assert!(house.find("aa").await);
    let path = "/api/v1/audit/findings/acknowledge";
    let mut said = json!({
        "what": "gap", "subject": "terminal", "subject_id": "10450001", "sequence": 3, "found_at": "2026-11-27T01:59:59Z", "reason": "known"
    });
    let other = house.post(&risk, path, said.clone()).await;
    assert_eq!(other.problem(422, "invalid_field").body["field"], "found_at");
    said["found_at"] = "2026-11-27T02:00:00Z".into();
    assert_eq!(house.post(&risk, path, said).await.ok()["is_sound"], true);
    assert!(house.find("bb").await, "something else stands there now");
    let status = house.get(&risk, "/api/v1/audit/status").await.ok();
    assert_eq!(
        (&status["is_sound"], &status["alarm_count"]),
        (&json!(false), &json!(1))
    );
}
