//! Looking through the lines of an import, by the rules that `POST /terminals` and `PUT /terminals/…` go by.
//!
//! Invariant: what a line says is read by the types of those routes; there are no other rules for tables.

use std::collections::HashMap;

use app::import::{Place, credit_code as code_of, maker, meant, note, place, stage_change, stage_new};
use app::terminal::{New, Place as At};
use domain::import::{Import, Outcome, PART_LINES, Trouble};
use domain::setting::{Mode, Settings};
use domain::terminal::{Control, Terminal};
use domain::work::Work;
use domain::{Actor, MerchantId, TerminalId};
use node::seal::{Purpose, Sealer};
use serde_json::{Map, Value, json};
use store::Tx;

use super::column::{self, COLUMNS, Line};
use super::file::{self, Cell};
use super::wrong::Wrong;
use super::{CELL_BROKEN, NUMBER_ROUNDED};
use crate::id;
use crate::input::{said, text_opt};
use crate::language::Language;
use crate::merchant::credit_code;
use crate::problem::{Problem, Why};
use crate::shop::{ADDRESS_CHARS_MAX, NAME_CHARS_MAX};
use crate::terminal::key::Safe;
use crate::terminal::said::{TerminalChange, TerminalIn, serial};

/// Fields of a line that are not the terminal's own.
const OF_PLACE: [&str; 5] = [
    "merchant_id",
    "merchant_name",
    "shop_id",
    "shop_name",
    "shop_address",
];
/// Fields that a table does not change, beside those of its place.
const STAYING: [&str; 5] = [
    "terminal_id",
    "serial",
    "control",
    "provider",
    "provider_device_id",
];
/// What is kept of a cell for people to find its line by, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// A file, read.
#[derive(Debug)]
pub struct File {
    lines: Vec<Line>,
    /// Lines that say the same terminal or serial number as an earlier one: which field, and which row has it first.
    twice: HashMap<i64, (&'static str, i64)>,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// It is no table that can be one of terminals.
    pub fn read(bytes: &[u8]) -> Result<Self, Trouble> {
        let lines = column::lines(&file::rows(bytes)?)?.lines;
        let twice = twice(&lines);
        Ok(Self { lines, twice })
    }

    fn part(&self, from: i64) -> &[Line] {
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(self.lines.len());
        &self.lines[from..self.lines.len().min(from + PART_LINES)]
    }
}

fn twice(lines: &[Line]) -> HashMap<i64, (&'static str, i64)> {
    let mut first: HashMap<(&'static str, String), i64> = HashMap::new();
    let mut twice = HashMap::new();
    for line in lines {
        for field in ["terminal_id", "serial"] {
            let text: String = line.text(field).split_whitespace().collect();
            if text.is_empty() {
                continue;
            }
            let before = *first.entry((field, text)).or_insert(line.number);
            if before != line.number {
                twice.entry(line.number).or_insert((field, before));
            }
        }
    }
    twice
}

/// Looks through the next part of an import's lines; false when there is no other part.
pub fn part(tx: &Tx<'_>, sealer: &Sealer, work: &Work, file: &File) -> Result<bool, Problem> {
    let Some(mut import) = app::import::to_look_through(tx, work)? else {
        app::work::done(tx, work)?;
        return Ok(false);
    };
    let Some(actor) = maker(tx, &import)? else {
        app::import::unreadable(tx, work, Trouble::NotAllowed)?;
        return Ok(false);
    };
    import.counts.lines = file.lines.len() as i64;
    let settings = store::setting::get(tx)?;
    let mut look = Look {
        tx,
        sealer,
        actor: &actor,
        places: HashMap::new(),
        is_acquirers: settings
            .as_ref()
            .is_some_and(|settings| settings.mode == Mode::Acquirer),
        settings: settings.unwrap_or_else(Settings::unasked),
    };
    for line in file.part(import.counts.checked) {
        let looked = match file.twice.get(&line.number) {
            Some((field, row)) => Err(Wrong::twice(field, *row)),
            None => look.line(&mut import, line),
        };
        let noted = noted(line, looked)?;
        note(tx, &mut import, noted)?;
    }
    let import = app::import::advanced(tx, work, import)?;
    Ok(import.counts.checked < import.counts.lines)
}

/// A line with what it came to; what failed inside ends the part.
fn noted(line: &Line, looked: Result<Outcome, Wrong>) -> Result<store::import::Line, Problem> {
    let (outcome, field, reason) = match looked {
        Ok(outcome) => (outcome, None, None),
        Err(wrong) if wrong.problem.status().is_client_error() => {
            let reason = wrong.reason();
            (Outcome::Wrong, wrong.field, Some(reason))
        }
        Err(wrong) => return Err(*wrong.problem),
    };
    let shown = |field: &str| line.text(field).chars().take(SHOWN_CHARS_MAX).collect::<String>();
    let shop = shown("shop_name");
    Ok(store::import::Line {
        line: line.number,
        outcome,
        terminal_id: shown("terminal_id"),
        serial: shown("serial"),
        name: shown("name"),
        shop: if shop.is_empty() { shown("shop_id") } else { shop },
        field,
        reason,
    })
}

/// What the lines of a part have in common.
struct Look<'a, 't> {
    tx: &'a Tx<'t>,
    sealer: &'a Sealer,
    actor: &'a Actor,
    /// Shops found already.
    places: HashMap<Place, At>,
    settings: Settings,
    /// Whether the house was set up as an acquirer's, and so has a gate.
    is_acquirers: bool,
}

impl Look<'_, '_> {
    fn line(&mut self, import: &mut Import, line: &Line) -> Result<Outcome, Wrong> {
        let cells = texts(line)?;
        let place = said_place(&cells)?;
        let alike = self.alike(&cells)?;
        if let Some(kept) = self.meant(&cells, &alike) {
            return self.change(import, line.number, kept, cells, &place);
        }
        // Read first: a line that is wrong brings no shop.
        let terminal_in: TerminalIn = said(self.new_terminal(import, &cells))?;
        let safe = Safe {
            sealer: self.sealer,
            check: |_| None,
        };
        let (terminal, master_key) = terminal_in.read(&self.settings, safe)?;
        let new = New {
            terminal,
            master_key,
            has_gate: import.has_gate || self.is_acquirers,
        };
        let new = (new, self.at(import, place)?);
        Ok(stage_new(self.tx, self.actor, import, line.number, new, &alike)?)
    }

    fn at(&mut self, import: &mut Import, said: Place) -> Result<At, Wrong> {
        if let Some(at) = self.places.get(&said) {
            return Ok(at.clone());
        }
        let new_id = || id::new().map_err(Wrong::from);
        let shop = place(self.tx, self.actor, import, &said, new_id)?;
        let credit_code = code_of(self.tx, import, shop.merchant_id)?;
        let at = At { shop, credit_code };
        self.places.insert(said, at.clone());
        Ok(at)
    }

    /// The terminals of the estate that have the line's identifier or serial number.
    fn alike(&self, cells: &Map<String, Value>) -> Result<Vec<Terminal>, Wrong> {
        match named(cells) {
            Some((terminal_id, serial)) => Ok(store::terminal::alike(self.tx, terminal_id, &serial)?),
            // Reading it as a new one says what is wrong.
            None => Ok(Vec::new()),
        }
    }

    /// The one of them that the line is about.
    fn meant<'k>(&self, cells: &Map<String, Value>, alike: &'k [Terminal]) -> Option<&'k Terminal> {
        let (terminal_id, serial) = named(cells)?;
        meant(self.actor, terminal_id, &serial, alike)
    }

