//! Playbooks of the house's own: what two people agreed on is followed by the incidents that come after, and by no other.

use app::case::{Against, Error};
use app::incident::Report;
use app::revision::digest;
use domain::actor::Actor;
use domain::duty::Duty;
use domain::incident::found::Kind as FoundAs;
use domain::incident::{Incident, Manner};
use domain::revision::{Revision, State};
use domain::setting::Mode;
use domain::word::Word;

use crate::account::peopled;
use crate::fixture::{House, owner, partner, risk_officer, terminal};
use crate::revision::second;

const LAST: &str = "  - duty: lessons";
const OWN: &str = "  - duty: insurer
    zh: 通知保险公司
    en: Tell the insurer
    whose: shop
    within: 24 hours
    proof: reference
";

fn begin(house: &House, id: &'static str, name: &'static str) -> Result<Revision, Error> {
    house.try_write(move |tx| app::playbook::create(tx, &risk_officer(), id, (name, None)))
}

fn kept(house: &House, id: &str) -> Revision {
    house.read(|tx| store::row::by_id(tx, id)).unwrap()
}

fn write(house: &House, id: &'static str, text: String) -> Result<Revision, Error> {
    let seen = digest(&kept(house, id).text);
    house.try_write(move |tx| app::playbook::change(tx, &risk_officer(), id, &seen, text))
}

fn propose(house: &House, id: &'static str) -> Result<Revision, Error> {
    let seen = digest(&kept(house, id).text);
    house.try_write(move |tx| app::playbook::propose(tx, &risk_officer(), id, &seen, None))
}

fn sign(house: &House, by: Actor, id: &'static str, warnings: &[&str]) -> Result<Revision, Error> {
    let seen = digest(&kept(house, id).text);
    let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    house.try_write(move |tx| app::playbook::sign_off(tx, &by, id, (&seen, &warnings), None))
}

/// A draft of that playbook with something else in it, signed off.
fn used(house: &House, id: &'static str, name: &'static str, from: &str, to: &str) {
    let draft = begin(house, id, name).unwrap();
    assert!(draft.text.contains(from));
    write(house, id, draft.text.replacen(from, to, 1)).unwrap();
    propose(house, id).unwrap();
    sign(house, second(), id, &[]).unwrap();
}

fn lost(house: &House, number: u32, manner: Manner) -> String {
    let report = Report {
        terminal_id: terminal(number),
        last_seen_at: None,
        place: None,
        circumstances: None,
        manner,
        reported_at: house.now(),
        payments: Vec::new(),
    };
    let id = house.report_as(&owner(), report).unwrap().incident.incident_id;
    let drawn = id.clone();
    house.write(move |tx| app::duty::draw_up(tx, &drawn));
    id
}

fn incident(house: &House, id: &str) -> Incident {
    house.read(|tx| store::incident::get(tx, id)).unwrap()
}

fn duty(house: &House, id: &str, name: &str) -> Option<Duty> {
    let duties = house.read(|tx| store::duty::of(tx, id));
    duties.into_iter().find(|duty| duty.duty == name)
}

/// The playbook, version and revision that an incident follows.
fn pinned(house: &House, id: &str) -> (String, u32, Option<String>) {
    let pinned = incident(house, id).playbook.unwrap();
    (pinned.playbook, pinned.version, pinned.revision_id)
}

#[test]
fn what_was_signed_off_is_followed_by_incidents_that_come_after_and_by_no_other() {
    let house = peopled(Mode::Acquirer);
    let before = lost(&house, 1, Manner::Stolen);
    used(&house, "V1", "stolen", LAST, &format!("{OWN}{LAST}"));
    let after = lost(&house, 2, Manner::Stolen);
    let its = duty(&house, &after, "insurer").unwrap();
    assert_eq!(its.due_at, Some(house.now().plus_ms(24 * 3_600_000)));
    assert!(duty(&house, &before, "insurer").is_none());
    assert_eq!(pinned(&house, &before), ("stolen".into(), 3, None));
    assert_eq!(pinned(&house, &after), ("stolen".into(), 4, Some("V1".into())));
    // Another manner follows what comes with the software.
    assert_eq!(
        pinned(&house, &lost(&house, 3, Manner::Lost)),
        ("lost".into(), 2, None)
    );
    // What is followed can be read when another one is used.
    used(&house, "V2", "stolen", LAST, LAST);
    assert_eq!(kept(&house, "V1").state, State::Replaced);
    assert!(app::playbook::read(&kept(&house, "V1")).is_some());
    assert!(duty(&house, &after, "insurer").is_some());
}

#[test]
fn what_follows_from_a_find_is_what_was_used_when_the_incident_began() {
    let house = peopled(Mode::Acquirer);
    let before = lost(&house, 1, Manner::Lost);
    used(&house, "V1", "found", "按清单检查", "两个人按清单检查");
    let after = lost(&house, 2, Manner::Lost);
    used(&house, "V2", "found", "按清单检查", "关上门按清单检查");
    let title = |id: &str| {
        house.propose_found_as(&owner(), id, FoundAs::Recovered).unwrap();
        duty(&house, id, playbook::INSPECTION).unwrap().title_zh
    };
    assert_eq!(title(&before), "按清单检查找到的设备");
    assert_eq!(title(&after), "两个人按清单检查找到的设备");
    let refused = house.confirm_found(&partner(), &after);
    assert!(
        matches!(refused, Err(Error::Against(Against::NotInspected))),
        "{refused:?}"
    );
}

