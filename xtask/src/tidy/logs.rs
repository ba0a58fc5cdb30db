//! The rule for the log: what a line of it may name. A field that is not on the list may hold a card, a key or a person.
//!
//! Invariant: a message is one constant text; whatever varies is a field with a name from the list.

use super::Source;

/// The fields, and why each tells nothing of anybody: identifiers of terminals, incidents, work and connections, counts, times, words of
/// our own lists, and errors whose `Display` is ours.
const FIELDS: [&str; 30] = [
    "address",
    "api_key_id",
    "code",
    "connection",
    "constraint",
    "database",
    "done",
    "error",
    "incarnation",
    "incident_id",
    "intents",
    "is_ours",
    "late_ms",
    "leaves",
    "node",
    "part",
    "peer",
    "reason",
    "reference",
    "reports",
    "retired",
    "sequence",
    "state",
    "subject",
    "terminal_id",
    "took_ms",
    "trouble",
    "waiting",
    "what",
    "work",
];
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// Every call that names something else, or writes a value into its message.
pub fn check(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    for (at, arguments) in calls(source.text) {
        let line = source.text[..at].lines().count();
        for argument in split(arguments) {
            if let Some(trouble) = trouble(argument.trim()) {
                findings.push(format!("{}:{line}: the log {trouble}", source.path));
            }
        }
    }
    findings
}

/// What is wrong with one argument of a call.
fn trouble(argument: &str) -> Option<String> {
    if argument.is_empty() {
        return None;
    }
    if let Some(message) = argument.strip_prefix('"') {
        return message
            .contains('{')
            .then(|| "writes a value into its message".to_owned());
    }
    let name = argument.split('=').next().unwrap_or_default();
    let name = name.trim().trim_start_matches(['%', '?']);
    let name = name.rsplit('.').next().unwrap_or_default();
    (!FIELDS.contains(&name))
        .then(|| format!("names `{name}`, which is not among its fields (xtask/src/tidy/logs.rs)"))
}

/// The calls: where each is, and its arguments.
fn calls(text: &str) -> Vec<(usize, &str)> {
    let mut calls = Vec::new();
    for level in LEVELS {
        let call = format!("tracing::{level}!(");
        for (at, _) in text.match_indices(&call) {
            let rest = &text[at + call.len()..];
            calls.push((at, &rest[..end(rest)]));
        }
    }
    calls
}

/// Where a call's closing parenthesis is.
fn end(rest: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, letter) in rest.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => return at,
            ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    rest.len()
}

/// Arguments, divided at the commas that belong to the call itself.
fn split(arguments: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut escaped, mut from) = (0_usize, false, false, 0);
    let mut all = Vec::new();
    for (at, letter) in arguments.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                all.push(&arguments[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    all.push(&arguments[from..]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(call: &str) -> Vec<String> {
        // Written in halves, so that this file has no calls of its own.
        let text = format!("//! A room.\nfn a() {{\n    {}::{call};\n}}\n", "tracing");
        check(&Source {
            path: "crates/a.rs",
            text: &text,
        })
    }

    #[test]
    fn what_is_on_the_list_may_be_named() {
        for call in [
            "warn!(\"a sentence, and no more\")",
            "warn!(%error, terminal_id = %it.terminal_id, \"a sentence\")",
            "info!(\n    work = work.id.as_str(),\n    ?trouble,\n    \"a sentence\",\n)",
            "error!(reference = %problem.reference, what = f(a, \"b, c\"), \"a (sentence)\")",
        ] {
            assert_eq!(findings(call), Vec::<String>::new(), "{call}");
        }
    }

    #[test]
    fn what_is_not_is_found_in_its_line() {
        for (call, name) in [
            ("info!(%email, \"a sentence\")", "`email`"),
            ("info!(error, pan = ?card, \"a sentence\")", "`pan`"),
            ("debug!(?request.body, \"a sentence\")", "`body`"),
        ] {
            let findings = findings(call);
            assert!(
                findings.len() == 1 && findings[0].starts_with("crates/a.rs:3:"),
                "{findings:?}"
            );
            assert!(findings[0].contains(name), "{findings:?}");
        }
        assert_eq!(findings("warn!(\"a login: {login}\")").len(), 1);
        assert_eq!(findings("warn!(\"a login: {}\", login)").len(), 2);
    }
}
