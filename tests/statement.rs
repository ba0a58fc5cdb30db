//! `tillguard statement`: the binary says what the samples say, from a file and through a pipe, and its exit code what became of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::{Folder, tillguard};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../crates/statement/samples")
        .join(name)
}

fn statement(file: &Path, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(tillguard()?);
    command.arg("statement").arg(file).args(arguments);
    Ok(command.output()?)
}

/// The same through a pipe.
fn piped(bytes: &[u8], arguments: &[&str]) -> Result<Output> {
    let mut child = Command::new(tillguard()?)
        .args(["statement", "-"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("a pipe")?.write_all(bytes)?;
    Ok(child.wait_with_output()?)
}

fn lines(output: &Output) -> Result<Vec<Value>> {
    let text = std::str::from_utf8(&output.stdout)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[test]
fn each_sample_is_printed_as_expected_from_a_file_and_through_a_pipe() -> Result<()> {
    let mut count = 0;
    for entry in std::fs::read_dir(sample(""))? {
        let path = entry?.path();
        let name = path.to_string_lossy().into_owned();
        let Some(file) = name.strip_suffix(".expected.json") else {
            continue;
        };
        let expected: Vec<Value> = serde_json::from_slice(&std::fs::read(&path)?)?;
        let said = statement(Path::new(file), &["--currency", "USD"])?;
        ensure!(said.status.code() == Some(0), "{file}: {said:?}");
        ensure!(lines(&said)? == expected, "{file}");
        let through = piped(&std::fs::read(file)?, &["--currency", "USD"])?;
        ensure!(through.stdout == said.stdout, "{file} through a pipe");
        ensure!(
            String::from_utf8_lossy(&said.stderr).contains("recognised as"),
            "{file}"
        );
        count += 1;
    }
    ensure!(count >= 11, "only {count} samples");
    Ok(())
}

#[test]
fn the_exit_code_says_what_became_of_a_file() -> Result<()> {
    let folder = Folder::new()?;
    let file = |name: &str, bytes: &[u8]| -> Result<PathBuf> {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes)?;
        Ok(path)
    };
    for (path, arguments, code) in [
        (file("no.csv", b"a,b\n1,2\n")?, &[][..], 1),
        (file("empty.csv", b"")?, &[], 1),
        (file("bad.xlsx", b"PK\x03\x04 and no more")?, &[], 2),
        (folder.path().join("nowhere.csv"), &[], 2),
        (sample("square-transactions.csv"), &[], 2),
        (sample("square-transactions.csv"), &["--currency", "usd"], 0),
        (sample("square-transactions.csv"), &["--currency", "Taler"], 2),
        (sample("wechat-trade-all.csv"), &["--mapping", "nowhere.json"], 2),
    ] {
        let said = statement(&path, arguments)?;
        ensure!(said.status.code() == Some(code), "{}: {said:?}", path.display());
        ensure!(code == 0 || said.stdout.is_empty(), "{}", path.display());
        ensure!(!said.stderr.is_empty(), "{}", path.display());
    }
    Ok(())
}

#[test]
fn a_guessed_mapping_reads_the_file_it_was_guessed_from() -> Result<()> {
    let folder = Folder::new()?;
    let file = folder.path().join("bank.csv");
    let rows = "终端号,交易时间,交易类型,交易金额,参考号\n00990001,2026-09-14 09:00:01,消费,12.00,R1\n";
    std::fs::write(&file, rows)?;
    ensure!(statement(&file, &[])?.status.code() == Some(1));
    let guessed = statement(&file, &["--guess"])?;
    let mapping = folder.path().join("mapping.json");
    std::fs::write(&mapping, &guessed.stdout)?;
    let said = statement(&file, &["--mapping", &mapping.to_string_lossy()])?;
    let said = lines(&said)?;
    ensure!(said.len() == 1 && said[0]["amount_minor"] == 1_200, "{said:?}");
    Ok(())
}
