//! What a leaf says: of an event all but what may be personal, of which it has a salted digest; of a run of a ledger its ends
//! and a digest of its rows.
//!
//! Invariant: what a leaf says never changes with a later version: a new form gets a new name in `record`.

use domain::audit::{LEDGER, Leaf, Record};
use domain::event::{Event, Subject};
use domain::transaction::{Decision, EntryMode, LedgerRow, Proof, ResponseCode};
use domain::{TerminalId, Timestamp, hex};
use sha2::{Digest, Sha256};

use super::canonical::Object;

/// The form of an event's leaf.
const EVENT_FORM: &str = "event/1";
/// The form of the leaf of an event that only some are told of: it does not say of what it is.
const WITHHELD_FORM: &str = "withheld/1";
/// The form of a ledger run's leaf.
const LEDGER_FORM: &str = "ledger/1";
/// Bytes of a salt; it is written as twice as many hexadecimal digits.
const SALT_BYTES: usize = 16;

/// The salted digest of a text: SHA-256 over the salt's digits and the text, as `printf %s%s SALT TEXT | sha256sum` has it.
pub fn commitment(salt: &str, text: &str) -> String {
    hex::of(&Sha256::new().chain_update(salt).chain_update(text).finalize())
}

/// The salt of that number out of random bytes that nobody keeps.
pub fn salt(random: &[u8; 32], index: i64, number: u8) -> String {
    let digest = Sha256::new()
        .chain_update(random)
        .chain_update(index.to_be_bytes());
    hex::of(&digest.chain_update([number]).finalize()[..SALT_BYTES])
}

/// The bytes of an event's leaf. A text that is not there has no digest.
pub fn event_leaf(event: &Event, salt: &str, text_sha256: Option<&str>) -> Vec<u8> {
    if event.subject.is_withheld() {
        return withheld_leaf(event, salt, text_sha256);
    }
    let is_login = event.subject == Subject::Account;
    let hidden = is_login.then(|| commitment(salt, &event.subject_id));
    Object::default()
        .with("actor_kind", event.actor_kind.code())
        .with("actor_sha256", commitment(salt, &event.actor).as_str())
        .with("at_ms", event.at.0)
        .with("ledger_sequence", event.ledger_sequence)
        .with("record", EVENT_FORM)
        .with("sequence", event.sequence)
        .with("subject", event.subject.code())
        .with_some("subject_id", (!is_login).then_some(event.subject_id.as_str()))
        .with_some("subject_id_sha256", hidden.as_deref())
        .with("text_sha256", text_sha256)
        .with("verb", event.verb.as_str())
        .finish()
        .into_bytes()
}

/// The same where a proof that goes to others must not say of what it is: what was done, and with what, is a salted digest of the lines
/// subject, identifier, sequence and verb.
fn withheld_leaf(event: &Event, salt: &str, text_sha256: Option<&str>) -> Vec<u8> {
    let (subject, sequence) = (event.subject.code(), event.sequence);
    let what = format!("{subject}\n{}\n{sequence}\n{}", event.subject_id, event.verb);
    Object::default()
        .with("actor_kind", event.actor_kind.code())
        .with("actor_sha256", commitment(salt, &event.actor).as_str())
        .with("at_ms", event.at.0)
        .with("ledger_sequence", event.ledger_sequence)
        .with("record", WITHHELD_FORM)
        .with("text_sha256", text_sha256)
        .with("what_sha256", commitment(salt, &what).as_str())
        .finish()
        .into_bytes()
}

/// The leaf of an event.
pub fn of_event(event: &Event, index: i64, random: &[u8; 32]) -> Leaf {
    let salted = salt(random, index, 0);
    let text_salt = event.text.is_some().then(|| salt(random, index, 1));
    let text = event.text.as_deref().zip(text_salt.as_deref());
    let text_sha256 = text.map(|(text, salt)| commitment(salt, text));
    Leaf {
        index,
        subject: event.subject.code().to_owned(),
        subject_id: event.subject_id.clone(),
        sequence: event.sequence,
        from_sequence: None,
        at: event.at,
        data: event_leaf(event, &salted, text_sha256.as_deref()),
        salt: salted,
        text_salt,
    }
}

/// The bytes that the leaf of a record must have: made again from what it is of. A text that was erased with its salt is
/// believed to be what the leaf says. `None` where the event is missing.
pub fn leaf_of(record: &Record) -> Option<Vec<u8>> {
    let (leaf, event) = (&record.leaf, record.event.as_ref()?);
    let text_sha256 = match (&event.text, &leaf.text_salt) {
        (Some(text), Some(salt)) => Some(commitment(salt, text)),
        (None, None) => said_text_sha256(&leaf.data),
        // A text without its salt, or a salt without its text: somebody changed the one and not the other.
        _ => return Some(Vec::new()),
    };
    Some(event_leaf(event, &leaf.salt, text_sha256.as_deref()))
}

