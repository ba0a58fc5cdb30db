//! The acquirer's host in the test's own process: it outlives every node, and remembers what it approved.
//!
//! Invariant: one host per test, with keys of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use simulator::host::{FaultControl, Faults, Host, HostConfig, ZoneKey};
use simulator::issuer::Issuer;

use crate::Name;

const MAC_KEY: [u8; 16] = *b"\x31\x4A\x92\x5D\x85\x2F\xB6\x73\xC1\x9E\x40\xF8\x68\xDA\x15\x26";
const PIN_KEY: [u8; 16] = *b"\x5B\x07\xE3\x89\x2C\xD6\x70\x9B\x13\xAE\x58\xC4\xF1\x62\x3D\x97";

/// A running host and the file with its zone keys.
#[derive(Debug)]
pub struct Outside {
    host: Host,
    zone_keys: PathBuf,
}

impl Outside {
    /// Starts a host that answers after up to `delay_ms_max` milliseconds, so that answers overtake one another.
    ///
    /// # Errors
    /// It cannot listen, or the keys' file cannot be written into `folder`.
    pub async fn start(folder: &Path, delay_ms_max: u32) -> Result<Self> {
        let faults = FaultControl::default();
        faults.set(Faults {
            delay_ms_max,
            ..Faults::default()
        });
        let host = Host::start(HostConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            mac_key: ZoneKey(MAC_KEY),
            pin_key: ZoneKey(PIN_KEY),
            issuer: Issuer::new(),
            faults,
        })
        .await?;
        let zone_keys = folder.join("zone.keys");
        let hex = |key: &[u8]| key.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
        let text = format!("mac={}\npin={}\n", hex(&MAC_KEY), hex(&PIN_KEY));
        std::fs::write(&zone_keys, text).context("the zone keys' file")?;
        Ok(Self { host, zone_keys })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.host.addr()
    }

    /// The file for `--zone-keys`.
    pub fn zone_keys(&self) -> &Path {
        &self.zone_keys
    }

    /// What goes wrong with it.
    pub fn faults(&self) -> &FaultControl {
        self.host.faults()
    }

    /// What stands approved for one terminal, by batch and trace, with its amount in fen.
    pub fn standing(&self, terminal_id: &str) -> BTreeMap<Name, u64> {
        let standing = self.host.standing();
        let own = standing
            .iter()
            .filter(|one| one.position.terminal_id == terminal_id.as_bytes());
        own.map(|one| ((one.position.batch, one.position.trace), one.amount_minor))
            .collect()
    }

    /// How often it was asked to undo each transaction of one terminal, by batch and trace.
    pub fn asked_to_undo(&self, terminal_id: &str) -> BTreeMap<Name, usize> {
        let mut asked = BTreeMap::new();
        for entry in self.host.journal() {
            if entry.mti == 0x0400 && entry.terminal_id == terminal_id.as_bytes() {
                *asked.entry((entry.batch, entry.trace)).or_default() += 1;
            }
        }
        asked
    }

    /// How many requests it has decided.
    pub fn requests(&self) -> u64 {
        self.host.stats().requests
    }
}
