//! What the simulation does again in its own words, beside the server's: step by step the same, in the same order.
//!
//! The use cases themselves run in both. What lies between them (passes, the host, asking a store again that was away) is written
//! twice, and a simulation of what the server no longer does proves nothing.
//!
//! Invariant: a use case that one of two functions calls is a step of both, or excused here with its reason.

use super::Source;

/// Two functions that do the same.
struct Pair {
    /// File and function of the server.
    original: (&'static str, &'static str),
    /// File and function of the simulation.
    mirror: (&'static str, &'static str),
    /// What marks each step in the one and in the other, without spaces.
    steps: &'static [(&'static str, &'static str)],
    /// Use cases that only one of them calls, and why.
    excused: &'static [(&'static str, &'static str)],
}

const GATE: &str = "crates/server/src/gate/handle.rs";
const REPORT: &str = "crates/api/src/incident/report.rs";
const PRESENCE: &str = "crates/node/src/presence.rs";
const RECOVERY: &str = "crates/server/src/work/recovery.rs";
const REVERSAL: &str = "crates/server/src/work/reversal.rs";
const GATE_AGAIN: &str = "crates/simulator/src/deterministic/gate.rs";
const REPORT_AGAIN: &str = "crates/simulator/src/deterministic/report.rs";
const WORK_AGAIN: &str = "crates/simulator/src/deterministic/work.rs";

const fn same(step: &'static str) -> (&'static str, &'static str) {
    (step, step)
}

const PAIRS: &[Pair] = &[
    Pair {
        original: (GATE, "card"),
        mirror: (GATE_AGAIN, "card"),
        steps: &[
            same("has_lease()"),
            same("Pass::take("),
            same("app::transaction::authorise("),
            same("self.abandon("),
            same("drop(first)"),
            (".host.ask(", ".ask_host("),
            same("self.release("),
        ],
        excused: &[],
    },
    Pair {
        original: (GATE, "release"),
        mirror: (GATE_AGAIN, "release"),
        steps: &[
            same("app::transaction::release("),
            same("insist(Turn::Own"),
            same("app::transaction::decided("),
        ],
        excused: &[],
    },
    Pair {
        original: (GATE, "abandon"),
        mirror: (GATE_AGAIN, "abandon"),
        steps: &[same("insist(Turn::Own"), same("app::transaction::abandon(")],
        excused: &[],
    },
    Pair {
        original: (REPORT, "stop"),
        mirror: (REPORT_AGAIN, "stop"),
        steps: &[
            same("insist(Turn::First"),
            ("drain(&api", "self.drain("),
            ("acknowledged(&api", "self.acknowledge("),
        ],
        excused: &[(
            "app::incident::report_loss(",
            "the server calls it in a function of its own, with the request's key",
        )],
    },
    Pair {
        original: (REPORT, "acknowledged"),
        mirror: (REPORT_AGAIN, "acknowledge"),
        steps: &[
            same("ELSEWHERE_MAX"),
            same("insist(Turn::First"),
            same("Unavailable"),
            same("LOOK_EVERY"),
        ],
        excused: &[(
            "app::incident::acknowledge(",
            "the server calls it in a function of its own, with the request's key",
        )],
    },
    Pair {
        original: (PRESENCE, "join"),
        mirror: (WORK_AGAIN, "join_store"),
        steps: &[same("store::node::present("), same("app::node::join(")],
        excused: &[],
    },
    Pair {
        original: (PRESENCE, "renew"),
        mirror: (WORK_AGAIN, "renew"),
        steps: &[
            same("app::node::renew("),
            same("store::drain::asked("),
            same("renewed(sent_at_ms)"),
            ("answer(node", ".answer(who"),
            same("expelled()"),
            ("join(node,None)", "join_store(None)"),
        ],
        excused: &[],
    },
    Pair {
        original: (PRESENCE, "answer"),
        mirror: (WORK_AGAIN, "answer"),
        steps: &[
            same("drain(terminal_id)"),
            ("app::node::drained(", "store::drain::answer("),
        ],
        excused: &[],
    },
    Pair {
        original: (PRESENCE, "look_after"),
        mirror: (WORK_AGAIN, "look_after"),
        steps: &[
            ("app::node::expel(", "store::node::expel("),
            same("app::node::stand_in("),
        ],
        excused: &[],
    },
    Pair {
        original: (RECOVERY, "run"),
        mirror: (WORK_AGAIN, "recover"),
        steps: &[
            same("release_before("),
            same("app::work::give_back("),
            same("store::incident::unacknowledged("),
            same("app::incident::acknowledge("),
        ],
        excused: &[("app::work::enqueue_recurring(", "clean-ups move no money")],
    },
    Pair {
        original: (RECOVERY, "release_before"),
        mirror: (WORK_AGAIN, "release_before"),
        steps: &[same("app::transaction::recover(")],
        excused: &[],
    },
    Pair {
        original: (REVERSAL, "send"),
        mirror: (WORK_AGAIN, "send_one"),
        steps: &[
            same("store::owed_reversal::get("),
            same("app::work::done("),
            same(".reverse("),
            same("insist(Turn::Own"),
            same("app::reversal::settle("),
        ],
        excused: &[(
            "app::work::postpone(",
            "the server puts off all work in one place, whatever its kind",
        )],
    },
];

