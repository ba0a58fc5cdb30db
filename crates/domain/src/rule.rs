//! The rule that letters are made under; those of duties are data, in `playbook`.
//!
//! Invariant: a rule is named only where it holds.

/// A rule, as it is cited. Those we know of are of mainland China.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

/// The acquirer closes a terminal promptly when its merchant asks, and deregisters it within two days of closing.
pub const STOP: Rule = Rule {
    zh: "银发〔2021〕259号 一(一)3",
    en: "document Yinfa [2021] No. 259, section 1(1)3",
};

/// The acquirer that has a merchant under suspicion of fraud may delay settlement.
pub const DELAY: Rule = Rule {
    zh: "《银行卡收单业务管理办法》（中国人民银行公告〔2013〕第9号）第三十四条",
    en: "article 34 of the Measures for the Administration of Bank Card Acquiring (PBoC Announcement [2013] No. 9)",
};

/// The zones of mainland China and their older names. It does not hold in Hong Kong, Macao or Taiwan.
const ZONES_OF_CHINA: [&str; 7] = [
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Chongqing",
    "Asia/Chungking",
    "Asia/Harbin",
    "Asia/Kashgar",
    "PRC",
];

impl Rule {
    /// The rule, for a terminal whose clock is of that IANA zone; `None` where it does not hold.
    ///
    /// The zone is what is always known of where a terminal stands: whoever sets a house up is asked for it. A language goes
    /// where its people go, and a currency may be anybody's.
    pub fn in_zone(self, time_zone: &str) -> Option<Self> {
        is_china(time_zone).then_some(self)
    }
}

/// Whether an IANA zone is one of mainland China.
pub fn is_china(time_zone: &str) -> bool {
    ZONES_OF_CHINA.contains(&time_zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_rule_holds_in_mainland_china_only() {
        for zone in ["Asia/Shanghai", "Asia/Urumqi", "PRC"] {
            assert_eq!(STOP.in_zone(zone), Some(STOP), "{zone}");
        }
        for zone in [
            "Europe/Berlin",
            "Asia/Hong_Kong",
            "Asia/Macau",
            "Asia/Taipei",
            "UTC",
            "",
        ] {
            assert_eq!(STOP.in_zone(zone), None, "{zone}");
        }
    }
}
