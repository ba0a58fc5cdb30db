//! What a house may make of a playbook that comes with the software: what it may not, what it had better not, and what is other.
//!
//! Invariant: a text that is used keeps all that keeps a terminal stopped which was found, and names nothing as the software does for
//! something else. What a law asks may be left out, but never unseen.

use std::collections::BTreeSet;

use domain::duty::{Moment, NotNeeded, Proof};
use domain::incident::Manner;

use crate::built_in::{BINDING_NOTICE, FOUND, INSPECTION, NEW_KEYS, OF_POLICE, REPLACEMENT, named};
use crate::read::{Code, Lined, Playbook, Said, Wrong};

/// How the names of what follows from a find begin, and no other's.
const FOUND_BEGINS: &str = "found_";

/// Reads a text that is to be a version of the playbook of that name.
///
/// # Errors
/// All that is wrong.
pub fn check(text: &str, name: &str, version: u32) -> Result<Playbook, Vec<Wrong>> {
    let it = Lined::read(text)?;
    let wrong = misfits(&it, name, version);
    match wrong.is_empty() {
        true => Ok(it.playbook),
        false => Err(wrong),
    }
}

fn misfits(it: &Lined, name: &str, version: u32) -> Vec<Wrong> {
    let playbook = &it.playbook;
    let mut wrong = Vec::new();
    let mut of_whole = |code, field: &str, detail: String| {
        wrong.push(Wrong {
            field: Some(field.into()),
            detail: Some(detail),
            ..Wrong::new(code)
        });
    };
    let Some(built_in) = named(name) else {
        of_whole(Code::OtherName, "playbook", String::new());
        return wrong;
    };
    if playbook.playbook != name {
        of_whole(Code::OtherName, "playbook", name.to_owned());
    }
    if playbook.version != version {
        of_whole(Code::OtherVersion, "version", version.to_string());
    }
    let set = |manners: &[Manner]| manners.iter().copied().collect::<BTreeSet<_>>();
    if set(&playbook.manners) != set(&built_in.playbook.manners) {
        of_whole(Code::OtherManners, "manners", words(&built_in.playbook.manners));
    }
    for (said, line) in playbook.duties.iter().zip(&it.lines) {
        let misfits = match (name == FOUND, built_in.playbook.duty(&said.duty)) {
            (true, Some(built_in)) if is_of_safety(&said.duty) => unlike(said, built_in),
            (true, _) => of_a_find(said),
            (false, _) => of_a_loss(said),
        };
        wrong.extend(misfits.into_iter().map(|(code, field, detail)| Wrong {
            code,
            line: Some(*line),
            duty: Some(said.duty.clone()),
            field: Some(field.to_owned()),
            detail,
        }));
    }
    for duty in built_in
        .playbook
        .duties
        .iter()
        .filter(|said| is_of_safety(&said.duty))
    {
        if playbook.duty(&duty.duty).is_none() {
            wrong.push(Wrong {
                duty: Some(duty.duty.clone()),
                ..Wrong::new(Code::KeepsStopped)
            });
        }
    }
    wrong
}

fn is_of_safety(duty: &str) -> bool {
    [INSPECTION, NEW_KEYS].contains(&duty)
}

type Misfit = (Code, &'static str, Option<String>);

/// In what a duty that keeps a found terminal stopped is other than it has to be.
fn unlike(said: &Said, built_in: &Said) -> Vec<Misfit> {
    const STAY: [&str; 9] = [
        "whose",
        "only",
        "rule",
        "from",
        "proof",
        "blocks_closing",
        "not_needed",
        "found",
        "if_done",
    ];
    let changed = fields(said, built_in).into_iter();
    changed
        .filter(|field| STAY.contains(&field.field))
        .map(|field| {
            (
                Code::KeepsStopped,
                field.field,
                Some(field.after).filter(|said| !said.is_empty()),
            )
        })
        .collect()
}

/// What follows from a find is told afterwards as well; nothing else keeps the terminal stopped.
fn of_a_find(said: &Said) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    if !said.duty.starts_with(FOUND_BEGINS) {
        misfits.push((Code::OfAFind, "duty", Some(format!("{FOUND_BEGINS}…"))));
    }
    if said.from != Moment::Found {
        misfits.push((Code::OfAFind, "from", Some(Moment::Found.code().to_owned())));
    }
    if said.blocks_closing {
        misfits.push((Code::OfAFind, "blocks_closing", Some(yes_or_no(false))));
    }
    if said.found.is_empty() {
        misfits.push((Code::OfAFind, "found", None));
    }
    misfits
}