/// What a leaf says of the text.
fn said_text_sha256(data: &[u8]) -> Option<String> {
    let (_, after) = std::str::from_utf8(data).ok()?.split_once("\"text_sha256\":\"")?;
    after.get(..64).map(str::to_owned)
}

/// A run of a terminal's ledger, while its rows are digested one after the other.
pub struct Run {
    terminal_id: TerminalId,
    salt: String,
    ends: Option<(i64, i64)>,
    digest: Sha256,
}

impl Run {
    /// A run of that terminal without rows.
    pub fn new(terminal_id: TerminalId, salt: &str) -> Self {
        Self {
            terminal_id,
            salt: salt.to_owned(),
            ends: None,
            digest: Sha256::new().chain_update(salt).chain_update("\n"),
        }
    }

    /// Adds the next row.
    pub fn add(&mut self, row: &LedgerRow) {
        let from = self.ends.map_or(row.sequence, |(from, _)| from);
        self.ends = Some((from, row.sequence));
        self.digest.update(ledger_line(row));
        self.digest.update("\n");
    }

    /// The leaf of all rows; `None` when there was none.
    pub fn finish(self, index: i64, at: Timestamp) -> Option<Leaf> {
        let (from, to) = self.ends?;
        let data = Object::default()
            .with("at_ms", at.0)
            .with("from", from)
            .with("record", LEDGER_FORM)
            .with("rows_sha256", hex::of(&self.digest.finalize()).as_str())
            .with("terminal_id", self.terminal_id.as_str())
            .with("to", to);
        Some(Leaf {
            index,
            subject: LEDGER.to_owned(),
            subject_id: self.terminal_id.to_string(),
            sequence: to,
            from_sequence: Some(from),
            at,
            salt: self.salt,
            text_salt: None,
            data: data.finish().into_bytes(),
        })
    }
}

/// A row of a ledger as it is digested: every column that says something. Rows are never changed, `repeated` neither: alike
/// requests are counted in memory and written once.
pub fn ledger_line(row: &LedgerRow) -> String {
    let card = row.card.map(|card| card.to_string());
    Object::default()
        .with_some("amount_minor", row.amount.map(|amount| amount.minor))
        .with_some("approval_code", row.approval_code.as_deref())
        .with("at_ms", row.at.0)
        .with_some("batch", row.batch_trace.map(|name| i64::from(name.batch)))
        .with_some("card", card.as_deref())
        .with_some("currency", row.amount.map(|amount| i64::from(amount.currency.0)))
        .with_some("decision", row.decision.map(Decision::code))
        .with("entry", row.entry.code())
        .with_some("entry_mode", row.entry_mode.map(EntryMode::code))
        .with_some("of_sequence", row.of_sequence)
        .with_some("operator", row.operator.as_deref())
        .with_some("peer", row.peer.as_deref())
        .with_some("proof", row.proof.map(Proof::code))
        .with_some("reason", row.reason.as_deref())
        .with_some("repeated", row.repeated)
        .with("requested_at_ms", row.requested_at.0)
        .with_some(
            "response_code",
            row.response_code.as_ref().map(ResponseCode::as_str),
        )
        .with_some("retrieval_reference", row.retrieval_reference.as_deref())
        .with("sequence", row.sequence)
        .with("terminal_id", row.terminal_id.as_str())
        .with_some("trace", row.batch_trace.map(|name| i64::from(name.trace)))
        .finish()
}

#[cfg(test)]
mod tests {
    use domain::actor::Kind;

    use super::*;

    fn event(subject: Subject, subject_id: &str) -> Event {
        Event {
            subject,
            subject_id: subject_id.to_owned(),
            sequence: 3,
            at: Timestamp(1_800_000_000_000),
            verb: "change".to_owned(),
            actor_kind: Kind::Person,
            actor: "chen.yan".to_owned(),
            text: Some("moved to the \"north\" shop".to_owned()),
            ledger_sequence: None,
        }
    }

    #[test]
    fn a_leaf_is_these_bytes_for_ever() {
        let leaf = of_event(&event(Subject::Terminal, "10450001"), 7, &[1; 32]);
        let expected = concat!(
            r#"{"actor_kind":"person","actor_sha256":"ACTOR","at_ms":1800000000000,"ledger_sequence":null,"#,
            r#""record":"event/1","sequence":3,"subject":"terminal","subject_id":"10450001","text_sha256":"TEXT","verb":"change"}"#,
        );
        let salted = |salt: &str, text| hex::of(&Sha256::digest(format!("{salt}{text}")));
        let text_salt = leaf.text_salt.clone().unwrap();
        let expected = expected
            .replace("ACTOR", &salted(&leaf.salt, "chen.yan"))
            .replace("TEXT", &salted(&text_salt, "moved to the \"north\" shop"));
        assert_eq!(String::from_utf8(leaf.data).unwrap(), expected);
        assert_ne!(leaf.salt, text_salt);
    }

