//! Any bytes as a file that somebody brings: read as it is, shown as an outline, and read by the mapping that is guessed of it.
//!
//! What must hold: no panic, no run-away memory or time, and no record that says less than it must.
#![no_main]

use std::io::Cursor;

use domain::money::Currency;
use libfuzzer_sys::fuzz_target;
use statement::{Options, Outline, Record, Take, outline, read, zone};

/// Looks at each record and keeps none.
struct Looked(u64);

impl Take for Looked {
    fn record(&mut self, record: Record) -> bool {
        self.0 += 1;
        assert!(record.money.minor > 0, "nothing moved");
        assert!(!record.key.is_empty(), "a payment without a key");
        let runs = |text: &str| {
            let longest = text.split(|one: char| !one.is_ascii_digit()).map(str::len).max();
            longest.unwrap_or_default()
        };
        assert!(
            record.card.as_deref().is_none_or(|card| runs(card) <= 6),
            "a whole card number"
        );
        true
    }
}

fuzz_target!(|file: &[u8]| {
    let mut options = Options::default();
    let mut looked = Looked(0);
    if let Ok(found) = read(Cursor::new(file), &options, &mut looked) {
        let records: u64 = found.parts.iter().map(|part| part.records).sum();
        assert_eq!(records, looked.0);
    }
    options.currency = Currency::parse("EUR");
    options.zone = zone("Europe/Berlin");
    let _ = read(Cursor::new(file), &options, &mut Looked(0));
    let Ok(Outline { mapping, columns, .. }) = outline(Cursor::new(file), "file", None) else {
        return;
    };
    assert!(columns.iter().all(|column| !column.name.is_empty()));
    options.mapping = Some(mapping);
    let _ = read(Cursor::new(file), &options, &mut Looked(0));
});