    /// Who decides about a terminal of which the table does not say it: the acquirer's own gate, in its own people's tables.
    fn default_control(&self, import: &Import) -> Control {
        match import.merchant_id.is_none() && self.is_acquirers {
            true => Control::Gate,
            false => Control::Outside,
        }
    }

    /// What the line says of a new terminal, as `POST /terminals` takes it.
    fn new_terminal(&self, import: &Import, cells: &Map<String, Value>) -> Map<String, Value> {
        let mut cells = own(cells, &OF_PLACE);
        let provider = cells.remove("provider");
        let device_id = cells.remove("provider_device_id");
        let mut at_provider = Map::new();
        at_provider.extend(provider.map(|provider| ("provider".to_owned(), provider)));
        at_provider.extend(device_id.map(|device_id| ("device_id".to_owned(), device_id)));
        if !at_provider.is_empty() {
            cells.insert("at_provider".to_owned(), at_provider.into());
        }
        // The place says it.
        cells.insert("shop_id".to_owned(), json!("-"));
        cells
            .entry("control")
            .or_insert_with(|| json!(self.default_control(import).code()));
        cells
    }

    /// What the line says otherwise of a terminal that is there.
    fn change(
        &self,
        import: &Import,
        line: i64,
        kept: &Terminal,
        mut cells: Map<String, Value>,
        place: &Place,
    ) -> Result<Outcome, Wrong> {
        self.stays(kept, &cells, place)?;
        if self.has_account(kept, &cells) {
            cells.remove("settlement_account");
        }
        let changes: TerminalChange = said(own(&own(&cells, &OF_PLACE), &STAYING))?;
        let changes = changes.read(self.sealer, kept)?;
        Ok(stage_change(self.tx, self.actor, import, line, kept, changes)?)
    }

