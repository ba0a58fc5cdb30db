//! Which crate may use which: `server → api → node → app → store → domain`, `server → iso8583`, and nothing uses `demo`.
//!
//! Read from the manifests; what only tests use is free.
//!
//! Invariant: the table has each crate of the workspace, and no other.

use std::collections::BTreeSet;

use serde_json::Value;

/// What may talk to a database.
const SQL: [&str; 5] = ["rusqlite", "libsqlite3-sys", "postgres", "tokio-postgres", "sqlx"];
/// The driver of PostgreSQL lives in a runtime; nothing outside `store` sees it.
const DRIVER: (&str, &str) = ("store", "tokio");
/// What the simulation builds on, behind a feature that no build of the workspace has: it runs the use cases themselves.
const SIMULATED: (&str, [&str; 2]) = ("simulator", ["app", "store"]);
/// What belongs to the edge of the program: wires and clocks.
const EDGE: [&str; 5] = ["tokio", "serde", "serde_json", "axum", "hyper"];

struct Rule {
    name: &'static str,
    /// The crates of ours it may use; `None` is all of them.
    ours: Option<&'static [&'static str]>,
    may_use_sql: bool,
    may_use_edge: bool,
}

const RULES: [Rule; 19] = [
    Rule {
        name: "documents",
        ours: Some(&[]),
        may_use_sql: false,
        may_use_edge: true,
    },
    Rule {
        name: "iso8583",
        ours: Some(&[]),
        may_use_sql: false,
        may_use_edge: false,
    },
    Rule {
        name: "tlog",
        ours: Some(&[]),
        may_use_sql: false,
        may_use_edge: false,
    },
    Rule {
        name: "domain",
        ours: Some(&[]),
        may_use_sql: false,
        may_use_edge: false,
    },
    Rule {
        name: "playbook",
        ours: Some(&["domain"]),
        may_use_sql: false,
        may_use_edge: true,
    },
    Rule {
        name: "screening",
        ours: Some(&["domain"]),
        may_use_sql: false,
        may_use_edge: true,
    },
    Rule {
        name: "statement",
        ours: Some(&["domain"]),
        may_use_sql: false,
        may_use_edge: true,
    },
    Rule {
        name: "store",
        ours: Some(&["domain"]),
        may_use_sql: true,
        may_use_edge: false,
    },
    Rule {
        name: "app",
        ours: Some(&["domain", "playbook", "screening", "store", "tlog"]),
        may_use_sql: false,
        may_use_edge: false,
    },
    Rule {
        name: "simulator",
        ours: Some(&["domain", "iso8583"]),
        may_use_sql: false,
        may_use_edge: true,
    },
    Rule {
        name: "node",
        ours: Some(&["domain", "store", "app", "tlog"]),
        may_use_sql: false,
        may_use_edge: true,
    },
    Rule {
        name: "pack",
        ours: Some(&["domain", "store", "app", "tlog"]),
        may_use_sql: false,
        may_use_edge: true,
    },
    Rule {
        name: "api",
        ours: Some(&[
            "domain",
            "playbook",
            "screening",
            "statement",
            "store",
            "app",
            "node",
            "pack",
            "tlog",
        ]),
        may_use_sql: false,
        may_use_edge: true,
    },
    Rule {
        name: "server",
        ours: Some(&[
            "iso8583",
            "domain",
            "statement",
            "store",
            "app",
            "node",
            "pack",
            "api",
            "tlog",
        ]),
        may_use_sql: false,
        may_use_edge: true,
    },
    Rule {
        name: "demo",
        ours: None,
        may_use_sql: false,
        may_use_edge: true,
    },
    Rule {
        name: "xtask",
        ours: Some(&[]),
        may_use_sql: false,
        may_use_edge: true,
    },
    Rule {
        name: "local-mail",
        ours: Some(&[]),
        may_use_sql: false,
        may_use_edge: false,
    },
    Rule {
        name: "local-postgres",
        ours: Some(&[]),
        may_use_sql: false,
        may_use_edge: false,
    },
    Rule {
        name: "tests",
        ours: None,
        may_use_sql: true,
        may_use_edge: true,
    },
];

/// All findings in the answer of `cargo metadata --no-deps`.
pub fn check(metadata: &Value) -> Vec<String> {
    let packages = list(&metadata["packages"]);
    let ours = names(packages);
    let gone = RULES.iter().filter(|rule| !ours.contains(&rule.name));
    let gone = gone.map(|rule| {
        format!(
            "{}: a rule without a crate in xtask's table of imports",
            rule.name
        )
    });
    packages
        .iter()
        .flat_map(|package| check_package(package, &ours))
        .chain(gone)
        .collect()
}

