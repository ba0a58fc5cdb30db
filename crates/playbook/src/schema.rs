//! The shape of a playbook as a JSON Schema (2020-12), for editors and other programs.
//!
//! Invariant: it is made from the words and limits that [`Playbook::read`](crate::Playbook::read) reads by. It tells of shapes alone: what
//! the words of a playbook mean together only reading tells.

use domain::duty::{Moment, NotNeeded, Proof, Whose};
use domain::incident::Manner;
use domain::incident::found::Kind;
use domain::word::Word;
use serde_json::{Value, json};

use crate::clock::{DAYS_MAX, HOURS_MAX, WORKING_DAYS_MAX};
use crate::read::{DUTIES_MAX, NAME_CHARS_MAX, Only, TITLE_CHARS_MAX, VERSION_MAX};
use crate::rule::Rule;

/// The schema.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tillguard playbook",
        "description": "What must follow when a terminal is lost, stolen, altered or found again: duties, each with whose it is, and until when.",
        "type": "object",
        "additionalProperties": false,
        "required": ["playbook", "version", "manners", "duties"],
        "properties": {
            "playbook": name("Its name."),
            "version": {
                "description": "Which one of that name; a later one has a greater number.",
                "type": "integer", "minimum": 1, "maximum": VERSION_MAX
            },
            "manners": list("How the terminal went.", word::<Manner>("")),
            "duties": {
                "description": "In the order in which people do them.",
                "type": "array", "minItems": 1, "maxItems": DUTIES_MAX, "items": { "$ref": "#/$defs/duty" }
            }
        },
        "$defs": { "duty": duty() }
    })
}

fn duty() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["duty", "zh", "en", "whose", "proof"],
        "properties": {
            "duty": name("Its name; no two of a playbook have the same."),
            "zh": title("What is to be done, in Chinese."),
            "en": title("What is to be done, in English."),
            "whose": word::<Whose>("Whose it is."),
            "only": optional(word::<Only>(
                "Where alone it is one: where an acquirer outside decides about the terminal, or this house's gate."
            )),
            "found": optional(list("Where it follows from that the terminal was found: after which finds.", word::<Kind>(""))),
            "if_done": optional(name("It is one only where that duty of the incident was done.")),
            "rule": optional(json!({
                "description": "The rule it comes from. Where it does not hold, neither does the term; where nobody has seen it, there is no such duty.",
                "type": "string", "enum": Rule::all().iter().map(|rule| rule.rule.as_str()).collect::<Vec<_>>()
            })),
            "from": optional(with(word::<Moment>("From when its term runs."), "default", Moment::Noticed.code().into())),
            "within": optional(json!({
                "description": "How long it may take: `at once`, `24 hours`, `2 days`, `2 working days`.",
                "type": "string", "pattern": term()
            })),
            "proof": word::<Proof>("What shows that it was done: a number that somebody outside gave, or a statement."),
            "takes_file": yes_or_no("Whether a file of the case shows it as well.", false),
            "blocks_closing": yes_or_no("Whether the case cannot be closed while it is open.", true),
            "not_needed": optional(with(
                word::<NotNeeded>("Who may say that there is no need for it."), "default", NotNeeded::Ground.code().into()
            )),
            "after": optional(list("The names of duties before it in the playbook that come before it.", name("")))
        }
    })
}

fn with(mut schema: Value, field: &str, value: Value) -> Value {
    schema[field] = value;
    schema
}

fn described(schema: Value, text: &str) -> Value {
    match text {
        "" => schema,
        text => with(schema, "description", text.into()),
    }
}

/// Where nothing may be said, `null` says nothing too.
fn optional(mut schema: Value) -> Value {
    let kind = schema["type"].take();
    schema["type"] = json!([kind, "null"]);
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
    schema
}

fn name(text: &str) -> Value {
    let pattern = format!("^[a-z0-9_]{{1,{NAME_CHARS_MAX}}}$");
    described(json!({ "type": "string", "pattern": pattern }), text)
}

fn title(text: &str) -> Value {
    // At least one character that is no blank, and none that only moves the print.
    let pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*\\S[^\\u0000-\\u001f\\u007f-\\u009f]*$";
    described(
        json!({ "type": "string", "pattern": pattern, "maxLength": TITLE_CHARS_MAX }),
        text,
    )
}

