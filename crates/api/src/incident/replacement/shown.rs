//! A replacement as it travels, with every step that was taken, and what the loss interrupted.
//!
//! Invariant: of keys nothing travels but check values.

use domain::Actor;
use domain::checklist::Item;
use domain::incident::Incident;
use domain::replacement::checklist;
use domain::replacement::device::{Refusal, Warning};
use domain::replacement::{Replacement, Taken, Verb};
use serde::Serialize;
use store::Tx;
use utoipa::ToSchema;

use crate::incident::device::{DeviceOut, DeviceRefusal, DeviceWarning};
use crate::people::Names;
use crate::problem::Problem;
use crate::wire::{Letters, Money, Time, word};

word! {
    /// Where a replacement stands.
    ReplacementState: domain::replacement::State;
    /// What can be done with a replacement, and what was.
    ReplacementVerb: domain::replacement::Verb;
}

/// A terminal that takes a lost one's place, or stands in for it.
#[derive(Serialize, ToSchema)]
#[schema(as = Replacement)]
pub struct ReplacementOut {
    /// The incident's number, `-R`, its place.
    id: String,
    /// Of which incident.
    incident_id: String,
    /// Whether it stands in only until the real one is there.
    is_loaner: bool,
    /// Where it stands.
    state: ReplacementState,
    /// The terminal that was lost.
    old_terminal_id: String,
    /// Whether an acquirer outside has that one's keys: then that they are dead is what they say, not what we know.
    old_is_outside: bool,
    /// The device last picked.
    #[schema(required)]
    device: Option<DeviceOut>,
    /// Why that device must not be used.
    refusals: Vec<DeviceRefusal>,
    /// What about it needs a ground.
    warnings: Vec<DeviceWarning>,
    /// What it is bound as.
    #[schema(required)]
    bound: Option<ReplacementBound>,
    /// Until when it may sell, to be tried.
    #[schema(required)]
    test_until: Option<Time>,
    /// The sale that was tried, in its ledger.
    #[schema(required)]
    test_sequence: Option<i64>,
    /// The checklist as it was signed.
    #[schema(required)]
    checklist: Option<ReplacementSigned>,
    /// Every step that was taken, refused devices too.
    steps: Vec<ReplacementStep>,
    /// When it was begun.
    begun_at: Time,
    /// When it sold first.
    #[schema(required)]
    live_at: Option<Time>,
    /// When nothing was left to do.
    #[schema(required)]
    closed_at: Option<Time>,
    /// What the one who asks may do with it now.
    actions: Vec<ReplacementVerb>,
}

/// The terminal that a device was bound as.
#[derive(Serialize, ToSchema)]
struct ReplacementBound {
    /// Its number.
    terminal_id: String,
    /// What the shop's people call it.
    name: String,
    /// Whether an acquirer outside decides what it may do.
    is_outside: bool,
    /// The check value of its master key, as the record has it; null while it has none.
    #[schema(required)]
    key_check: Option<String>,
}

/// A checklist as it was signed.
#[derive(Serialize, ToSchema)]
struct ReplacementSigned {
    /// Which version.
    version: u32,
    /// SHA-256 of the text.
    sha256: String,
    /// The text; empty when its time to be kept is over.
    text: String,
}

/// One step that was taken.
#[derive(Serialize, ToSchema)]
struct ReplacementStep {
    /// What was done.
    verb: ReplacementVerb,
    /// By whom.
    by: String,
    /// When.
    at: Time,
    /// What names it: a serial number, a terminal, a number that somebody outside gave.
    #[schema(required)]
    reference: Option<String>,
    /// In which words, or on which ground; of a refused device, why.
    #[schema(required)]
    statement: Option<String>,
}

impl ReplacementStep {
    fn of(names: &mut Names<'_, '_>, taken: Taken) -> Result<Self, store::Error> {
        let by = match taken.verb {
            Verb::EndTest => String::new(),
            _ => names.person(&taken.by)?,
        };
        Ok(Self {
            verb: ReplacementVerb(taken.verb),
            by,
            at: Time(taken.at),
            reference: taken.reference,
            statement: taken.statement,
        })
    }
}

/// Words that stand in one text with spaces between.
fn words<T>(text: &str, parse: fn(&str) -> Option<T>) -> Vec<T> {
    text.split_whitespace().filter_map(parse).collect()
}