/// Every crate that ours name as a dependency of any kind and that is not ours itself.
pub fn foreign(metadata: &Value) -> BTreeSet<String> {
    let packages = list(&metadata["packages"]);
    let ours = names(packages);
    let used = packages
        .iter()
        .flat_map(|package| names(list(&package["dependencies"])));
    used.filter(|name| !ours.contains(name))
        .map(str::to_owned)
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn names(packages: &[Value]) -> Vec<&str> {
    packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect()
}

fn check_package(package: &Value, ours: &[&str]) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
        return vec![format!(
            "{name}: a crate without a rule; give it one in xtask's table of imports"
        )];
    };
    let is_simulated = |dependency: &Value| {
        let used = dependency["name"].as_str().unwrap_or_default();
        name == SIMULATED.0 && SIMULATED.1.contains(&used) && dependency["optional"] == true
    };
    list(&package["dependencies"])
        .iter()
        .filter(|dependency| dependency["kind"] != "dev" && !is_simulated(dependency))
        .filter_map(|dependency| dependency["name"].as_str())
        .filter_map(|used| objection(rule, used, ours).map(|why| format!("{name} uses {used}: {why}")))
        .collect()
}

fn objection(rule: &Rule, used: &str, ours: &[&str]) -> Option<&'static str> {
    let is_ours = ours.contains(&used);
    if is_ours && rule.ours.is_some_and(|allowed| !allowed.contains(&used)) {
        Some("imports run the other way")
    } else if SQL.contains(&used) && !rule.may_use_sql {
        Some("only store speaks SQL")
    } else if EDGE.contains(&used) && !rule.may_use_edge && (rule.name, used) != DRIVER {
        Some("wires and clocks belong to the edge")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// One package of ours with one dependency, beside all the others.
    fn findings(name: &str, used: &str, kind: Value) -> Vec<String> {
        let mut packages: Vec<Value> = RULES
            .iter()
            .map(|rule| json!({ "name": rule.name, "dependencies": [] }))
            .collect();
        packages.push(json!({ "name": name, "dependencies": [{ "name": used, "kind": kind }] }));
        check(&json!({ "packages": packages }))
    }

    #[test]
    fn imports_along_the_arrows_pass() {
        for (name, used) in [
            ("server", "app"),
            ("server", "tokio"),
            ("app", "store"),
            ("store", "rusqlite"),
            ("store", "tokio"),
            ("simulator", "iso8583"),
            ("domain", "zeroize"),
        ] {
            assert_eq!(
                findings(name, used, Value::Null),
                Vec::<String>::new(),
                "{name} → {used}"
            );
        }
    }

    #[test]
    fn imports_against_the_arrows_are_found() {
        for (name, used) in [
            ("domain", "store"),
            ("domain", "serde"),
            ("iso8583", "domain"),
            ("store", "app"),
            ("app", "iso8583"),
            ("app", "tokio"),
            ("app", "rusqlite"),
            ("simulator", "store"),
            ("server", "rusqlite"),
            ("server", "simulator"),
            ("api", "server"),
        ] {
            assert_eq!(findings(name, used, Value::Null).len(), 1, "{name} → {used}");
        }
    }

    #[test]
    fn only_behind_its_feature_the_simulator_runs_the_use_cases() {
        for (optional, count) in [(true, 0), (false, 1)] {
            let dependency = json!({ "name": "app", "kind": null, "optional": optional });
            let of = |name: &str, dependencies: Value| json!({ "name": name, "dependencies": dependencies });
            let mut packages: Vec<Value> = RULES.iter().map(|rule| of(rule.name, json!([]))).collect();
            packages.push(of("simulator", json!([dependency])));
            assert_eq!(check(&json!({ "packages": packages })).len(), count);
        }
    }

    #[test]
    fn a_test_may_use_anything_but_a_build_script_may_not() {
        assert_eq!(findings("app", "tokio", json!("dev")), Vec::<String>::new());
        assert_eq!(findings("app", "tokio", json!("build")).len(), 1);
    }

    #[test]
    fn a_rule_without_a_crate_is_found() {
        let packages: Vec<Value> = RULES[1..]
            .iter()
            .map(|rule| json!({ "name": rule.name, "dependencies": [] }))
            .collect();
        assert_eq!(check(&json!({ "packages": packages })).len(), 1);
    }

    #[test]
    fn a_crate_without_a_rule_is_found() {
        assert_eq!(findings("newcomer", "anyhow", Value::Null).len(), 1);
    }
}
