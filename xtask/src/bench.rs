//! `cargo xtask bench`: our own benchmarks on a release build, and our codec beside other people's.
//!
//! Invariant: the peers take turns, and each has packed the purchase that we have packed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{command, interop, tree, web};

/// Rounds in which every peer has its turn.
const ROUNDS: usize = 5;

/// `peers`, or whatever `tillguard-demo bench` takes.
///
/// # Errors
/// A build fails, a package cannot be installed, or a benchmark fails.
pub fn run(args: &[String]) -> Result<()> {
    match args {
        [] => bail!("bench what? peers, or codec, floor, gate, report, growth with their arguments"),
        [what] if what == "peers" => peers(),
        _ => command::run(Command::new(release()?).arg("bench").args(args)),
    }
}

/// The demo with its benchmarks, built for speed from the sources as they stand now.
fn release() -> Result<PathBuf> {
    web::build()?;
    let build = ["build", "--release", "--package", "demo"];
    command::run(command::cargo().current_dir(tree::root()).args(build))?;
    Ok(tree::target()?.join("release/tillguard-demo"))
}

/// One codec, and how it did in each round.
struct Peer {
    name: &'static str,
    command: Command,
    pack_ns: Vec<f64>,
    unpack_ns: Vec<f64>,
    message: String,
}

impl Peer {
    fn new(name: &'static str, command: Command) -> Self {
        Self {
            name,
            command,
            pack_ns: Vec::new(),
            unpack_ns: Vec::new(),
            message: String::new(),
        }
    }

    /// One turn.
    fn measure(&mut self) -> Result<()> {
        let output = command::output(&mut self.command)?;
        let line = output.lines().last().unwrap_or_default();
        let mut words = line.split(' ');
        let mut next = || words.next().with_context(|| format!("{}: {line}", self.name));
        self.pack_ns.push(next()?.parse()?);
        self.unpack_ns.push(next()?.parse()?);
        self.message = next()?.to_owned();
        Ok(())
    }
}

fn peers() -> Result<()> {
    let folder = tree::root().join("tests/interop");
    let target = tree::target()?;
    let python = interop::python(&target.join("interop-venv"), interop::PYISO8583)?;
    web::install(&folder)?;
    let rust = rust(&folder, &target)?;
    let in_rust = |peer: &str| {
        let mut command = Command::new(&rust);
        command
            .arg(peer)
            .env("SPEC_FILE", folder.join("peers/iso8583_rs.yaml"));
        command
    };
    let (ours, theirs) = (in_rust("ours"), in_rust("iso8583_rs"));
    let mut in_python = Command::new(python);
    in_python.arg(folder.join("speed.py"));
    let mut in_node = command::program("node", &folder);
    in_node.arg("speed.mjs");
    let mut peers = [
        Peer::new("ours", ours),
        Peer::new("iso8583_rs 0.1.10", theirs),
        Peer::new("pyiso8583 4.0.1", in_python),
        Peer::new("npm iso_8583 2.6.7, characters", in_node),
    ];
    println!("load before {}", load());
    for _ in 0..ROUNDS {
        for peer in &mut peers {
            peer.measure()?;
        }
    }
    ensure!(
        peers[0].message == peers[2].message && peers[0].message.len() == peers[1].message.len(),
        "the peers have packed something else: {:?}",
        peers.each_ref().map(|peer| &peer.message)
    );
    println!("one purchase of 16 fields, medians of {ROUNDS} rounds in turns, µs (times ours)");
    println!("                                    bytes     build and pack             unpack");
    let (ours_pack, ours_unpack) = (median(&peers[0].pack_ns), median(&peers[0].unpack_ns));
    for peer in &peers {
        let (pack, unpack) = (median(&peer.pack_ns), median(&peer.unpack_ns));
        println!(
            "  {:<32} {:>6} {:>9.3} ({:>5.0}) {:>10.3} ({:>5.0})",
            peer.name,
            peer.message.len() / 2,
            pack / 1e3,
            pack / ours_pack,
            unpack / 1e3,
            unpack / ours_unpack
        );
    }
    println!("load after {}", load());
    Ok(())
}

/// The program with our codec and its Rust peer in it.
fn rust(folder: &Path, target: &Path) -> Result<PathBuf> {
    let target = target.join("interop-peers");
    let mut build = command::cargo();
    build
        .args(["build", "--release", "--quiet", "--locked", "--manifest-path"])
        .arg(folder.join("peers/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    command::run(&mut build)?;
    Ok(target.join("release/codec-peers"))
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".into());
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
