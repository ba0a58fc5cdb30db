//! Whether a device may take a lost one's place: where it comes from, and whether it is what it says it is (R2.1).
//!
//! The TUSN is that of 银发〔2021〕259号 and Q/CUP: six digits of the maker, two of the type, the maker's serial. The certificates are
//! UnionPay's entry number (a letter and four digits) and PCI PTS's approval (`4-` and five digits).
//!
//! Invariant: every reason against a device is said, not the first alone; nothing here is decided by what somebody else looked at.

use crate::words;

/// Longest TUSN that field 59 has room for.
const TUSN_CHARS_MAX: usize = 50;
/// Shortest one in use.
const TUSN_CHARS_MIN: usize = 16;
/// What a TUSN begins with: the maker and the type.
const TUSN_HEAD_CHARS: usize = 8;

words! {
    /// What kind of device it is, as the second part of a TUSN says it.
    pub enum Kind {
        /// 02: a terminal of the usual form.
        Pos = "pos",
        /// 03: one that needs a telephone.
        Mpos = "mpos",
        /// 04: with a screen and apps.
        Smart = "smart",
        /// 05: a telephone.
        Phone = "phone",
        /// 09: one that knows faces.
        Face = "face",
        /// 10: one that reads codes.
        Code = "code",
    }
}

impl Kind {
    const fn in_tusn(self) -> &'static str {
        match self {
            Self::Pos => "02",
            Self::Mpos => "03",
            Self::Smart => "04",
            Self::Phone => "05",
            Self::Face => "09",
            Self::Code => "10",
        }
    }
}

words! {
    /// By which way it was bought.
    pub enum Channel {
        /// From the acquirer.
        Acquirer = "acquirer",
        /// From the maker.
        Maker = "maker",
        /// From an agent whom maker or acquirer name.
        Agent = "agent",
        /// From a shop of theirs on the internet.
        OnlineShop = "online_shop",
        /// From somebody who used it before.
        SecondHand = "second_hand",
        /// Otherwise, for example by chat only.
        Other = "other",
    }
}

words! {
    /// What people know the grey market by.
    pub enum Sign {
        /// Who sells it cannot say of whom he is an agent.
        NoAgency = "no_agency",
        /// It is sold by chat only.
        ChatSale = "chat_sale",
        /// The money would go by way of somebody else.
        SettlesElsewhere = "settles_elsewhere",
        /// 改机: its software or case was changed.
        Altered = "altered",
    }
}

/// A device, as people say it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The maker's serial number, as on the device.
    pub serial: String,
    /// Its TUSN, where it has one.
    pub tusn: Option<String>,
    /// What kind it is.
    pub kind: Kind,
    /// Who made it.
    pub make: String,
    /// Which model.
    pub model: String,
    /// Who sold or lends it.
    pub supplier: String,
    /// By which way.
    pub channel: Channel,
    /// What certifies it.
    pub certificate: Certificate,
    /// How it came.
    pub delivery: Delivery,
    /// [`Sign`]s of the grey market that somebody saw, with spaces between.
    pub signs: String,
}

/// What certifies a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// UnionPay's entry number: `P3100`.
    pub unionpay: Option<String>,
    /// PCI PTS's approval: `4-30412`.
    pub pts: Option<String>,
    /// Of which version of PCI PTS.
    pub pts_version: Option<u32>,
    /// The model that it is of.
    pub model: Option<String>,
    /// The hardware.
    pub hardware: Option<String>,
    /// The firmware.
    pub firmware: Option<String>,
}

/// How a device came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The number on its seal.
    pub seal: Option<String>,
    /// The number on the dispatch notice.
    pub dispatched_seal: Option<String>,
    /// The serial number on the box.
    pub box_serial: Option<String>,
    /// Whether the seal is whole.
    pub seal_is_whole: bool,
}

