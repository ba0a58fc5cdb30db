//! A house of an acquirer that nobody has filled yet, with its host and its gate.
//!
//! Invariant: dropping it kills its process and ends its host.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use simulator::host::{FaultControl, Host, HostConfig, ZoneKey};
use simulator::issuer::Issuer;

use crate::{Api, Folder, House};

/// The password of the first account, `risk`.
pub const PASSWORD: &str = "teapot-in-the-rain";
const ZONE_KEY: [u8; 16] = [
    0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10,
];

/// A house and what is around it.
pub struct Acquirer {
    /// The process.
    pub house: House,
    /// What its gate asks.
    pub host: Host,
    /// Its first account.
    pub risk: Api,
    flags: Vec<String>,
}

impl Acquirer {
    /// Begins one in a folder, and sets it up; `more` are flags of `serve`.
    ///
    /// # Errors
    /// It does not come up.
    pub async fn begin(folder: &Folder, more: &[&str]) -> Result<Self> {
        let host = Host::start(HostConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            mac_key: ZoneKey(ZONE_KEY),
            pin_key: ZoneKey(ZONE_KEY),
            issuer: Issuer::new(),
            faults: FaultControl::default(),
        })
        .await?;
        let keys = folder.path().join("zone.keys");
        let zone_key = hex(&ZONE_KEY);
        std::fs::write(&keys, format!("mac={zone_key}\npin={zone_key}\n"))?;
        let flags = [
            "--host",
            &host.addr().to_string(),
            "--zone-keys",
            keys.to_str().context("a path")?,
            "--acquirer-code",
            "48273050",
        ];
        let flags: Vec<String> = flags.iter().chain(more).map(|flag| (*flag).to_owned()).collect();
        let house = start(folder, &flags).await?;
        let first = json!({
            "token": house.token()?, "mode": "acquirer", "language": "zh", "time_zone": "Asia/Shanghai", "currency": "CNY",
            "account": { "login": "risk", "name": "风控", "password": PASSWORD },
        });
        let done = house.api()?.post("/setup", &first).await?.expect(201)?;
        let risk = house
            .api()?
            .with_token(done["token"].as_str().context("no token")?);
        Ok(Self {
            house,
            host,
            risk,
            flags,
        })
    }

    /// The same after a kill -9, on the same data.
    ///
    /// # Errors
    /// It cannot be killed, or does not come up again.
    pub async fn killed(self, folder: &Folder) -> Result<Self> {
        let token = self.risk.token().context("no token")?.to_owned();
        self.house.kill()?;
        let house = start(folder, &self.flags).await?;
        let risk = house.api()?.with_token(&token);
        Ok(Self { house, risk, ..self })
    }
}

async fn start(folder: &Folder, flags: &[String]) -> Result<House> {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    House::start(folder.path(), "node-1", &flags).await
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A terminal's key as a field engineer has it: two components and the check value of both together.
///
/// # Errors
/// It is no key.
pub fn master_key(key: &[u8; 16]) -> Result<Value> {
    let one: [u8; 16] = std::array::from_fn(|at| at as u8 * 7 + 1);
    let other: Vec<u8> = key.iter().zip(one).map(|(key, one)| key ^ one).collect();
    let check = iso8583::keys::check_value(key)?;
    Ok(json!({ "components": [hex(&one), hex(&other)], "check_value": hex(&check[..3]) }))
}

/// A key whose halves are not alike: another is refused.
pub fn own_key() -> [u8; 16] {
    std::array::from_fn(|at| if at < 8 { 0x5B } else { 0xC2 })
}