    /// Checks that a line says nothing else of what a table does not change.
    fn stays(&self, kept: &Terminal, cells: &Map<String, Value>, place: &Place) -> Result<(), Wrong> {
        let at = kept.at_provider.as_ref();
        let shop_name = match &place.shop_name {
            Some(_) => store::shop::get(self.tx, &kept.shop_id)?.map(|shop| shop.name),
            None => None,
        };
        let said = |field: &str| cells.get(field).and_then(Value::as_str);
        let is = |said: Option<&str>, kept: Option<&str>| said.is_none() || said == kept;
        let all = [
            ("shop_id", is(place.shop_id.as_deref(), Some(&kept.shop_id))),
            ("shop_name", is(place.shop_name.as_deref(), shop_name.as_deref())),
            (
                "merchant_id",
                place
                    .merchant_id
                    .is_none_or(|said| said == kept.bound.merchant_code),
            ),
            ("control", is(said("control"), Some(kept.control.code()))),
            ("provider", is(said("provider"), at.map(|at| at.provider.code()))),
            (
                "provider_device_id",
                is(said("provider_device_id"), at.map(|at| at.device_id.as_str())),
            ),
        ];
        match all.into_iter().find(|(_, stays)| !stays) {
            Some((field, _)) => Err(Problem::field(field, Why::Fixed).into()),
            None => Ok(()),
        }
    }

    /// Whether the line says the settlement account that is kept: sealed anew, it would look like another.
    fn has_account(&self, kept: &Terminal, cells: &Map<String, Value>) -> bool {
        let Some(said) = cells.get("settlement_account").and_then(Value::as_str) else {
            return false;
        };
        let sealed = &kept.bound.settlement_account.sealed;
        let owner = kept.terminal_id.as_str();
        let number: String = said.split_whitespace().collect();
        let opened = self.sealer.open(Purpose::SettlementAccount, owner, sealed);
        opened.is_ok_and(|opened| opened.as_slice() == number.as_bytes())
    }
}

/// The identifier and serial number of a line, where they can be some.
fn named(cells: &Map<String, Value>) -> Option<(TerminalId, String)> {
    let text = |field| cells.get(field).and_then(Value::as_str).unwrap_or_default();
    let terminal_id = TerminalId::parse(text("terminal_id").as_bytes())?;
    Some((terminal_id, serial(text("serial")).ok()?))
}