words! {
    /// Why a device must not be used.
    pub enum Refusal {
        /// What is written as its serial number can be none.
        SerialForm = "serial_form",
        /// What is written as its TUSN can be none.
        TusnForm = "tusn_form",
        /// Its TUSN does not end with its serial number.
        TusnSerial = "tusn_serial",
        /// Its TUSN is of another maker.
        TusnMaker = "tusn_maker",
        /// Its TUSN is of another kind of device.
        TusnKind = "tusn_kind",
        /// It is lost, here or elsewhere; the lost terminal itself, too.
        Lost = "lost",
        /// It is bound as another terminal.
        BoundElsewhere = "bound_elsewhere",
        /// Another replacement under way has it.
        Duplicate = "duplicate",
        /// Nothing certifies it.
        CertificateMissing = "certificate_missing",
        /// What is written as UnionPay's number can be none.
        UnionpayForm = "unionpay_form",
        /// What is written as the PCI PTS approval can be none.
        PtsForm = "pts_form",
        /// The certificate is of another model.
        CertificateModel = "certificate_model",
        /// Hardware or firmware are not said: a certificate is of these.
        CertificateVersions = "certificate_versions",
        /// Its seal is broken.
        SealBroken = "seal_broken",
        /// Its seal is not the one that was sent.
        SealOther = "seal_other",
        /// The box is another device's.
        BoxSerial = "box_serial",
        /// Its software or case was changed.
        Altered = "altered",
    }
}

words! {
    /// What about a device needs a person's ground.
    pub enum Warning {
        /// Its version of PCI PTS has expired; whether it may be used longer is the schemes' to say.
        PtsExpired = "pts_expired",
        /// Nobody said of which version its approval is.
        PtsVersionUnknown = "pts_version_unknown",
        /// There is no dispatch notice or box to compare it with.
        NotCompared = "not_compared",
        /// It was bought where nobody answers for it.
        GreyMarket = "grey_market",
    }
}

/// What is known of a device besides what was said of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// A terminal of this number is lost, and not found.
    pub is_lost: bool,
    /// A terminal of this number is in the estate.
    pub is_bound: bool,
    /// Another replacement under way has it.
    pub is_picked: bool,
}

/// What a look at a device came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Why it must not be used.
    pub refusals: Vec<Refusal>,
    /// What needs a ground.
    pub warnings: Vec<Warning>,
}

/// A month, counted from the year 0: what a certificate ends by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(i32);

impl Month {
    /// The month of that year, 1 to 12.
    pub const fn of(year: i32, month: i32) -> Self {
        Self(year * 12 + month - 1)
    }
}

/// After which month a version of PCI PTS is over, as far as it was read: of later ones nothing is known.
const PTS_ENDS: [(u32, Month); 3] = [
    (3, Month::of(2021, 4)),
    (4, Month::of(2024, 4)),
    (5, Month::of(2026, 4)),
];

/// Whose the first six digits of a TUSN are, and what they are called. Of others nothing is known, nor which more these have.
const MAKERS: [(&str, &[&str]); 3] = [
    ("000001", &["landi", "联迪"]),
    ("000003", &["newland", "新大陆"]),
    ("000043", &["sunmi", "商米"]),
];

/// Looks at a device.
pub fn look(device: &Device, known: Known, month: Month) -> Findings {
    let refusals = [
        (Refusal::SerialForm, !is_serial(&device.serial)),
        (Refusal::Lost, known.is_lost),
        (Refusal::BoundElsewhere, known.is_bound && !known.is_lost),
        (Refusal::Duplicate, known.is_picked),
        (Refusal::Altered, has_sign(device, Sign::Altered)),
    ];
    let mut findings = Findings {
        refusals: refusals
            .into_iter()
            .filter_map(|(why, is)| is.then_some(why))
            .collect(),
        warnings: Vec::new(),
    };
    if let Some(tusn) = &device.tusn {
        look_at_tusn(device, tusn, &mut findings.refusals);
    }
    look_at_certificate(device, month, &mut findings);
    look_at_delivery(device, &mut findings);
    let is_grey = matches!(device.channel, Channel::SecondHand | Channel::Other)
        || [Sign::NoAgency, Sign::ChatSale, Sign::SettlesElsewhere]
            .into_iter()
            .any(|sign| has_sign(device, sign));
    if is_grey {
        findings.warnings.push(Warning::GreyMarket);
    }
    findings.refusals.sort_unstable();
    findings.warnings.sort_unstable();
    findings
}