    #[test]
    fn a_log_in_is_in_no_leaf() {
        let event = event(Subject::Account, "wang.li");
        let leaf = of_event(&event, 0, &[1; 32]);
        let data = String::from_utf8(leaf.data).unwrap();
        assert!(data.contains("\"subject_id_sha256\":\"") && !data.contains("\"subject_id\""));
        for personal in ["wang.li", "chen.yan", "north"] {
            assert!(!data.contains(personal), "{data}");
        }
    }

    #[test]
    fn a_leaf_of_what_is_withheld_does_not_say_of_what_it_is() {
        let first = event(Subject::SuspiciousReport, "K7Q2MABC");
        let leaf = of_event(&first, 7, &[1; 32]);
        let what = commitment(&leaf.salt, "suspicious_report\nK7Q2MABC\n3\nchange");
        let expected = concat!(
            r#"{"actor_kind":"person","actor_sha256":"ACTOR","at_ms":1800000000000,"ledger_sequence":null,"#,
            r#""record":"withheld/1","text_sha256":"TEXT","what_sha256":"WHAT"}"#,
        );
        let expected = expected
            .replace("ACTOR", &commitment(&leaf.salt, "chen.yan"))
            .replace(
                "TEXT",
                &commitment(leaf.text_salt.as_deref().unwrap(), first.text.as_deref().unwrap()),
            )
            .replace("WHAT", &what);
        assert_eq!(String::from_utf8(leaf.data).unwrap(), expected);
    }

    #[test]
    fn every_field_of_an_event_is_in_its_leaf() {
        for subject in [Subject::Terminal, Subject::SuspiciousReport] {
            every_field_is_in_the_leaf_of(subject);
        }
    }

    fn every_field_is_in_the_leaf_of(subject: Subject) {
        let first = event(subject, "10450001");
        let leaf = of_event(&first, 7, &[1; 32]);
        let again = |event: Event| {
            leaf_of(&Record {
                leaf: leaf.clone(),
                event: Some(event),
            })
        };
        assert_eq!(again(first.clone()), Some(leaf.data.clone()));
        let changes: [fn(&mut Event); 9] = [
            |event| event.subject = Subject::Shop,
            |event| event.subject_id.push('1'),
            |event| event.sequence += 1,
            |event| event.at.0 += 1,
            |event| event.verb.push('d'),
            |event| event.actor_kind = Kind::Node,
            |event| event.actor.push('g'),
            |event| event.text = Some("moved to the \"south\" shop".into()),
            |event| event.ledger_sequence = Some(1),
        ];
        for change in changes {
            let mut other = first.clone();
            change(&mut other);
            assert_ne!(again(other), Some(leaf.data.clone()));
        }
        // A text that is gone while its salt is there was not erased by us.
        let gone = Event {
            text: None,
            ..first.clone()
        };
        assert_ne!(again(gone.clone()), Some(leaf.data.clone()));
        let erased = Leaf {
            text_salt: None,
            ..leaf.clone()
        };
        let record = |event| Record {
            leaf: erased.clone(),
            event: Some(event),
        };
        assert_eq!(leaf_of(&record(gone)), Some(leaf.data.clone()));
        assert_ne!(leaf_of(&record(first)), Some(leaf.data.clone()));
    }

    #[test]
    fn every_column_of_a_ledger_row_is_in_its_line() {
        use domain::money::Currency;
        use domain::transaction::{BatchTrace, Entry, Kind};
        use domain::{MaskedPan, Money};
        let terminal_id = TerminalId::parse(b"10450001").unwrap();
        let full = LedgerRow {
            decision: Some(Decision::Approved),
            batch_trace: Some(BatchTrace { batch: 1, trace: 2 }),
            amount: Money::new(100, Currency::CNY).ok(),
            card: MaskedPan::parse("622202******1234"),
            entry_mode: Some(EntryMode::Chip),
            operator: Some("001".into()),
            response_code: ResponseCode::parse(b"00"),
            reason: Some("r".into()),
            retrieval_reference: Some("3".into()),
            approval_code: Some("4".into()),
            peer: Some("p".into()),
            of_sequence: Some(5),
            proof: Some(Proof::Proven),
            repeated: Some(6),
            ..LedgerRow::bare(terminal_id, 7, Timestamp(8), Entry::Request(Kind::Purchase))
        };
        let line = ledger_line(&full);
        assert_eq!(line.matches("\":").count(), 21, "{line}");
        let bare = LedgerRow::bare(terminal_id, 7, Timestamp(8), Entry::Request(Kind::Purchase));
        assert_eq!(ledger_line(&bare).matches("\":").count(), 5);
    }
}