fn of_a_loss(said: &Said) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    if said.duty.starts_with(FOUND_BEGINS) || said.duty == BINDING_NOTICE {
        misfits.push((Code::Reserved, "duty", None));
    }
    if matches!(said.from, Moment::Found | Moment::Bound) {
        misfits.push((Code::OnlyOfAFind, "from", None));
    }
    if !said.found.is_empty() {
        misfits.push((Code::OnlyOfAFind, "found", None));
    }
    if said.if_done.is_some() {
        misfits.push((Code::OnlyOfAFind, "if_done", None));
    }
    misfits
}

/// How a duty differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Added,
    /// It is not there any more.
    Removed,
    /// Something else is said of it.
    Changed,
    /// It stands elsewhere among the others, and says the same.
    Moved,
}

/// What is said of a duty in one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Which.
    pub field: &'static str,
    /// What was said; a duty that was not there says nothing.
    pub before: String,
    /// What is said now.
    pub after: String,
}

/// A duty that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which.
    pub duty: String,
    /// How.
    pub change: Change,
    /// In which fields; of one that was added all that it says, of one that is gone all that it said.
    pub fields: Vec<Field>,
}

/// In what a playbook is other than one before it, in its order; what is gone comes last.
pub fn differences(before: &Playbook, after: &Playbook) -> Vec<Difference> {
    let stay = staying(before, after);
    let mut differences = Vec::new();
    for said in &after.duties {
        let (change, fields) = match before.duty(&said.duty) {
            None => (
                Change::Added,
                values(said, |field, after| (field, String::new(), after)),
            ),
            Some(old) => {
                let fields = fields(old, said);
                match fields.is_empty() {
                    true if stay.contains(said.duty.as_str()) => continue,
                    true => (Change::Moved, fields),
                    false => (Change::Changed, fields),
                }
            }
        };
        differences.push(Difference {
            duty: said.duty.clone(),
            change,
            fields,
        });
    }
    let gone = before
        .duties
        .iter()
        .filter(|said| after.duty(&said.duty).is_none());
    differences.extend(gone.map(|said| Difference {
        duty: said.duty.clone(),
        change: Change::Removed,
        fields: values(said, |field, before| (field, before, String::new())),
    }));
    differences
}

/// The most duties that are in both and follow one another as before: the others were moved.
fn staying<'a>(before: &Playbook, after: &'a Playbook) -> BTreeSet<&'a str> {
    let place = |name: &str| before.duties.iter().position(|said| said.duty == name);
    let both: Vec<_> = after
        .duties
        .iter()
        .filter_map(|said| Some((said.duty.as_str(), place(&said.duty)?)))
        .collect();
    // The longest row of rising places that ends with each, by its length and the one before.
    let mut rows: Vec<(usize, Option<usize>)> = Vec::with_capacity(both.len());
    for (at, (_, place)) in both.iter().enumerate() {
        let longest = (0..at)
            .filter(|earlier| both[*earlier].1 < *place)
            .max_by_key(|earlier| rows[*earlier].0);
        rows.push((longest.map_or(1, |earlier| rows[earlier].0 + 1), longest));
    }
    let mut stay = BTreeSet::new();
    let mut at = (0..rows.len()).max_by_key(|at| rows[*at].0);
    while let Some(here) = at {
        stay.insert(both[here].0);
        at = rows[here].1;
    }
    stay
}

fn yes_or_no(is_so: bool) -> String {
    is_so.to_string()
}

fn words<W: domain::word::Word>(words: &[W]) -> String {
    let words: Vec<_> = words.iter().map(|word| word.word()).collect();
    words.join(", ")
}