fn has_sign(device: &Device, sign: Sign) -> bool {
    device.signs.split_whitespace().any(|one| one == sign.code())
}

fn is_serial(serial: &str) -> bool {
    let is_long = (4..=TUSN_CHARS_MAX).contains(&serial.len());
    // 00000000 and the like are what makers leave in the samples: devices must not be taken for one another by them.
    let differs = serial.bytes().any(|byte| Some(byte) != serial.bytes().next());
    is_long
        && differs
        && serial
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}

fn look_at_tusn(device: &Device, tusn: &str, refusals: &mut Vec<Refusal>) {
    let is_long = (TUSN_CHARS_MIN..=TUSN_CHARS_MAX).contains(&tusn.len());
    let is_plain = tusn.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let head = tusn
        .get(..TUSN_HEAD_CHARS)
        .filter(|head| head.bytes().all(|byte| byte.is_ascii_digit()));
    let (true, true, Some(head)) = (is_long, is_plain, head) else {
        refusals.push(Refusal::TusnForm);
        return;
    };
    let (maker, kind) = head.split_at(6);
    if !ends_with(tusn, &device.serial) {
        refusals.push(Refusal::TusnSerial);
    }
    if kind != device.kind.in_tusn() {
        refusals.push(Refusal::TusnKind);
    }
    let make = device.make.to_lowercase();
    let is_other =
        |(code, names): &(&str, &[&str])| *code == maker && !names.iter().any(|name| make.contains(name));
    if MAKERS.iter().any(is_other) {
        refusals.push(Refusal::TusnMaker);
    }
}

/// Whether one number ends with the other, whatever their letters' case.
pub fn ends_with(long: &str, short: &str) -> bool {
    long.to_ascii_uppercase().ends_with(&short.to_ascii_uppercase())
}

fn look_at_certificate(device: &Device, month: Month, findings: &mut Findings) {
    let it = &device.certificate;
    let refusals = &mut findings.refusals;
    if it.unionpay.is_none() && it.pts.is_none() {
        refusals.push(Refusal::CertificateMissing);
        return;
    }
    if it.unionpay.as_deref().is_some_and(|number| !is_unionpay(number)) {
        refusals.push(Refusal::UnionpayForm);
    }
    if it.pts.as_deref().is_some_and(|number| !is_pts(number)) {
        refusals.push(Refusal::PtsForm);
    }
    if it
        .model
        .as_deref()
        .is_none_or(|model| !is_same(model, &device.model))
    {
        refusals.push(Refusal::CertificateModel);
    }
    if it.hardware.is_none() || it.firmware.is_none() {
        refusals.push(Refusal::CertificateVersions);
    }
    if it.pts.is_some() {
        let ends = |version| {
            PTS_ENDS
                .iter()
                .find(|(of, _)| *of == version)
                .map(|(_, ends)| *ends)
        };
        match it.pts_version {
            None => findings.warnings.push(Warning::PtsVersionUnknown),
            // What was before the oldest that is known is over with it.
            Some(version) if version < PTS_ENDS[0].0 || ends(version).is_some_and(|ends| month > ends) => {
                findings.warnings.push(Warning::PtsExpired);
            }
            Some(_) => {}
        }
    }
}

fn is_unionpay(number: &str) -> bool {
    matches!(number.as_bytes(), [letter, digits @ ..] if letter.is_ascii_uppercase() && are_digits(digits, 4))
}

fn is_pts(number: &str) -> bool {
    number
        .strip_prefix("4-")
        .is_some_and(|digits| are_digits(digits.as_bytes(), 5))
}

fn are_digits(bytes: &[u8], count: usize) -> bool {
    bytes.len() == count && bytes.iter().all(u8::is_ascii_digit)
}

/// The same model, however it is spaced and written.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|char| char.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    !plain(one).is_empty() && plain(one) == plain(other)
}

