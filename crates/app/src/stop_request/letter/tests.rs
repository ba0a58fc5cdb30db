//! The letter, whole, of everything known and of nothing known.

use domain::contact::{Details, Kind, State};
use domain::incident::{LossWindow, WindowBasis};
use domain::terminal::{About, BoundElements, SettlementAccount, Status};
use domain::{MerchantId, TerminalId};

use super::*;

fn merchant_id() -> MerchantId {
    MerchantId::parse(b"899305054620417").unwrap()
}

fn incident(manner: Manner) -> Incident {
    // 2026-11-22 07:17:00 UTC.
    let at = Timestamp(1_795_331_820_000);
    Incident {
        incident_id: "A1B2C3D4".into(),
        terminal_id: TerminalId::parse(b"88210001").unwrap(),
        state: domain::incident::State::Open,
        manner,
        hold_id: 1,
        node: "node-1".into(),
        reported_at: at,
        reported_by: "owner".into(),
        suspended_at: at.plus_ms(1_000),
        acknowledged_at: None,
        stop_ms: None,
        last_seen_at: None,
        place: None,
        circumstances: None,
        window: LossWindow {
            from: at,
            to: at,
            basis: WindowBasis::ReportedOnly,
        },
        stop_request_number: "STOP-A1B2C3D4".into(),
        found: None,
        attempt_count: 0,
        unproven_attempt_count: 0,
        open_alarm_count: 0,
        playbook: None,
        moments: Default::default(),
        closing: None,
    }
}

fn merchant(name: &str, name_en: &str) -> Merchant {
    Merchant {
        merchant_id: merchant_id(),
        name: name.into(),
        name_en: name_en.into(),
        trade: String::new(),
        unified_social_credit_code: String::new(),
        state: domain::merchant::State::Active,
    }
}

/// One that a shop added by hand: what an acquirer would know of it, nobody has said.
fn by_hand(control: Control, time_zone: &str) -> Terminal {
    Terminal {
        terminal_id: TerminalId::parse(b"88210001").unwrap(),
        serial: "8P21-004417".into(),
        model: "A920".into(),
        name: "Till".into(),
        shop_id: "S1".into(),
        bound: BoundElements {
            acquirer_code: String::new(),
            merchant_code: merchant_id(),
            unified_social_credit_code: String::new(),
            settlement_account: SettlementAccount::default(),
            placement_address: String::new(),
        },
        status: Status::Active,
        control,
        at_provider: None,
        language: "zh-CN".into(),
        time_zone: time_zone.into(),
        about: About::default(),
        key_check: None,
    }
}

/// One of which everything is known.
fn bound(control: Control, time_zone: &str) -> Terminal {
    Terminal {
        bound: BoundElements {
            acquirer_code: "48935050".into(),
            merchant_code: merchant_id(),
            unified_social_credit_code: "92430102MA4L000017".into(),
            settlement_account: SettlementAccount {
                sealed: b"sealed".to_vec(),
                last4: "4417".into(),
            },
            placement_address: "长沙市天心区某路 17 号".into(),
        },
        ..by_hand(control, time_zone)
    }
}

fn shop() -> Shop {
    Shop {
        shop_id: "S1".into(),
        merchant_id: merchant_id(),
        name: String::new(),
        address: String::new(),
        state: domain::merchant::State::Active,
    }
}

/// A letter about a terminal of the bakery, to its own acquirer.
fn of(manner: Manner, terminal: &Terminal) -> Letter {
    letter(&Facts {
        incident: &incident(manner),
        terminal,
        merchant: &merchant("春芽面包房", "Spring Bud Bakery"),
        shop: &shop(),
        acquirer: Some(&acquirer(Some(merchant_id()))),
        by: "李娜",
    })
}

fn acquirer(merchant_id: Option<MerchantId>) -> Contact {
    Contact {
        contact_id: "CHENGHU1".into(),
        details: Details {
            merchant_id,
            kind: Kind::Acquirer,
            name: "澄湖支付".into(),
            hotline: None,
            email: None,
            reference: Some("CH-2023-0417".into()),
        },
        state: State::Active,
    }
}

#[test]
fn everything_that_is_known_stands_in_it_and_in_china_the_rule() {
    let written = of(Manner::Stolen, &bound(Control::Outside, "Asia/Shanghai"));
    assert_eq!(
        written.text_zh,
        "停止使用受理终端申请书\n\
         编号：STOP-A1B2C3D4\n\n\
         澄湖支付：\n\n\
         我单位下列受理终端被盗。依据银发〔2021〕259号 一(一)3，申请立即停止其使用，及时关闭并在关闭后 2 日内注销其登记。\n\n\
         特约商户：春芽面包房\n\
         商户编号或合同号：CH-2023-0417\n\
         统一社会信用代码：92430102MA4L000017\n\
         终端号：88210001\n\
         型号：A920\n\
         序列号：8P21-004417\n\
         收单机构代码：48935050\n\
         收单结算账户：尾号 4417\n\
         布放地址：长沙市天心区某路 17 号\n\
         报失时间：2026-11-22 15:17:00 (UTC+08:00)\n\
         申请人：李娜\n\n\
         请以书面或电话确认停用，并告知挂失凭证编号。\n"
    );
    assert_eq!(
        written.text_en,
        "Request to stop a payment terminal\n\
         No. STOP-A1B2C3D4\n\n\
         To 澄湖支付:\n\n\
         The terminal below has been stolen. Under document Yinfa [2021] No. 259, section 1(1)3, we ask you to stop its use at \
         once, to close it promptly, and to deregister it within two days of closing.\n\n\
         Merchant: Spring Bud Bakery\n\
         Merchant or contract number: CH-2023-0417\n\
         Unified social credit code: 92430102MA4L000017\n\
         Terminal: 88210001\n\
         Model: A920\n\
         Serial number: 8P21-004417\n\
         Acquirer code: 48935050\n\
         Settlement account: ending in 4417\n\
         Placement: 长沙市天心区某路 17 号\n\
         Reported lost: 2026-11-22 15:17:00 (UTC+08:00)\n\
         Requested by: 李娜\n\n\
         Please confirm the stop in writing or by telephone, with your reference number.\n"
    );
    let digest = Sha256::digest(format!("{}\n\n{}", written.text_zh, written.text_en));
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(written.sha256, digest);
}