/// All that a duty says besides its name, as texts, in the order of the form.
fn said_of(said: &Said) -> [(&'static str, String); 14] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        ("zh", said.zh.clone()),
        ("en", said.en.clone()),
        ("whose", said.whose.code().to_owned()),
        ("only", said.only.map_or("", crate::Only::code).to_owned()),
        ("found", words(&said.found)),
        ("if_done", text(&said.if_done)),
        ("rule", text(&said.rule)),
        ("from", said.from.code().to_owned()),
        (
            "within",
            said.within.map_or_else(String::new, |term| term.to_string()),
        ),
        ("proof", said.proof.code().to_owned()),
        ("takes_file", yes_or_no(said.takes_file)),
        ("blocks_closing", yes_or_no(said.blocks_closing)),
        ("not_needed", said.not_needed.code().to_owned()),
        ("after", said.after.join(", ")),
    ]
}

fn values(said: &Said, field: fn(&'static str, String) -> (&'static str, String, String)) -> Vec<Field> {
    let all = said_of(said).into_iter().filter(|(_, value)| !value.is_empty());
    all.map(|(name, value)| {
        let (field, before, after) = field(name, value);
        Field { field, before, after }
    })
    .collect()
}

fn fields(before: &Said, after: &Said) -> Vec<Field> {
    let both = said_of(before).into_iter().zip(said_of(after));
    both.filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| Field { field, before, after })
        .collect()
}

/// Something that the playbook of the software asks and this one does not, or less: whoever signs it off has to have seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Of which duty.
    pub duty: String,
    /// The field that asks less; `None`: the whole duty is missing.
    pub field: Option<&'static str>,
    /// The rule that the duty comes from; `None`: the software ends it by itself, by what people do elsewhere.
    pub rule: Option<String>,
}

impl Warning {
    /// What it is called: the duty, and the field or `missing`.
    pub fn key(&self) -> String {
        format!("{}:{}", self.duty, self.field.unwrap_or("missing"))
    }
}

/// What a playbook lacks of what the one of the software asks because of a rule, or leaves out although the software counts on it.
pub fn warnings(built_in: &Playbook, own: &Playbook) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for asked in &built_in.duties {
        let name = asked.duty.as_str();
        let is_relied_on = name == REPLACEMENT || OF_POLICE.contains(&name);
        let fields: Vec<_> = match own.duty(name) {
            None if is_relied_on || asked.rule.is_some() => vec![None],
            Some(said) if asked.rule.is_some() => weaker(asked, said).into_iter().map(Some).collect(),
            _ => continue,
        };
        warnings.extend(fields.into_iter().map(|field| Warning {
            duty: asked.duty.clone(),
            field,
            rule: asked.rule.clone(),
        }));
    }
    warnings
}

/// In which fields a duty asks less than it should.
fn weaker(asked: &Said, said: &Said) -> Vec<&'static str> {
    let is_later = match (asked.within, said.within) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(asked), Some(said)) => !said.is_within(asked),
    };
    let checks = [
        ("whose", asked.whose != said.whose),
        ("only", said.only.is_some() && asked.only != said.only),
        ("rule", asked.rule != said.rule),
        ("from", asked.within.is_some() && asked.from != said.from),
        ("within", is_later),
        (
            "proof",
            (asked.proof, said.proof) == (Proof::Reference, Proof::Statement),
        ),
        ("blocks_closing", asked.blocks_closing && !said.blocks_closing),
        (
            "not_needed",
            strictness(said.not_needed) < strictness(asked.not_needed),
        ),
    ];
    let weaker = checks.into_iter().filter(|(_, is_weaker)| *is_weaker);
    weaker.map(|(field, _)| field).collect()
}