/// Every pair whose functions differ, are gone, or call what is no step of theirs.
pub fn check(sources: &[Source<'_>]) -> Vec<String> {
    PAIRS.iter().flat_map(|pair| check_pair(pair, sources)).collect()
}

fn check_pair(pair: &Pair, sources: &[Source<'_>]) -> Vec<String> {
    let body_of = |(file, function): (&str, &str)| {
        let source = sources.iter().find(|source| source.path == file)?;
        body(source.text, function)
    };
    let (Some(original), Some(mirror)) = (body_of(pair.original), body_of(pair.mirror)) else {
        return vec![format!(
            "{}: no two functions `{}` and `{}` of the simulation any more",
            pair.original.0, pair.original.1, pair.mirror.1
        )];
    };
    let sides = [
        (
            pair.original,
            &original,
            pair.steps.iter().map(|step| step.0).collect::<Vec<_>>(),
        ),
        (
            pair.mirror,
            &mirror,
            pair.steps.iter().map(|step| step.1).collect(),
        ),
    ];
    let mut findings = Vec::new();
    for ((file, function), body, steps) in &sides {
        let known = |call: &str| {
            let excused = pair.excused.iter().any(|(excused, _)| *excused == call);
            excused || steps.contains(&call)
        };
        let strange = calls(body).into_iter().filter(|call| !known(call));
        findings.extend(strange.map(|call| {
            format!("{file}: `{function}` calls {call}), which is no step that the server and its simulation share")
        }));
    }
    let [first, second] = sides.map(|(_, body, steps)| order(body, &steps));
    if first != second || first.is_empty() {
        findings.push(format!(
            "{}: the steps of `{}` are {first:?}, those of the simulation's `{}` {second:?}",
            pair.original.0, pair.original.1, pair.mirror.1
        ));
    }
    findings
}

/// The text between the braces of a function, without comments, spaces, and what planted bugs do.
fn body(text: &str, function: &str) -> Option<String> {
    let head = format!("fn {function}(");
    let at = text.match_indices(&head).map(|(at, _)| at).find(|at| {
        let before = text[..*at].lines().last().unwrap_or_default();
        !before.contains("//")
    })?;
    let text: String = text[at..]
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let inner = braces(&text)?;
    Some(without_canaries(inner))
}

/// From the first brace to the one that closes it.
fn braces(text: &str) -> Option<&str> {
    let start = text.find('{')?;
    let mut depth = 0_usize;
    for (at, letter) in text[start..].char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&text[start..=start + at]);
        }
    }
    None
}

/// The same without the blocks of `if canary::…`.
fn without_canaries(mut text: &str) -> String {
    let mut kept = String::new();
    while let Some(at) = text.find("ifcanary::") {
        kept.push_str(&text[..at]);
        // The condition may hold a closure or a call, but no brace.
        let rest = &text[at..];
        let block = braces(rest).unwrap_or(rest);
        let end = rest.find('{').unwrap_or(0) + block.len();
        text = &rest[end..];
    }
    kept.push_str(text);
    kept
}

/// The use cases a body calls, each as `app::noun::verb(`.
fn calls(body: &str) -> Vec<&str> {
    let called = |at: usize| {
        let rest = &body[at..];
        let end =
            rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | ':'))?;
        let is_call = rest[end..].starts_with('(');
        let verb = rest[..end].rsplit("::").next()?;
        (is_call && verb.starts_with(|letter: char| letter.is_ascii_lowercase())).then(|| &rest[..=end])
    };
    body.match_indices("app::")
        .filter_map(|(at, _)| called(at))
        .collect()
}

/// Which steps a body takes, in its order.
fn order(body: &str, steps: &[&str]) -> Vec<usize> {
    let mut taken: Vec<(usize, usize)> = steps
        .iter()
        .enumerate()
        .flat_map(|(step, mark)| body.match_indices(mark).map(move |(at, _)| (at, step)))
        .collect();
    taken.sort_unstable();
    taken.into_iter().map(|(_, step)| step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: Pair = Pair {
        original: ("server.rs", "card"),
        mirror: ("again.rs", "card"),
        steps: &[
            same("Pass::take("),
            same("app::transaction::authorise("),
            (".host.ask(", ".ask_host("),
        ],
        excused: &[("app::work::done(", "for the test")],
    };

    const ORIGINAL: &str = "// fn card(\nasync fn card(&self) -> Out {\n Pass::take(x); app::transaction::authorise(tx);\n self\n.host\n.ask(m) }";

    fn found(mirror: &str) -> Vec<String> {
        let sources =
            [("server.rs", ORIGINAL), ("again.rs", mirror)].map(|(path, text)| Source { path, text });
        check_pair(&PAIR, &sources)
    }

    #[test]
    fn the_same_steps_in_the_same_order_are_no_finding() {
        let mirror = "fn card() { if canary::x() && let Some(y) = z { Pass::take(x); }\n Pass::take(x);
            app::transaction::authorise(tx); // app::hold::place(
            app::work::done(tx); self.ask_host(m) }";
        assert_eq!(found(mirror), Vec::<String>::new());
    }

    #[test]
    fn a_step_left_out_or_moved_a_use_case_of_its_own_and_a_function_gone_are_found() {
        for mirror in [
            "fn card() { Pass::take(x); app::transaction::authorise(tx); }",
            "fn card() { app::transaction::authorise(tx); Pass::take(x); self.ask_host(m) }",
            "fn card() { Pass::take(x); app::transaction::authorise(tx); app::hold::place(tx); self.ask_host(m) }",
            "fn cards() { Pass::take(x); app::transaction::authorise(tx); self.ask_host(m) }",
        ] {
            assert_eq!(found(mirror).len(), 1, "{mirror}");
        }
    }
}
