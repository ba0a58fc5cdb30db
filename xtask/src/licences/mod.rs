//! `cargo xtask licences`: every package that is linked into what we ship has a licence from `deny.toml`.
//!
//! Looks at the crates of the workspace's normal and build dependencies, and at the console's packages. What only
//! tests use is not shipped and not looked at.
//!
//! Invariant: a package without a licence expression, or with one that cannot be read, is refused.

mod expression;
mod policy;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{command, tree, web};
use policy::Policy;

/// A package and the licence it states.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
    is_from_git: bool,
}

/// Checks every package.
///
/// # Errors
/// A package is refused, a file cannot be read, or `cargo deny` (run when it is installed) refuses one.
pub fn run() -> Result<()> {
    let policy =
        Policy::read(&std::fs::read_to_string(tree::root().join("deny.toml")).context("deny.toml")?)?;
    let crates = linked_crates(&tree::metadata(&["--filter-platform", &host()?])?)?;
    let lock =
        std::fs::read_to_string(web::console().join("package-lock.json")).context("package-lock.json")?;
    let pages = shipped_packages(&serde_json::from_str(&lock).context("package-lock.json")?);
    let mut refused = Vec::new();
    for package in crates.iter().chain(&pages) {
        if let Some(why) = objection(package, &policy) {
            refused.push(format!("{} {}: {why}", package.name, package.version));
        }
    }
    let names: BTreeSet<&str> = crates
        .iter()
        .chain(&pages)
        .map(|package| package.name.as_str())
        .collect();
    refused.extend(
        policy
            .unused(&names)
            .map(|name| format!("deny.toml: an exception for {name}, which is not used")),
    );
    for line in &refused {
        println!("{line}");
    }
    if !refused.is_empty() {
        bail!("{} refused", refused.len());
    }
    println!(
        "{} crates and {} packages of the pages, all under licences of deny.toml",
        crates.len(),
        pages.len()
    );
    if command::find("cargo-deny").is_some() {
        let arguments = ["deny", "check", "licenses", "bans", "sources"];
        command::run(command::cargo().current_dir(tree::root()).args(arguments))?;
    }
    Ok(())
}

fn objection(package: &Package, policy: &Policy) -> Option<String> {
    if package.is_from_git {
        return Some("comes from a git repository, which can move".to_owned());
    }
    match expression::parse(&package.licence) {
        Err(error) => Some(format!("licence \"{}\": {error}", package.licence)),
        Ok(licence) if licence.holds(&|id| policy.allows(&package.name, id)) => None,
        Ok(_) => Some(format!("licence {} is not in deny.toml", package.licence)),
    }
}

/// The platform we build on: crates for others are not downloaded for this.
fn host() -> Result<String> {
    let version = command::output(Command::new("rustc").current_dir(tree::root()).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

/// What is reached from the workspace's crates over normal and build dependencies, our own left out.
fn linked_crates(metadata: &Value) -> Result<Vec<Package>> {
    let list = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    let nodes: BTreeMap<String, Value> = list(&metadata["resolve"]["nodes"])
        .into_iter()
        .filter_map(|node| Some((node["id"].as_str()?.to_owned(), node)))
        .collect();
    let mut open: Vec<String> = list(&metadata["workspace_members"])
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let mut reached: BTreeSet<String> = open.iter().cloned().collect();
    while let Some(id) = open.pop() {
        let node = nodes
            .get(&id)
            .with_context(|| format!("cargo metadata does not resolve {id}"))?;
        for dependency in list(&node["deps"]) {
            let is_linked = list(&dependency["dep_kinds"])
                .iter()
                .any(|kind| kind["kind"] != "dev");
            if let Some(id) = dependency["pkg"].as_str().filter(|_| is_linked)
                && reached.insert(id.to_owned())
            {
                open.push(id.to_owned());
            }
        }
    }
    let mut packages: Vec<Package> = list(&metadata["packages"])
        .iter()
        .filter(|package| package["id"].as_str().is_some_and(|id| reached.contains(id)))
        .filter(|package| package["source"].is_string())
        .map(|package| Package {
            name: word(&package["name"]),
            version: word(&package["version"]),
            licence: word(&package["license"]),
            is_from_git: word(&package["source"]).starts_with("git+"),
        })
        .collect();
    packages.sort();
    Ok(packages)
}

/// The packages of a `package-lock.json` (version 3) that end up in the pages.
fn shipped_packages(lock: &Value) -> Vec<Package> {
    let Some(packages) = lock["packages"].as_object() else {
        return Vec::new();
    };
    packages
        .iter()
        .filter(|(path, package)| !path.is_empty() && package["dev"] != true && package["optional"] != true)
        .map(|(path, package)| Package {
            name: path.rsplit("node_modules/").next().unwrap_or(path).to_owned(),
            version: word(&package["version"]),
            licence: word(&package["license"]),
            is_from_git: word(&package["resolved"]).starts_with("git"),
        })
        .collect()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(licence: &str) -> Package {
        Package {
            name: "a".into(),
            version: "1.0.0".into(),
            licence: licence.into(),
            is_from_git: false,
        }
    }

    fn policy() -> Policy {
        Policy::read("[licenses]\nallow = [\n  \"MIT\",\n  \"Apache-2.0\",\n]\nexceptions = []\n").unwrap()
    }

    #[test]
    fn an_allowed_alternative_is_enough() {
        assert_eq!(objection(&package("Unlicense OR MIT"), &policy()), None);
        assert!(objection(&package("Unlicense"), &policy()).is_some());
    }

    #[test]
    fn no_licence_and_a_git_source_are_refused() {
        assert!(objection(&package(""), &policy()).is_some());
        assert!(
            objection(
                &Package {
                    is_from_git: true,
                    ..package("MIT")
                },
                &policy()
            )
            .is_some()
        );
    }

    #[test]
    fn only_what_is_linked_is_looked_at() {
        let dependency = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let package = |name: &str| {
            let source = if name == "ours" {
                Value::Null
            } else {
                json!("registry+https://example.com/index")
            };
            json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT", "source": source })
        };
        let metadata = json!({
            "workspace_members": ["ours"],
            "resolve": { "nodes": [
                { "id": "ours", "deps": [dependency("linked", Value::Null), dependency("tests-only", json!("dev"))] },
                { "id": "linked", "deps": [dependency("deeper", json!("build"))] },
                { "id": "deeper", "deps": [] },
                { "id": "tests-only", "deps": [] },
            ]},
            "packages": [package("ours"), package("linked"), package("deeper"), package("tests-only")],
        });
        let names: Vec<String> = linked_crates(&metadata)
            .unwrap()
            .into_iter()
            .map(|package| package.name)
            .collect();
        assert_eq!(names, ["deeper", "linked"]);
    }

    #[test]
    fn development_packages_of_the_pages_are_not_shipped() {
        let lock = json!({ "packages": {
            "": { "name": "console" },
            "node_modules/vue": { "version": "3.0.0", "license": "MIT" },
            "node_modules/x/node_modules/@scope/y": { "version": "1.0.0", "license": "ISC" },
            "node_modules/vite": { "version": "8.0.0", "license": "MIT", "dev": true },
        }});
        let names: Vec<String> = shipped_packages(&lock)
            .into_iter()
            .map(|package| package.name)
            .collect();
        assert_eq!(names, ["vue", "@scope/y"]);
    }
}