fn look_at_delivery(device: &Device, findings: &mut Findings) {
    let it = &device.delivery;
    if !it.seal_is_whole {
        findings.refusals.push(Refusal::SealBroken);
    }
    let number = |said: &Option<String>| said.as_deref().map(|number| number.trim().to_ascii_uppercase());
    match (number(&it.seal), number(&it.dispatched_seal)) {
        (_, None) => findings.warnings.push(Warning::NotCompared),
        (seal, sent) if seal != sent => findings.refusals.push(Refusal::SealOther),
        _ => {}
    }
    match number(&it.box_serial) {
        None => findings.warnings.push(Warning::NotCompared),
        Some(on_box) => {
            let is_its = on_box == device.serial.to_ascii_uppercase()
                || device
                    .tusn
                    .as_deref()
                    .is_some_and(|tusn| tusn.eq_ignore_ascii_case(&on_box));
            if !is_its {
                findings.refusals.push(Refusal::BoxSerial);
            }
        }
    }
    findings.warnings.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Month = Month::of(2026, 11);

    /// A device that nothing stands against.
    fn good() -> Device {
        Device {
            serial: "N7NL00123456".into(),
            tusn: Some("00000304N7NL00123456".into()),
            kind: Kind::Smart,
            make: "新大陆 Newland".into(),
            model: "N7".into(),
            supplier: "收单行".into(),
            channel: Channel::Acquirer,
            certificate: Certificate {
                unionpay: Some("P3100".into()),
                pts: Some("4-30412".into()),
                pts_version: Some(6),
                model: Some("n-7".into()),
                hardware: Some("HW2".into()),
                firmware: Some("FW3".into()),
            },
            delivery: Delivery {
                seal: Some("FS0091".into()),
                dispatched_seal: Some("fs0091".into()),
                box_serial: Some("N7NL00123456".into()),
                seal_is_whole: true,
            },
            signs: String::new(),
        }
    }

    fn found(change: impl FnOnce(&mut Device)) -> Findings {
        let mut device = good();
        change(&mut device);
        look(&device, Known::default(), NOW)
    }

    #[test]
    fn nothing_stands_against_a_device_that_is_what_it_says() {
        assert_eq!(found(|_| ()), Findings::default());
        // Where no TUSN is in use there is none.
        assert_eq!(found(|it| it.tusn = None), Findings::default());
        // Of a maker that the list does not have, nothing is known.
        let other =
            |it: &mut Device| (it.make, it.tusn) = ("PAX".into(), Some("00009904N7NL00123456".into()));
        assert_eq!(found(other), Findings::default());
    }

    #[test]
    fn each_thing_that_is_wrong_is_said() {
        use Refusal as R;
        type Change = fn(&mut Device);
        let table: &[(Change, &[R])] = &[
            (
                |it| it.serial = "序列号".into(),
                &[R::SerialForm, R::TusnSerial, R::BoxSerial],
            ),
            (
                |it| {
                    (it.serial, it.tusn, it.delivery.box_serial) =
                        ("000000000000".into(), None, Some("000000000000".into()))
                },
                &[R::SerialForm],
            ),
            (|it| it.tusn = Some("304N7NL00123456".into()), &[R::TusnForm]),
            (|it| it.tusn = Some("0000X304N7NL00123456".into()), &[R::TusnForm]),
            (
                |it| it.tusn = Some(format!("00000304{}N7NL00123456", "0".repeat(31))),
                &[R::TusnForm],
            ),
            (
                |it| it.tusn = Some("00000304N7NL00123457".into()),
                &[R::TusnSerial],
            ),
            (
                |it| it.tusn = Some("00004304N7NL00123456".into()),
                &[R::TusnMaker],
            ),
            (|it| it.make = "Sunmi".into(), &[R::TusnMaker]),
            (|it| it.make = "PAX".into(), &[R::TusnMaker]),
            (|it| it.tusn = Some("00000302N7NL00123456".into()), &[R::TusnKind]),
            (|it| it.kind = Kind::Pos, &[R::TusnKind]),
            (
                |it| (it.certificate.unionpay, it.certificate.pts) = (None, None),
                &[R::CertificateMissing],
            ),
            (
                |it| it.certificate.unionpay = Some("3100P".into()),
                &[R::UnionpayForm],
            ),
            (
                |it| it.certificate.unionpay = Some("P310".into()),
                &[R::UnionpayForm],
            ),
            (|it| it.certificate.pts = Some("4-3041".into()), &[R::PtsForm]),
            (|it| it.certificate.pts = Some("430412".into()), &[R::PtsForm]),
            (
                |it| it.certificate.model = Some("N8".into()),
                &[R::CertificateModel],
            ),
            (|it| it.certificate.model = None, &[R::CertificateModel]),
            (|it| it.certificate.hardware = None, &[R::CertificateVersions]),
            (|it| it.certificate.firmware = None, &[R::CertificateVersions]),
            (|it| it.delivery.seal_is_whole = false, &[R::SealBroken]),
            (|it| it.delivery.seal = Some("FS0092".into()), &[R::SealOther]),
            (|it| it.delivery.seal = None, &[R::SealOther]),
            (
                |it| it.delivery.box_serial = Some("N7NL00999999".into()),
                &[R::BoxSerial],
            ),
            (|it| it.signs = "chat_sale altered".into(), &[R::Altered]),
        ];
        for (at, (change, wanted)) in table.iter().enumerate() {
            assert_eq!(found(*change).refusals, *wanted, "{at}");
        }
        // All of it, not the first alone.
        let all = found(|it| {
            it.certificate = Certificate::default();
            it.delivery.seal_is_whole = false;
            it.kind = Kind::Pos;
        });
        assert_eq!(all.refusals, [R::TusnKind, R::CertificateMissing, R::SealBroken]);
    }

    #[test]
    fn what_is_known_of_it_stands_against_it() {
        let look = |known| look(&good(), known, NOW).refusals;
        let known = Known::default();
        let lost = Known {
            is_lost: true,
            is_bound: true,
            ..known
        };
        assert_eq!(look(lost), [Refusal::Lost]);
        let bound = Known {
            is_bound: true,
            ..known
        };
        assert_eq!(look(bound), [Refusal::BoundElsewhere]);
        let picked = Known {
            is_picked: true,
            ..known
        };
        assert_eq!(look(picked), [Refusal::Duplicate]);
    }

    #[test]
    fn what_needs_a_ground_is_no_refusal() {
        use Warning as W;
        type Change = fn(&mut Device);
        let table: &[(Change, &[W])] = &[
            (|it| it.certificate.pts_version = Some(5), &[W::PtsExpired]),
            (|it| it.certificate.pts_version = Some(2), &[W::PtsExpired]),
            (|it| it.certificate.pts_version = Some(7), &[]),
            (|it| it.certificate.pts_version = None, &[W::PtsVersionUnknown]),
            (
                |it| (it.certificate.pts, it.certificate.pts_version) = (None, None),
                &[],
            ),
            (|it| it.delivery.dispatched_seal = None, &[W::NotCompared]),
            (
                |it| (it.delivery.dispatched_seal, it.delivery.box_serial) = (None, None),
                &[W::NotCompared],
            ),
            (|it| it.channel = Channel::SecondHand, &[W::GreyMarket]),
            (|it| it.signs = "no_agency".into(), &[W::GreyMarket]),
            (
                |it| it.signs = "settles_elsewhere chat_sale".into(),
                &[W::GreyMarket],
            ),
        ];
        for (at, (change, wanted)) in table.iter().enumerate() {
            let found = found(*change);
            assert_eq!(
                (found.refusals.as_slice(), found.warnings.as_slice()),
                (&[][..], *wanted),
                "{at}"
            );
        }
        // The last month still counts.
        let mut device = good();
        device.certificate.pts_version = Some(5);
        assert_eq!(
            look(&device, Known::default(), Month::of(2026, 4)),
            Findings::default()
        );
    }
}
