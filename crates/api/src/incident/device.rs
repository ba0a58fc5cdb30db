//! A device as people say it is, before it takes a lost terminal's place (R2.1). What is wrong with one is not judged here but in
//! `domain::replacement::device`: here is only what a text can be at all.

use domain::replacement::device::{Certificate, Delivery, Device};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{text, text_opt};
use crate::problem::{Problem, Why};
use crate::terminal::said::serial;
use crate::wire::word;

/// Longest name and number, in characters.
const TEXT_CHARS_MAX: usize = 100;
/// Most signs that are read.
const SIGNS_MAX: usize = 10;
/// Versions of PCI PTS that there may be.
const PTS_VERSION_MAX: u32 = 99;

word! {
    /// What kind of device it is.
    DeviceKind: domain::replacement::device::Kind;
    /// By which way it was bought.
    DeviceChannel: domain::replacement::device::Channel;
    /// What people know the grey market by.
    DeviceSign: domain::replacement::device::Sign;
    /// Why a device must not be used.
    DeviceRefusal: domain::replacement::device::Refusal;
    /// What about a device needs a ground.
    DeviceWarning: domain::replacement::device::Warning;
}

/// A device to take a lost terminal's place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DevicePicked, example = json!({
    "serial": "N7NL00123456", "tusn": "00000304N7NL00123456", "kind": "smart", "make": "Newland", "model": "N7",
    "supplier": "收单机构", "channel": "acquirer",
    "certificate": { "unionpay": "P3100", "model": "N7", "hardware": "V2.00", "firmware": "V1.3.7" },
    "delivery": { "seal": "FS0091", "dispatched_seal": "FS0091", "box_serial": "N7NL00123456", "seal_is_whole": true },
}))]
pub struct DeviceIn {
    /// The maker's serial number as on the device; at most 50 characters.
    serial: String,
    /// Its TUSN, where it has one: six digits of the maker, two of the kind, the serial number.
    tusn: Option<String>,
    /// What kind it is.
    kind: DeviceKind,
    /// Who made it; at most 100 characters, as the texts below.
    make: String,
    /// Which model.
    model: String,
    /// Who sold or lends it.
    supplier: String,
    /// By which way.
    channel: DeviceChannel,
    /// What certifies it.
    #[serde(default)]
    certificate: CertificateIO,
    /// How it came.
    delivery: DeliveryIO,
    /// Signs of the grey market that somebody saw.
    #[serde(default)]
    signs: Vec<DeviceSign>,
}

/// What certifies a device.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeviceCertificate)]
struct CertificateIO {
    /// UnionPay's entry number: a letter and four digits.
    #[schema(required)]
    unionpay: Option<String>,
    /// PCI PTS's approval: `4-` and five digits.
    #[schema(required)]
    pts: Option<String>,
    /// Of which version of PCI PTS.
    #[schema(required)]
    pts_version: Option<u32>,
    /// The model that it is of.
    #[schema(required)]
    model: Option<String>,
    /// The hardware.
    #[schema(required)]
    hardware: Option<String>,
    /// The firmware.
    #[schema(required)]
    firmware: Option<String>,
}

/// How a device came.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeviceDelivery)]
struct DeliveryIO {
    /// The number on its seal.
    #[schema(required)]
    seal: Option<String>,
    /// The number on the dispatch notice.
    #[schema(required)]
    dispatched_seal: Option<String>,
    /// The serial number on the box.
    #[schema(required)]
    box_serial: Option<String>,
    /// Whether the seal is whole.
    seal_is_whole: bool,
}

impl DeviceIn {
    /// The device.
    pub fn read(self) -> Result<Device, Problem> {
        if self.signs.len() > SIGNS_MAX {
            return Err(Problem::field("signs", Why::TooLong));
        }
        let signs: Vec<&str> = self.signs.iter().map(|sign| sign.0.code()).collect();
        Ok(Device {
            serial: serial(&self.serial)?,
            tusn: unspaced("tusn", self.tusn)?,
            kind: self.kind.0,
            make: text("make", &self.make, TEXT_CHARS_MAX)?,
            model: text("model", &self.model, TEXT_CHARS_MAX)?,
            supplier: text("supplier", &self.supplier, TEXT_CHARS_MAX)?,
            channel: self.channel.0,
            certificate: self.certificate.read()?,
            delivery: self.delivery.read()?,
            signs: signs.join(" "),
        })
    }
}

/// A number without the blanks that labels print.
fn unspaced(name: &str, said: Option<String>) -> Result<Option<String>, Problem> {
    let said = said.map(|said| said.chars().filter(|one| !one.is_whitespace()).collect());
    text_opt(name, said, TEXT_CHARS_MAX)
}

impl CertificateIO {
    fn read(self) -> Result<Certificate, Problem> {
        if self
            .pts_version
            .is_some_and(|version| !(1..=PTS_VERSION_MAX).contains(&version))
        {
            return Err(Problem::field("certificate.pts_version", Why::OutOfRange));
        }
        let part = |name: &str, said| text_opt(&format!("certificate.{name}"), said, TEXT_CHARS_MAX);
        Ok(Certificate {
            unionpay: unspaced("certificate.unionpay", self.unionpay)?,
            pts: unspaced("certificate.pts", self.pts)?,
            pts_version: self.pts_version,
            model: part("model", self.model)?,
            hardware: part("hardware", self.hardware)?,
            firmware: part("firmware", self.firmware)?,
        })
    }
}

impl DeliveryIO {
    fn read(self) -> Result<Delivery, Problem> {
        Ok(Delivery {
            seal: unspaced("delivery.seal", self.seal)?,
            dispatched_seal: unspaced("delivery.dispatched_seal", self.dispatched_seal)?,
            box_serial: unspaced("delivery.box_serial", self.box_serial)?,
            seal_is_whole: self.seal_is_whole,
        })
    }
}

/// A device as it was said to be.
#[derive(Serialize, ToSchema)]
#[schema(as = Device)]
pub struct DeviceOut {
    serial: String,
    #[schema(required)]
    tusn: Option<String>,
    kind: DeviceKind,
    make: String,
    model: String,
    supplier: String,
    channel: DeviceChannel,
    certificate: CertificateIO,
    delivery: DeliveryIO,
    signs: Vec<DeviceSign>,
}

impl DeviceOut {
    /// As it travels.
    pub fn of(it: Device) -> Self {
        let signs = it.signs.split_whitespace();
        Self {
            signs: signs
                .filter_map(domain::replacement::device::Sign::parse)
                .map(DeviceSign)
                .collect(),
            serial: it.serial,
            tusn: it.tusn,
            kind: DeviceKind(it.kind),
            make: it.make,
            model: it.model,
            supplier: it.supplier,
            channel: DeviceChannel(it.channel),
            certificate: CertificateIO {
                unionpay: it.certificate.unionpay,
                pts: it.certificate.pts,
                pts_version: it.certificate.pts_version,
                model: it.certificate.model,
                hardware: it.certificate.hardware,
                firmware: it.certificate.firmware,
            },
            delivery: DeliveryIO {
                seal: it.delivery.seal,
                dispatched_seal: it.delivery.dispatched_seal,
                box_serial: it.delivery.box_serial,
                seal_is_whole: it.delivery.seal_is_whole,
            },
        }
    }
}