#[test]
fn what_is_wrong_is_kept_and_not_proposed() {
    let house = peopled(Mode::Acquirer);
    begin(&house, "V1", "stolen").unwrap();
    write(&house, "V1", "duties: soon".into()).unwrap();
    assert!(matches!(
        propose(&house, "V1"),
        Err(Error::Against(Against::TextWrong))
    ));
    assert_eq!(kept(&house, "V1").state, State::Draft);
    let long = "#".repeat(domain::revision::TEXT_BYTES_MAX + 1);
    assert!(matches!(write(&house, "V1", long), Err(Error::Unknown("text"))));
    assert_eq!(kept(&house, "V1").text, "duties: soon");
    assert!(matches!(
        begin(&house, "V2", "burnt"),
        Err(Error::Unknown("playbook"))
    ));
    // What keeps a found terminal stopped is not to be weakened by anybody.
    let found = begin(&house, "V3", "found").unwrap();
    write(
        &house,
        "V3",
        found.text.replace("not_needed: never", "not_needed: ground"),
    )
    .unwrap();
    assert!(matches!(
        propose(&house, "V3"),
        Err(Error::Against(Against::TextWrong))
    ));
}

#[test]
fn what_a_law_asks_is_left_out_only_by_somebody_who_has_seen_it() {
    let house = peopled(Mode::Acquirer);
    let draft = begin(&house, "V1", "stolen").unwrap();
    write(
        &house,
        "V1",
        draft.text.replacen("within: 2 days", "within: 9 days", 1),
    )
    .unwrap();
    propose(&house, "V1").unwrap();
    for warnings in [
        &[][..],
        &["lessons:missing"],
        &["acquirer_deregister:within", "lessons:missing"],
    ] {
        let refused = sign(&house, second(), "V1", warnings);
        assert!(
            matches!(refused, Err(Error::Against(Against::WarningsUnseen))),
            "{refused:?}"
        );
        assert_eq!(kept(&house, "V1").state, State::Proposed);
    }
    sign(&house, second(), "V1", &["acquirer_deregister:within"]).unwrap();
}

#[test]
fn a_text_that_cannot_be_read_any_more_stops_no_duty() {
    let mut house = peopled(Mode::Acquirer);
    used(&house, "V1", "stolen", LAST, &format!("{OWN}{LAST}"));
    // A rule that a later version of the software does not know.
    house
        .behind_our_back("UPDATE revision SET text = replace(text, 'rule: leak', 'rule: of_yore')")
        .unwrap();
    let id = lost(&house, 1, Manner::Stolen);
    assert_eq!(pinned(&house, &id), ("stolen".into(), 3, None));
    assert!(duty(&house, &id, "exposure_assessment").is_some() && duty(&house, &id, "insurer").is_none());
}

#[test]
fn its_use_can_be_ended_also_when_it_cannot_be_read() {
    let mut house = peopled(Mode::Acquirer);
    used(&house, "V1", "stolen", LAST, LAST);
    house
        .behind_our_back("UPDATE revision SET text = replace(text, 'rule: leak', 'rule: of_yore')")
        .unwrap();
    house
        .try_write(|tx| {
            let of = (domain::revision::Kind::Playbook, "V1");
            app::revision::withdraw(tx, &risk_officer(), of, Some("it cannot be read"))
        })
        .unwrap();
    assert_eq!(sign(&house, second(), "V1", &[]).unwrap().state, State::Withdrawn);
}

#[test]
fn a_draft_begins_from_another_revision_too_and_all_are_listed() {
    let house = peopled(Mode::Acquirer);
    used(&house, "V1", "stolen", LAST, &format!("{OWN}{LAST}"));
    let from = |id, name, from| {
        house.try_write(move |tx| app::playbook::create(tx, &risk_officer(), id, (name, Some(from))))
    };
    let copy = from("V2", "stolen", "V1").unwrap();
    assert_eq!(copy.version, 5);
    assert_eq!(
        copy.text,
        kept(&house, "V1").text.replace("version: 4", "version: 5")
    );
    for (name, of) in [("lost", "V1"), ("stolen", "V9")] {
        assert!(matches!(from("V3", name, of), Err(Error::Unknown("from"))));
    }
    let all = |by: Actor| -> Vec<(String, Vec<&'static str>)> {
        let all = house.read(|tx| app::playbook::all(tx, &by));
        all.into_iter()
            .map(|it| {
                let states = it.revisions.iter().map(|it| it.state.word()).collect();
                (it.built_in.playbook.playbook.clone(), states)
            })
            .collect()
    };
    let stolen = |states: &[&'static str]| ("stolen".to_owned(), states.to_vec());
    assert_eq!(all(risk_officer())[0], stolen(&["draft", "in_use"]));
    assert_eq!(
        all(owner())[0],
        stolen(&["in_use"]),
        "drafts are of those who keep them"
    );
    assert_eq!(all(owner()).len(), 4);
}