const fn strictness(not_needed: NotNeeded) -> u8 {
    match not_needed {
        NotNeeded::Ground => 0,
        NotNeeded::TwoPeople => 1,
        NotNeeded::Never => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_in::all;
    use crate::numbered;

    /// A built-in playbook as the next version of itself, with something else in it.
    fn changed(name: &str, from: &str, to: &str) -> String {
        let text = numbered(named(name).unwrap().text, 9);
        assert!(text.contains(from), "{name}: {from}");
        text.replacen(from, to, 1)
    }

    fn told(name: &str, from: &str, to: &str) -> Vec<String> {
        let wrong = check(&changed(name, from, to), name, 9).unwrap_err();
        wrong.iter().map(ToString::to_string).collect()
    }

    fn own(name: &str, from: &str, to: &str) -> Playbook {
        check(&changed(name, from, to), name, 9).unwrap_or_else(|wrong| panic!("{to}: {wrong:?}"))
    }

    #[test]
    fn each_of_the_software_is_a_good_next_version_of_itself() {
        for built_in in all() {
            let name = built_in.playbook.playbook.as_str();
            let next = check(&numbered(built_in.text, 9), name, 9).unwrap();
            assert_eq!(differences(&built_in.playbook, &next), []);
            assert_eq!(warnings(&built_in.playbook, &next), []);
        }
    }

    #[test]
    fn it_has_the_name_the_version_and_the_losses_of_what_it_is_a_version_of() {
        assert_eq!(
            told("lost", "playbook: lost", "playbook: stolen"),
            ["other_name playbook lost"]
        );
        assert_eq!(
            told("lost", "version: 9", "version: 8"),
            ["other_version version 9"]
        );
        assert_eq!(
            told("lost", "[lost, unsure]", "[lost, stolen]"),
            ["other_manners manners lost, unsure"]
        );
        assert_eq!(
            check(&changed("lost", "lost", "lost"), "nothing", 9).unwrap_err()[0].code,
            Code::OtherName
        );
        own("lost", "[lost, unsure]", "[unsure, lost]");
    }

    #[test]
    fn what_keeps_a_found_terminal_stopped_stays_as_it_is() {
        let inspection = |field: &str, detail: &str| {
            [format!("keeps_stopped found_inspection {field} {detail}")
                .trim_end()
                .to_owned()]
        };
        for (from, to, field, detail) in [
            (
                "proof: statement\n    not_needed: never",
                "proof: statement\n    not_needed: ground",
                "not_needed",
                "never",
            ),
            (
                "proof: statement\n    not_needed: never",
                "proof: statement\n    not_needed: never\n    blocks_closing: false",
                "blocks_closing",
                "true",
            ),
            (
                "found: [recovered, false_alarm]",
                "found: [false_alarm]",
                "found",
                "recovered, false_alarm",
            ),
            ("from: found", "from: noticed", "from", "found"),
            ("whose: shop", "whose: shop\n    only: gate", "only", ""),
            (
                "whose: shop",
                "whose: shop\n    if_done: police_report",
                "if_done",
                "",
            ),
            // A rule that nobody has seen would switch it off.
            ("whose: shop", "whose: shop\n    rule: stop", "rule", ""),
        ] {
            assert_eq!(told("found", from, to), inspection(field, detail), "{to}");
        }
        assert!(
            told("found", "duty: found_keys", "duty: found_key")
                .contains(&"keeps_stopped found_keys".to_owned())
        );
        let own = own("found", "按清单检查", "两个人按清单检查");
        assert_eq!(own.duties[0].zh, "两个人按清单检查找到的设备");
    }

    #[test]
    fn how_long_it_may_take_is_the_houses_to_say() {
        own("found", "from: found", "from: found\n    within: 1 day");
    }

    #[test]
    fn nothing_else_keeps_it_stopped_and_no_name_stands_for_two_things() {
        let last = "found: [destroyed]\n    from: found\n    proof: statement\n    takes_file: true\n    blocks_closing: false";
        let with = |from: &str, to: &str| told("found", last, &last.replace(from, to));
        assert_eq!(
            with("blocks_closing: false", "blocks_closing: true"),
            ["of_a_find found_disposal blocks_closing false"]
        );
        assert_eq!(
            with("from: found", "from: noticed"),
            ["of_a_find found_disposal from found"]
        );
        assert_eq!(
            with("found: [destroyed]", "found: []"),
            ["of_a_find found_disposal found"]
        );
        assert_eq!(
            told("found", "duty: found_disposal", "duty: lessons"),
            ["of_a_find lessons duty found_…"]
        );
        let lost = |to: &str| told("lost", "duty: lessons", &format!("duty: {to}"));
        for name in ["found_keys", "found_party", "replacement_notice"] {
            assert_eq!(lost(name), [format!("reserved {name} duty")]);
        }
        for (to, field) in [
            ("from: found", "from"),
            ("from: bound", "from"),
            ("found: [recovered]", "found"),
            ("if_done: replacement", "if_done"),
        ] {
            assert_eq!(
                lost(&format!("lessons\n    {to}")),
                [format!("only_of_a_find lessons {field}")]
            );
        }
    }

    #[test]
    fn what_a_law_asks_is_not_left_out_unseen() {
        let warned = |from: &str, to: &str| -> Vec<String> {
            let own = own("stolen", from, to);
            let warnings = warnings(&named("stolen").unwrap().playbook, &own);
            warnings.iter().map(Warning::key).collect()
        };
        let deregister =
            "whose: acquirer\n    rule: stop\n    from: stop\n    within: 2 days\n    proof: reference";
        let with = |from: &str, to: &str| warned(deregister, &deregister.replace(from, to));
        let key = |field: &str| [format!("acquirer_deregister:{field}")];
        for (from, to, field) in [
            ("within: 2 days", "within: 3 days", "within"),
            ("within: 2 days", "within: 2 working days", "within"),
            ("    within: 2 days\n", "", "within"),
            ("from: stop", "from: confirmed", "from"),
            ("rule: stop", "rule: leak", "rule"),
            ("proof: reference", "proof: statement", "proof"),
            ("whose: acquirer", "whose: shop", "whose"),
            ("whose: acquirer", "whose: acquirer\n    only: gate", "only"),
            (
                "proof: reference",
                "proof: reference\n    blocks_closing: false",
                "blocks_closing",
            ),
        ] {
            assert_eq!(with(from, to), key(field), "{to}");
        }
        assert_eq!(
            warned("not_needed: two_people", "not_needed: ground"),
            ["exposure_assessment:not_needed"]
        );
        assert_eq!(
            warned("duty: card_crime_report", "duty: card_crime"),
            ["card_crime_report:missing"]
        );
        // What no law asks, but the software ends by itself.
        assert_eq!(
            warned("duty: replacement\n", "duty: new_one\n"),
            ["replacement:missing"]
        );
        // Stricter, or nobody's rule.
        assert_eq!(with("within: 2 days", "within: 1 day"), [""; 0]);
        assert_eq!(warned("within: 48 hours", "within: 96 hours"), [""; 0]);
        assert_eq!(warned("duty: lessons", "duty: lessons_learnt"), [""; 0]);
    }

    #[test]
    fn a_difference_says_what_was_added_removed_changed_and_moved() {
        let built_in = &named("lost").unwrap().playbook;
        let mut own = built_in.clone();
        let last = own.duties.len() - 1;
        own.duties[0].zh = "别的".into();
        own.duties.swap_remove(1);
        let said = differences(built_in, &own);
        let kinds: Vec<_> = said.iter().map(|it| (it.duty.as_str(), it.change)).collect();
        let (first, second) = (built_in.duties[0].duty.as_str(), built_in.duties[1].duty.as_str());
        assert_eq!(
            kinds,
            [
                (first, Change::Changed),
                (built_in.duties[last].duty.as_str(), Change::Moved),
                (second, Change::Removed)
            ]
        );
        let field = Field {
            field: "zh",
            before: built_in.duties[0].zh.clone(),
            after: "别的".into(),
        };
        assert_eq!(said[0].fields, [field]);
        let back = differences(&own, built_in);
        let added = back.iter().find(|it| it.duty == second).unwrap();
        assert_eq!(added.change, Change::Added);
        assert!(
            added
                .fields
                .iter()
                .all(|field| field.before.is_empty() && !field.after.is_empty())
        );
    }
}
