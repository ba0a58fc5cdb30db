//! Playbooks written from a form.
//!
//! Invariant: what is written reads back as what the form says, right or wrong; only what is unsaid anyway is left out.

use std::fmt::Write as _;

use serde_json::Value;

use crate::node::Node;
use crate::read::{DUTY_FIELDS, FIELDS};

/// A playbook as YAML: of a form with the fields of a playbook, those without a value left out.
pub fn write(form: &Value) -> String {
    let mut text = String::new();
    for field in FIELDS {
        let Some(value) = form.get(field).filter(|value| !value.is_null()) else {
            continue;
        };
        match (field, value) {
            ("duties", Value::Array(duties)) if !duties.is_empty() => {
                text.push_str("duties:\n");
                for duty in duties {
                    write_duty(&mut text, duty);
                }
            }
            _ => line(&mut text, "", field, value),
        }
    }
    text
}

fn write_duty(text: &mut String, duty: &Value) {
    let mut before = "  - ";
    for field in DUTY_FIELDS {
        let value = duty.get(field).unwrap_or(&Value::Null);
        if value.is_null() || is_unsaid(field, value) {
            continue;
        }
        line(text, before, field, value);
        before = "    ";
    }
    if before != "    " {
        text.push_str("  - {}\n");
    }
}

/// Whether a field says what it would without a word.
fn is_unsaid(field: &str, value: &Value) -> bool {
    match field {
        "takes_file" => *value == Value::Bool(false),
        "blocks_closing" => *value == Value::Bool(true),
        "not_needed" => value == "ground",
        "after" | "found" => value.as_array().is_some_and(Vec::is_empty),
        _ => false,
    }
}

fn line(text: &mut String, before: &str, field: &str, value: &Value) {
    let written = match value {
        Value::String(said) => scalar(said),
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), scalar))
                .collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    };
    // Writing to a text does not fail.
    let _ = writeln!(text, "{before}{field}: {written}");
}

/// A text as YAML: plain where nothing in it means anything there, else as JSON writes it, which YAML reads.
fn scalar(text: &str) -> String {
    const NOT_TEXTS: [&str; 8] = ["true", "false", "null", "yes", "no", "on", "off", "nan"];
    let is_plain = |one: char| one.is_alphanumeric() || " _，。；、：（）".contains(one);
    let is_text = text.starts_with(|one: char| one.is_alphabetic())
        && text.chars().all(is_plain)
        && !text.ends_with(' ')
        && !NOT_TEXTS.contains(&text.to_lowercase().as_str());
    let is_term = text.starts_with(|one: char| one.is_ascii_digit())
        && text.contains(' ')
        && text.chars().all(|one| one.is_ascii_alphanumeric() || one == ' ')
        && !text.ends_with(' ');
    match is_text || is_term {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}

/// What a text says of itself: its name and version, as far as they can be read.
pub fn said_of(text: &str) -> (Option<String>, Option<u32>) {
    let whole = crate::node::parse(text).ok();
    let of = |field: &str| whole.as_ref()?.field(field);
    let name = of("playbook").and_then(|value| match value {
        Node::Text(name) => Some(name.clone()),
        _ => None,
    });
    let version = of("version").and_then(|value| match value {
        Node::Number(number) => u32::try_from(*number).ok(),
        _ => None,
    });
    (name, version)
}

/// The text as that version of itself.
pub fn numbered(text: &str, version: u32) -> String {
    let mut is_done = false;
    let mut lines = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive('\n') {
        let ends = line.strip_suffix('\n').map_or("", |_| "\n");
        match !is_done && line.starts_with("version:") {
            true => {
                let _ = write!(lines, "version: {version}{ends}");
                is_done = true;
            }
            false => lines.push_str(line),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_in::all;
    use crate::read::{Playbook, Said};
    use serde_json::json;

    fn form(playbook: &Playbook) -> Value {
        let words = |words: &[&'static str]| json!(words);
        let duty = |said: &Said| {
            json!({
                "duty": said.duty, "zh": said.zh, "en": said.en, "whose": said.whose.code(),
                "only": said.only.map(crate::Only::code),
                "found": words(&said.found.iter().map(|kind| kind.code()).collect::<Vec<_>>()),
                "if_done": said.if_done, "rule": said.rule, "from": said.from.code(),
                "within": said.within.map(|term| term.to_string()), "proof": said.proof.code(),
                "takes_file": said.takes_file, "blocks_closing": said.blocks_closing,
                "not_needed": said.not_needed.code(), "after": said.after,
            })
        };
        json!({
            "playbook": playbook.playbook, "version": playbook.version,
            "manners": playbook.manners.iter().map(|manner| manner.code()).collect::<Vec<_>>(),
            "duties": playbook.duties.iter().map(duty).collect::<Vec<_>>(),
        })
    }

    #[test]
    fn what_is_written_reads_back_as_it_was() {
        for built_in in all() {
            let text = write(&form(&built_in.playbook));
            assert_eq!(Playbook::read(&text).as_ref(), Ok(&built_in.playbook), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_in_a_form_is_wrong_in_its_text() {
        let text = write(
            &json!({ "playbook": "lost", "version": 2, "manners": [], "duties": [{}, { "duty": "a b", "zh": null }] }),
        );
        assert_eq!(
            text,
            "playbook: lost\nversion: 2\nmanners: []\nduties:\n  - {}\n  - duty: a b\n"
        );
        assert!(Playbook::read(&text).unwrap_err().len() > 5);
        assert_eq!(write(&json!({ "duties": [] })), "duties: []\n");
    }

    #[test]
    fn a_copy_is_numbered_and_nothing_else_of_it_changes() {
        let text = "# version: 1\nplaybook: a\nversion: 3 # three\nduties:\n  - version: 4";
        assert_eq!(
            numbered(text, 12),
            "# version: 1\nplaybook: a\nversion: 12\nduties:\n  - version: 4"
        );
        assert_eq!(numbered("no", 2), "no");
    }

    proptest::proptest! {
        #[test]
        fn any_title_reads_back(title in "\\PC{1,60}") {
            let mut playbook = all()[0].playbook.clone();
            playbook.duties[0].zh = title.clone();
            let text = write(&form(&playbook));
            match Playbook::read(&text) {
                Ok(read) => proptest::prop_assert_eq!(&read.duties[0].zh, &title),
                Err(wrong) => proptest::prop_assert!(title.trim().is_empty(), "{} {:?}", text, wrong),
            }
        }
    }
}