#[test]
fn of_what_nobody_said_there_is_no_line_and_elsewhere_no_rule() {
    let written = letter(&Facts {
        incident: &incident(Manner::Unsure),
        terminal: &by_hand(Control::Outside, "Europe/Berlin"),
        merchant: &merchant("Café Blau", ""),
        shop: &shop(),
        acquirer: None,
        by: "Lena",
    });
    assert_eq!(
        written.text_zh,
        "停止使用受理终端申请书\n\
         编号：STOP-A1B2C3D4\n\n\
         收单机构：\n\n\
         我单位下列受理终端下落不明。申请立即停止其使用。\n\n\
         特约商户：Café Blau\n\
         终端号：88210001\n\
         型号：A920\n\
         序列号：8P21-004417\n\
         报失时间：2026-11-22 08:17:00 (UTC+01:00)\n\
         申请人：Lena\n\n\
         请以书面或电话确认停用，并告知挂失凭证编号。\n"
    );
    assert_eq!(
        written.text_en,
        "Request to stop a payment terminal\n\
         No. STOP-A1B2C3D4\n\n\
         To the acquirer:\n\n\
         The terminal below is missing. We ask you to stop its use at once.\n\n\
         Merchant: Café Blau\n\
         Terminal: 88210001\n\
         Model: A920\n\
         Serial number: 8P21-004417\n\
         Reported lost: 2026-11-22 08:17:00 (UTC+01:00)\n\
         Requested by: Lena\n\n\
         Please confirm the stop in writing or by telephone, with your reference number.\n"
    );
}

#[test]
fn what_our_own_gate_stopped_says_when_and_carries_the_number_of_its_messages() {
    let written = of(Manner::Lost, &bound(Control::Gate, "Asia/Shanghai"));
    let [zh, en] = [&written.text_zh, &written.text_en];
    assert!(
        zh.contains("遗失") && zh.contains("本系统停用时间：2026-11-22 15:17:01 (UTC+08:00)\n"),
        "{zh}"
    );
    assert!(
        en.contains("Stopped by this system: 2026-11-22 15:17:01 (UTC+08:00)\n"),
        "{en}"
    );
    assert!(
        zh.contains("商户编号：899305054620417\n") && !zh.contains("请以书面"),
        "{zh}"
    );
    assert!(
        en.contains("Merchant number: 899305054620417\n") && !en.contains("Please confirm"),
        "{en}"
    );
}

#[test]
fn a_contact_of_everybody_names_the_acquirer_and_no_merchants_number() {
    let written = letter(&Facts {
        incident: &incident(Manner::Lost),
        terminal: &by_hand(Control::Outside, "Asia/Shanghai"),
        merchant: &merchant("春芽面包房", "Spring Bud Bakery"),
        shop: &shop(),
        acquirer: Some(&acquirer(None)),
        by: "李娜",
    });
    assert!(written.text_en.contains("To 澄湖支付:\n"), "{}", written.text_en);
    assert!(!written.text().contains("CH-2023-0417") && !written.text().contains("contract number"));
}

#[test]
fn what_was_not_said_of_the_terminal_is_as_it_is_said_of_its_shop_and_merchant() {
    let about = |terminal: &Terminal| {
        letter(&Facts {
            incident: &incident(Manner::Lost),
            terminal,
            merchant: &Merchant {
                unified_social_credit_code: "91430102MA4L000025".into(),
                ..merchant("春芽面包房", "Spring Bud Bakery")
            },
            shop: &Shop {
                address: "长沙市岳麓区另一路 3 号".into(),
                ..shop()
            },
            acquirer: None,
            by: "李娜",
        })
        .text_en
    };
    let text = about(&by_hand(Control::Outside, "Asia/Shanghai"));
    assert!(
        text.contains("Placement: 长沙市岳麓区另一路 3 号\n")
            && text.contains("Unified social credit code: 91430102MA4L000025\n"),
        "{text}"
    );
    let text = about(&bound(Control::Outside, "Asia/Shanghai"));
    assert!(
        text.contains("Placement: 长沙市天心区某路 17 号\n")
            && text.contains("Unified social credit code: 92430102MA4L000017\n"),
        "{text}"
    );
}
