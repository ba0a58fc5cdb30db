//! `docs/SCREENING.md` says of each signal what the settings say.

use screening::{Code, Settings};

#[test]
fn the_document_has_each_signal_with_its_default_weight() {
    let document = include_str!("../../../../docs/SCREENING.md");
    let settings = Settings::default();
    for code in Code::ALL {
        let row = document
            .lines()
            .find(|line| line.starts_with(&format!("| `{}` |", code.code())));
        let weight = settings.weight(code);
        let wanted = format!(
            "| {} | {} / {} |",
            weight.points, weight.evidence, weight.evidence_max
        );
        let row = row.unwrap_or_else(|| panic!("no row of {code:?}"));
        assert!(row.ends_with(&wanted), "{row}\n{wanted}");
    }
    let rows = document
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains(" / "));
    assert_eq!(rows.count(), Code::ALL.len());
    for said in [
        format!("Half is forgotten in {} hours", settings.half_life_hours),
        format!("From {} on its owner is asked", settings.ask_from),
    ] {
        assert!(document.contains(&said), "{said}");
    }
}