fn word<W: Word>(text: &str) -> Value {
    let words: Vec<_> = W::WORDS.iter().map(|word| word.word()).collect();
    described(json!({ "type": "string", "enum": words }), text)
}

fn list(text: &str, items: Value) -> Value {
    described(json!({ "type": "array", "items": items }), text)
}

fn yes_or_no(text: &str, unsaid: bool) -> Value {
    json!({ "type": ["boolean", "null"], "description": text, "default": unsaid })
}

fn term() -> String {
    let [hours, days, working] = [HOURS_MAX, DAYS_MAX, WORKING_DAYS_MAX].map(up_to);
    format!("^(at once|{hours} hours?|{days} days?|{working} working days?)$")
}

/// A pattern of the whole numbers from 1 to that one, without zeros in front.
fn up_to(most: u32) -> String {
    let digits: Vec<u32> = most
        .to_string()
        .bytes()
        .map(|digit| u32::from(digit - b'0'))
        .collect();
    let any = |count: usize| match count {
        0 => String::new(),
        count => format!("[0-9]{{{count}}}"),
    };
    let mut ways: Vec<String> = (1..digits.len())
        .map(|count| format!("[1-9]{}", any(count - 1)))
        .collect();
    let mut same = String::new();
    for (at, digit) in digits.iter().enumerate() {
        let least = u32::from(at == 0);
        if *digit > least {
            ways.push(format!(
                "{same}[{least}-{}]{}",
                digit - 1,
                any(digits.len() - at - 1)
            ));
        }
        same += &digit.to_string();
    }
    ways.push(same);
    format!("({})", ways.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_in::all;
    use crate::fixture::{GOOD, MEANT_WRONG, WRONG, broken};
    use crate::node::{Node, Spot, parse};
    use regex::Regex;

    /// A text of YAML as JSON.
    fn value(of: &Spot) -> Value {
        match &of.value {
            Node::Null => Value::Null,
            Node::YesOrNo(is_so) => json!(is_so),
            Node::Number(number) => json!(number),
            Node::Odd => json!(1.5),
            Node::Text(text) => json!(text),
            Node::List(items) => items.iter().map(value).collect(),
            Node::Fields(entries) => {
                let fields = entries.iter().map(|(name, it)| (name.value.clone(), value(it)));
                Value::Object(fields.collect())
            }
        }
    }

    /// Where a value is not of a schema, by the keywords that ours has; any other fails.
    fn refused(whole: &Value, schema: &Value, it: &Value, at: &str, told: &mut Vec<String>) {
        let is_of = |kind: &Value| match kind.as_str().unwrap() {
            "object" => it.is_object(),
            "array" => it.is_array(),
            "string" => it.is_string(),
            "integer" => it.is_i64() || it.is_u64(),
            "boolean" => it.is_boolean(),
            "null" => it.is_null(),
            kind => panic!("{kind}"),
        };
        for (keyword, said) in schema.as_object().unwrap() {
            let text = || it.as_str().map(|text| text.chars().count() as u64);
            let count = || it.as_array().map(|items| items.len() as u64);
            let most = |count: Option<u64>| count.is_none_or(|count| count <= said.as_u64().unwrap());
            let is_good = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" | "default" => true,
                "$ref" => {
                    let part = said.as_str().unwrap().strip_prefix('#').unwrap();
                    refused(whole, whole.pointer(part).unwrap(), it, at, told);
                    true
                }
                "type" => said
                    .as_array()
                    .map_or_else(|| is_of(said), |kinds| kinds.iter().any(is_of)),
                "enum" => said.as_array().unwrap().contains(it),
                "pattern" => {
                    let pattern = Regex::new(said.as_str().unwrap()).unwrap();
                    it.as_str().is_none_or(|text| pattern.is_match(text))
                }
                "maxLength" => most(text()),
                "maxItems" => most(count()),
                "minItems" => count().is_none_or(|count| count >= said.as_u64().unwrap()),
                "minimum" => it.as_i64().is_none_or(|it| it >= said.as_i64().unwrap()),
                "maximum" => it.as_i64().is_none_or(|it| it <= said.as_i64().unwrap()),
                "required" => {
                    let mut names = said.as_array().unwrap().iter();
                    let has = |name: &Value| it.get(name.as_str().unwrap()).is_some();
                    !it.is_object() || names.all(has)
                }
                "additionalProperties" => {
                    let known = schema["properties"].as_object().unwrap();
                    it.as_object()
                        .is_none_or(|it| it.keys().all(|name| known.contains_key(name)))
                }
                "properties" => {
                    for (name, schema) in said.as_object().unwrap() {
                        if let Some(it) = it.get(name) {
                            refused(whole, schema, it, &format!("{at}/{name}"), told);
                        }
                    }
                    true
                }
                "items" => {
                    for it in it.as_array().into_iter().flatten() {
                        refused(whole, said, it, &format!("{at}/*"), told);
                    }
                    true
                }
                keyword => panic!("{keyword}"),
            };
            if !is_good {
                told.push(format!("{at} {keyword}"));
            }
        }
    }

    fn told(text: &str) -> Vec<String> {
        let (schema, mut told) = (schema(), Vec::new());
        refused(&schema, &schema, &value(&parse(text).unwrap()), "", &mut told);
        told
    }

    #[test]
    fn what_reads_well_is_of_the_schema() {
        for built_in in all() {
            assert_eq!(told(built_in.text), [""; 0], "{}", built_in.playbook.playbook);
        }
        assert_eq!(told(GOOD), [""; 0]);
        let unsaid = broken(
            "whose: shop",
            "whose: shop, only: null, rule: null, from: null, takes_file: null, after: null",
        );
        assert_eq!(told(&unsaid), [""; 0]);
        assert!(crate::Playbook::read(&unsaid).is_ok());
    }

    #[test]
    fn each_wrong_shape_is_refused_by_it_too() {
        for (from, to, ..) in WRONG {
            assert_ne!(told(&broken(from, to)), [""; 0], "{to}");
        }
        for (from, to, ..) in MEANT_WRONG {
            assert_eq!(told(&broken(from, to)), [""; 0], "{to}: no shape tells it");
        }
        let duties = |count: usize| {
            let duty =
                |number| format!("  - {{ duty: d{number}, zh: 一, en: a, whose: shop, proof: statement }}\n");
            let duties: String = (0..count).map(duty).collect();
            format!(
                "playbook: lost\nversion: 1\nmanners: []\nduties:{}\n{duties}",
                if count == 0 { " []" } else { "" }
            )
        };
        assert_eq!(told(&duties(DUTIES_MAX)), [""; 0]);
        for count in [0, DUTIES_MAX + 1] {
            assert_ne!(told(&duties(count)), [""; 0]);
            assert!(crate::Playbook::read(&duties(count)).is_err());
        }
        let long = "长".repeat(TITLE_CHARS_MAX + 1);
        assert_ne!(told(&broken("报警", &long)), [""; 0]);
        assert!(crate::Playbook::read(&broken("报警", &long)).is_err());
        assert_eq!(told(&broken("报警", &long[3..])), [""; 0]);
    }

    #[test]
    fn a_term_of_the_schema_is_one_that_is_read() {
        let pattern = Regex::new(&term()).unwrap();
        let units = [
            "hour",
            "hours",
            "day",
            "days",
            "working day",
            "working days",
            "moons",
        ];
        for count in (0..=400)
            .chain(990..=1_010)
            .chain(8_990..=9_010)
            .chain(9_990..=10_010)
        {
            for unit in units {
                let text = format!("{count} {unit}");
                let is_read = crate::Term::try_from(text.clone()).is_ok();
                assert_eq!(pattern.is_match(&text), is_read, "{text}");
            }
        }
        assert!(pattern.is_match("at once") && !pattern.is_match("05 days"));
    }

    #[test]
    fn the_page_beside_the_documents_is_this_one() {
        let page = include_str!("../../../docs/playbook.schema.json");
        let page: Value = serde_json::from_str(page).unwrap();
        assert!(
            page == schema(),
            "docs/playbook.schema.json is stale: cargo xtask openapi writes it"
        );
    }
}
