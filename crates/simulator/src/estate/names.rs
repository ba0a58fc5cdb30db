//! The words of the estate: merchants, shops, places and models, in Chinese and English.
//!
//! All invented. Cities, districts and roads exist; the numbers on them and the businesses do not.
//! Invariant: a shop has at most as many terminals as its trade has places.

use super::Trade;

pub(super) struct MerchantName {
    pub zh: &'static str,
    pub en: &'static str,
    pub company_zh: &'static str,
    pub trade: Trade,
    /// Four digits of the card network's region code.
    pub region: &'static str,
    /// Six digits of GB/T 2260.
    pub division: &'static str,
    pub category_code: &'static str,
}

pub(super) const MERCHANTS: [MerchantName; 3] = [
    MerchantName {
        zh: "福记小吃",
        en: "Fu Kee Snacks",
        company_zh: "苏州福记餐饮管理有限公司",
        trade: Trade::Snacks,
        region: "3050",
        division: "320506",
        category_code: "5814",
    },
    MerchantName {
        zh: "沐春大药房",
        en: "Muchun Pharmacy",
        company_zh: "杭州沐春大药房连锁有限公司",
        trade: Trade::Pharmacy,
        region: "3310",
        division: "330105",
        category_code: "5912",
    },
    MerchantName {
        zh: "棉里服饰",
        en: "Mianli Clothing",
        company_zh: "成都棉里服饰有限公司",
        trade: Trade::Clothing,
        region: "6510",
        division: "510104",
        category_code: "5651",
    },
];

pub(super) struct ShopName {
    pub merchant: usize,
    pub zh: &'static str,
    pub en: &'static str,
    pub address_zh: &'static str,
    pub address_en: &'static str,
    pub terminal_count: usize,
}

pub(super) const SHOPS: [ShopName; 8] = [
    ShopName {
        merchant: 0,
        zh: "城南店",
        en: "South Gate",
        address_zh: "江苏省苏州市吴中区东吴北路 316 号",
        address_en: "316 Dongwu North Road, Wuzhong, Suzhou, Jiangsu",
        terminal_count: 6,
    },
    ShopName {
        merchant: 0,
        zh: "火车站店",
        en: "Railway Station",
        address_zh: "江苏省苏州市姑苏区苏站路 1588 号北广场 B1-27",
        address_en: "B1-27 North Square, 1588 Suzhan Road, Gusu, Suzhou, Jiangsu",
        terminal_count: 6,
    },
    ShopName {
        merchant: 0,
        zh: "大学城店",
        en: "University Town",
        address_zh: "江苏省苏州市工业园区仁爱路 199 号 1 层 108",
        address_en: "108, 199 Ren'ai Road, Industrial Park, Suzhou, Jiangsu",
        terminal_count: 5,
    },
    ShopName {
        merchant: 0,
        zh: "观前街店",
        en: "Guanqian Street",
        address_zh: "江苏省苏州市姑苏区观前街 246 号",
        address_en: "246 Guanqian Street, Gusu, Suzhou, Jiangsu",
        terminal_count: 5,
    },
    ShopName {
        merchant: 1,
        zh: "清泰街店",
        en: "Qingtai Street",
        address_zh: "浙江省杭州市上城区清泰街 571 号",
        address_en: "571 Qingtai Street, Shangcheng, Hangzhou, Zhejiang",
        terminal_count: 5,
    },
    ShopName {
        merchant: 1,
        zh: "滨江店",
        en: "Binjiang",
        address_zh: "浙江省杭州市滨江区江南大道 3988 号 1 幢 102",
        address_en: "102, Block 1, 3988 Jiangnan Avenue, Binjiang, Hangzhou, Zhejiang",
        terminal_count: 4,
    },
    ShopName {
        merchant: 2,
        zh: "春熙路店",
        en: "Chunxi Road",
        address_zh: "四川省成都市锦江区春熙路北段 77 号",
        address_en: "77 Chunxi Road North, Jinjiang, Chengdu, Sichuan",
        terminal_count: 5,
    },
    ShopName {
        merchant: 2,
        zh: "天府店",
        en: "Tianfu",
        address_zh: "四川省成都市高新区天府大道中段 1388 号 2 层 215",
        address_en: "215, 2/F, 1388 Tianfu Avenue, High-tech Zone, Chengdu, Sichuan",
        terminal_count: 4,
    },
];

/// (model, prefix of its serial numbers). The makers do not exist.
pub(super) const MODELS: [(&str, &str); 3] = [
    ("云展 Y90 智能终端", "YZ90"),
    ("恒拓 H350 台式机", "HT35"),
    ("轻帆 M20 移动机", "QF20"),
];

/// Where terminals stand in a shop of this trade, in order.
pub(super) fn places(trade: Trade) -> &'static [(&'static str, &'static str)] {
    match trade {
        Trade::Snacks => &[
            ("前台 1 号机", "Front counter 1"),
            ("前台 2 号机", "Front counter 2"),
            ("外带窗口", "Takeaway window"),
            ("堂食", "Dining room"),
            ("取餐口", "Pick-up counter"),
            ("备用机", "Spare"),
        ],
        Trade::Pharmacy => &[
            ("收银台 1 号机", "Till 1"),
            ("收银台 2 号机", "Till 2"),
            ("处方柜台", "Prescription counter"),
            ("送药上门", "Home delivery"),
            ("备用机", "Spare"),
        ],
        Trade::Clothing => &[
            ("一楼收银台", "Ground floor till"),
            ("二楼收银台", "First floor till"),
            ("童装区", "Children's wear"),
            ("移动机 1", "Mobile 1"),
            ("移动机 2", "Mobile 2"),
        ],
    }
}