/// The cells as texts that the routes understand.
fn texts(line: &Line) -> Result<Map<String, Value>, Wrong> {
    let mut texts = Map::new();
    for (field, cell) in &line.cells {
        match cell {
            Cell::Text(text) => drop(texts.insert((*field).to_owned(), understood(field, text).into())),
            Cell::Rounded => return Err(Wrong::at(field, Problem::new(NUMBER_ROUNDED))),
            Cell::Broken => return Err(Wrong::at(field, Problem::new(CELL_BROKEN))),
            Cell::Empty => {}
        }
    }
    Ok(texts)
}

/// A cell as the routes say it; what is not known stays, for them to refuse.
fn understood(field: &str, text: &str) -> String {
    let lower = text.to_lowercase();
    let word = match (field, lower.as_str()) {
        ("control", "网关" | "本网关" | "gate" | "our gate") => "gate",
        ("control", "外部" | "外部收单机构" | "外部收单" | "outside" | "acquirer outside") => {
            "outside"
        }
        ("language", "中文" | "简体中文" | "chinese" | "zh") => "zh-CN",
        ("language", "英文" | "英语" | "english") => "en",
        ("provider", _) => lower.as_str(),
        ("purchased_on", _) => return day(text),
        _ => text,
    };
    word.to_owned()
}

/// `2026/1/2`, `2026.1.2` and `2026年1月2日` as `2026-01-02`.
fn day(text: &str) -> String {
    let parts: Vec<&str> = text
        .trim_end_matches('日')
        .split(['/', '-', '.', '年', '月'])
        .collect();
    let numbers = parts.iter().map(|part| part.trim().parse::<u32>());
    match numbers.collect::<Result<Vec<_>, _>>().as_deref() {
        Ok([year, month, day]) => format!("{year:04}-{month:02}-{day:02}"),
        _ => text.to_owned(),
    }
}

/// A line's cells but those.
fn own(cells: &Map<String, Value>, others: &[&str]) -> Map<String, Value> {
    let own = cells
        .iter()
        .filter(|(field, _)| !others.contains(&field.as_str()));
    own.map(|(field, value)| (field.clone(), value.clone())).collect()
}

fn said_place(cells: &Map<String, Value>) -> Result<Place, Wrong> {
    let text = |field: &str, chars_max| {
        let said = cells.get(field).and_then(Value::as_str).map(str::to_owned);
        text_opt(field, said, chars_max)
    };
    let merchant_id = text("merchant_id", NAME_CHARS_MAX)?;
    let merchant_id = merchant_id.map(|text| {
        MerchantId::parse(text.as_bytes()).ok_or_else(|| Problem::field("merchant_id", Why::Invalid))
    });
    let code = text("unified_social_credit_code", NAME_CHARS_MAX)?;
    Ok(Place {
        shop_id: text("shop_id", NAME_CHARS_MAX)?,
        shop_name: text("shop_name", NAME_CHARS_MAX)?,
        shop_address: text("shop_address", ADDRESS_CHARS_MAX)?,
        merchant_id: merchant_id.transpose()?,
        merchant_name: text("merchant_name", NAME_CHARS_MAX)?,
        unified_social_credit_code: credit_code(code)?,
    })
}

/// The heading of a column, for people.
pub fn heading(field: &str, language: Language) -> &str {
    let column = COLUMNS.iter().find(|column| column.field == field);
    column.map_or(field, |column| column.heading(language).trim_end_matches('*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_understood_as_people_write_it() {
        for text in ["2026/1/2", "2026-01-02", "2026.1.2", "2026年1月2日"] {
            assert_eq!(day(text), "2026-01-02");
        }
        assert_eq!(day("last year"), "last year");
    }

    #[test]
    fn the_same_terminal_twice_in_a_file_is_noticed_at_the_second() {
        let text = "TID,SN\nT1,S1\nT2,S2\nT1,S3\nT4,S 2\n";
        let file = File::read(text.as_bytes()).unwrap();
        let mut twice: Vec<_> = file.twice.into_iter().collect();
        twice.sort_unstable();
        assert_eq!(twice, [(4, ("terminal_id", 2)), (5, ("serial", 3))]);
    }
}