impl ReplacementOut {
    /// As the actor sees it.
    pub fn of(
        tx: &Tx<'_>,
        names: &mut Names<'_, '_>,
        actor: &Actor,
        it: Replacement,
    ) -> Result<Self, Problem> {
        let actions = app::case::actions(tx, actor, &it)?.into_iter();
        // What a device comes to is not for people to say.
        let actions = actions.filter(|verb| !matches!(verb, Verb::PickWarned | Verb::PickRefused));
        let bound = match it.bound {
            None => None,
            Some(bound) => store::terminal::get(tx, bound.terminal_id)?.map(|terminal| ReplacementBound {
                terminal_id: terminal.terminal_id.to_string(),
                name: terminal.name,
                is_outside: bound.is_outside,
                key_check: terminal.key_check,
            }),
        };
        let steps = store::replacement::steps(tx, &it.replacement_id)?.into_iter();
        let steps = steps
            .map(|taken| ReplacementStep::of(names, taken))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            actions: actions.map(ReplacementVerb).collect(),
            id: it.replacement_id,
            incident_id: it.incident_id,
            is_loaner: it.is_loaner,
            state: ReplacementState(it.state),
            old_terminal_id: it.old_terminal_id.to_string(),
            old_is_outside: it.old_is_outside,
            device: it.device.map(DeviceOut::of),
            refusals: words(&it.refusals, Refusal::parse)
                .into_iter()
                .map(DeviceRefusal)
                .collect(),
            warnings: words(&it.warnings, Warning::parse)
                .into_iter()
                .map(DeviceWarning)
                .collect(),
            bound,
            test_until: it.test_until.map(Time),
            test_sequence: it.test_sequence,
            checklist: it.signed.map(|signed| ReplacementSigned {
                version: signed.version,
                sha256: signed.digest,
                text: signed.text,
            }),
            steps,
            begun_at: Time(it.begun_at),
            live_at: it.live_at.map(Time),
            closed_at: it.closed_at.map(Time),
        })
    }
}

/// The replacements of an incident.
#[derive(Serialize, ToSchema)]
pub struct Replacements {
    /// In the order in which they were begun.
    items: Vec<ReplacementOut>,
    /// Whether the one who asks may begin one.
    may_begin: bool,
    /// How long the loss left its place without a terminal; null where the terminal's zone is not known.
    #[schema(required)]
    interruption: Option<InterruptionOut>,
    /// What is looked at before one goes live.
    checklist: Checklist,
}

impl Replacements {
    /// As the actor sees them.
    pub fn of(tx: &Tx<'_>, actor: &Actor, incident: &Incident) -> Result<Self, Problem> {
        let mut names = Names::new(tx);
        let items = store::replacement::of(tx, &incident.incident_id)?.into_iter();
        let items = items.map(|it| ReplacementOut::of(tx, &mut names, actor, it));
        let is_open = incident.state != domain::incident::State::Closed;
        Ok(Self {
            items: items.collect::<Result<_, _>>()?,
            may_begin: is_open && app::replacement::may_begin(actor),
            interruption: InterruptionOut::of(tx, incident)?,
            checklist: Checklist::of(checklist::VERSION, &checklist::ITEMS),
        })
    }
}

/// How long a loss left its place without a terminal.
#[derive(Serialize, ToSchema)]
#[schema(as = Interruption)]
struct InterruptionOut {
    /// From when.
    from: Time,
    /// Until when: a loaner or a replacement sold, or it was found; null: still.
    #[schema(required)]
    to: Option<Time>,
    /// Days by the terminal's calendar, from that of the stop until before the one on which there was a terminal again.
    days: i64,
    /// What it used to take on these days; null: not known, too few days before say.
    #[schema(required)]
    usual: Option<UsualTakings>,
}

/// What a terminal used to take: of each weekday the median.
#[derive(Serialize, ToSchema)]
struct UsualTakings {
    /// How much.
    takings: Money,
    /// From so many days before the loss.
    from_days: i64,
}

impl InterruptionOut {
    fn of(tx: &Tx<'_>, incident: &Incident) -> Result<Option<Self>, store::Error> {
        let Some(terminal) = store::terminal::get(tx, incident.terminal_id)? else {
            return Ok(None);
        };
        let it = app::interruption::of(tx, incident, &terminal)?;
        Ok(it.map(|it| Self {
            from: Time(it.from),
            to: it.to.map(Time),
            days: it.days,
            usual: it.usual.map(|usual| UsualTakings {
                takings: Money {
                    minor: usual.minor,
                    currency: Letters::of(usual.currency),
                },
                from_days: usual.from_days,
            }),
        }))
    }
}

/// A list of things to be looked at.
#[derive(Serialize, ToSchema)]
pub struct Checklist {
    /// Which version.
    version: u32,
    /// In the order in which people look.
    items: Vec<ChecklistItem>,
}

/// One thing to be looked at.
#[derive(Serialize, ToSchema)]
struct ChecklistItem {
    /// Its name.
    item: &'static str,
    /// What is to be so, in Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
}

impl Checklist {
    /// As it travels.
    pub fn of(version: u32, items: &[Item]) -> Self {
        let item = |item: &Item| ChecklistItem {
            item: item.item,
            zh: item.zh,
            en: item.en,
        };
        Self {
            version,
            items: items.iter().map(item).collect(),
        }
    }
}
