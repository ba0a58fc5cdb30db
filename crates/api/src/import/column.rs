//! The columns of an import, found by what stands above them, in Chinese or English and in any order.
//!
//! Invariant: every heading of our own templates, and every column of the list of devices that we export, is known here.

use domain::import::{LINES_MAX, Trouble};

use super::file::{Cell, Row};
use crate::language::Language;

/// Rows among which the headings are looked for: a title or a remark may stand above.
const HEADING_ROWS_MAX: usize = 10;

/// A column: the field it fills, and what people call it.
pub struct Column {
    /// The field, as `POST /terminals` calls it, or of the shop and the merchant where it stands.
    pub field: &'static str,
    /// Its heading in Chinese and English; `*` where every line must have it.
    headings: (&'static str, &'static str),
    /// What else it is called.
    others: &'static [&'static str],
}

impl Column {
    /// Its heading.
    pub const fn heading(&self, language: Language) -> &'static str {
        language.pick(self.headings.0, self.headings.1)
    }
}

macro_rules! columns {
    ($($field:literal: $zh:literal, $en:literal $(, $other:literal)*;)+) => {
        /// All of them, in the order of the template.
        pub const COLUMNS: &[Column] = &[$(Column {
            field: $field,
            headings: ($zh, $en),
            others: &[$($other),*],
        }),+];
    };
}

columns! {
    "terminal_id": "终端号*", "Terminal ID*", "TID", "终端编号", "终端代码", "银联终端号", "Terminal", "Terminal number";
    "serial": "序列号*", "Serial number*", "SN", "TUSN", "Serial", "机身号", "机身序列号", "终端序列号", "设备序列号", "序列号 SN", "设备 SN";
    "model": "型号*", "Model*", "机型", "终端型号", "设备型号", "品牌型号", "厂商型号", "Maker and model";
    "name": "名称", "Name", "终端名称", "设备名称", "叫法", "Terminal name";
    "merchant_id": "商户号", "Merchant ID", "商户编号", "商户代码", "特约商户编码", "特约商户编号", "MID", "Merchant code", "Merchant number";
    "merchant_name": "商户名称", "Merchant name", "商户", "特约商户名称", "Merchant";
    "shop_id": "门店号", "Shop ID", "门店编号", "门店代码", "Store ID";
    "shop_name": "门店", "Shop", "门店名称", "店名", "Shop name", "Store", "Store name";
    "shop_address": "门店地址", "Shop address", "店铺地址", "地址", "Address", "Store address";
    "location": "店内位置", "Where in the shop", "位置", "摆放位置", "放在店里哪里", "Location", "Place";
    "keys_held_by": "钥匙保管人", "Keys held by", "钥匙由谁保管", "Who holds its keys";
    "purchased_on": "购买日期", "Bought on", "购机日期", "采购日期", "Purchase date", "Purchased on";
    "purchased_from": "购买渠道", "Bought from", "从哪里买的", "供应商", "采购渠道", "Supplier", "Purchased from";
    "control": "由谁控制", "Decided by", "控制方", "Control";
    "acquirer_code": "收单机构代码", "Acquirer code", "收单机构", "收单机构号", "机构代码", "Acquirer";
    "unified_social_credit_code": "统一社会信用代码", "Unified social credit code", "信用代码", "社会信用代码", "USCC";
    "settlement_account": "结算账户", "Settlement account", "结算账号", "结算卡号", "收款账户";
    "placement_address": "布放地址", "Placement address", "安装地址", "装机地址", "Registered place", "Installation address";
    "language": "语言", "Language";
    "time_zone": "时区", "Time zone", "Timezone";
    "provider": "服务商", "Provider";
    "provider_device_id": "服务商设备号", "Provider's device ID", "服务商设备标识", "Provider device ID", "Device ID";
}

/// Headings of what never travels in a table.
const KEYS: [&str; 9] = [
    "主密钥",
    "终端主密钥",
    "密钥",
    "密钥分量",
    "Master key",
    "Terminal master key",
    "TMK",
    "Key",
    "Key component",
];

/// A heading without what people write otherwise every time.
fn plain(heading: &str) -> String {
    let mut depth = 0_usize;
    let mut plain = String::new();
    for one in heading.chars() {
        match one {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            _ if depth == 0 && one.is_alphanumeric() => plain.extend(one.to_lowercase()),
            _ => {}
        }
    }
    plain
}

/// Which column a heading means.
fn meant(heading: &str) -> Option<&'static Column> {
    let heading = plain(heading);
    let names = |column: &Column| {
        let (zh, en) = column.headings;
        let own = [column.field, zh, en].into_iter();
        own.chain(column.others.iter().copied())
            .any(|name| plain(name) == heading)
    };
    COLUMNS.iter().find(|column| !heading.is_empty() && names(column))
}

/// The lines of a table, each with its number and its cells that are not empty, by field.
#[derive(Debug)]
pub struct Lines {
    /// In the order of the file.
    pub lines: Vec<Line>,
}

/// A line.
#[derive(Debug)]
pub struct Line {
    /// Its row in the file, from 1.
    pub number: i64,
    /// Its cells, by field.
    pub cells: Vec<(&'static str, Cell)>,
}

impl Line {
    /// The text of a field; empty when it has none.
    pub fn text(&self, field: &str) -> &str {
        let cell = self.cells.iter().find(|(name, _)| *name == field);
        match cell {
            Some((_, Cell::Text(text))) => text,
            _ => "",
        }
    }
}

/// Finds the headings, and takes the rows below them apart.
pub fn lines(rows: &[Row]) -> Result<Lines, Trouble> {
    if rows.is_empty() {
        return Err(Trouble::Empty);
    }
    let is_heading = |row: &Row| {
        let fields: Vec<&str> = headings(row).map(|(_, column)| column.field).collect();
        fields.contains(&"terminal_id") && fields.contains(&"serial")
    };
    let at = rows.iter().take(HEADING_ROWS_MAX).position(is_heading);
    let at = at.ok_or(Trouble::NoColumns)?;
    let heading = &rows[at];
    let is_key =
        |cell: &Cell| matches!(cell, Cell::Text(text) if KEYS.iter().any(|key| plain(key) == plain(text)));
    if heading.cells.iter().any(is_key) {
        return Err(Trouble::Keys);
    }
    let columns: Vec<(usize, &Column)> = headings(heading).collect();
    let is_twice = |(at, (_, column)): (usize, &(usize, &Column))| {
        columns[..at].iter().any(|(_, other)| other.field == column.field)
    };
    if columns.iter().enumerate().any(is_twice) {
        return Err(Trouble::TwoColumns);
    }
    let lines = rows[at + 1..].iter().filter_map(|row| line(row, &columns));
    let lines: Vec<Line> = lines.collect();
    match lines.len() {
        0 => Err(Trouble::Empty),
        1..=LINES_MAX => Ok(Lines { lines }),
        _ => Err(Trouble::TooManyLines),
    }
}

/// The columns that a row's cells name.
fn headings(row: &Row) -> impl Iterator<Item = (usize, &'static Column)> {
    let known = |(at, cell): (usize, &Cell)| match cell {
        Cell::Text(text) => Some((at, meant(text)?)),
        _ => None,
    };
    row.cells.iter().enumerate().filter_map(known)
}

fn line(row: &Row, columns: &[(usize, &'static Column)]) -> Option<Line> {
    let cell = |(at, column): &(usize, &'static Column)| {
        let cell = row.cells.get(*at).filter(|cell| **cell != Cell::Empty)?;
        Some((column.field, cell.clone()))
    };
    let cells: Vec<_> = columns.iter().filter_map(cell).collect();
    let number = row.number;
    (!cells.is_empty()).then_some(Line { number, cells })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::file::rows;

    fn read(text: &str) -> Result<Lines, Trouble> {
        lines(&rows(text.as_bytes()).unwrap())
    }

    #[test]
    fn columns_are_found_in_either_language_and_any_order() {
        let text =
            "2026 年终端台账\n门店名称,备注,SN（机身）,终端 编号\n城南店,无,YZ9,30501101\n,只有备注,,\n";
        let lines = read(text).unwrap().lines;
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].number, 3);
        let fields = ["terminal_id", "serial", "shop_name", "model"];
        assert_eq!(
            fields.map(|field| lines[0].text(field)),
            ["30501101", "YZ9", "城南店", ""]
        );
        let english = read("terminal_id;Serial Number;MODEL\nT1;S1;P1\n").unwrap().lines;
        assert_eq!(english[0].text("model"), "P1");
    }

    #[test]
    fn no_two_columns_are_called_alike() {
        let mut known = std::collections::HashMap::new();
        for column in COLUMNS {
            let (zh, en) = column.headings;
            let names = [column.field, zh, en].into_iter();
            for name in names.chain(column.others.iter().copied()) {
                let other = known.insert(plain(name), column.field);
                assert!(other.is_none_or(|other| other == column.field), "{name}");
            }
        }
        assert!(KEYS.iter().all(|key| !known.contains_key(&plain(key))));
    }

    #[test]
    fn what_cannot_be_an_estate_is_told() {
        let trouble = |text: &str| read(text).unwrap_err();
        assert_eq!(trouble("名字,电话\na,b\n"), Trouble::NoColumns);
        assert_eq!(trouble("终端号,序列号\n"), Trouble::Empty);
        assert_eq!(trouble(""), Trouble::Empty);
        assert_eq!(trouble("终端号,TID,序列号\na,b,c\n"), Trouble::TwoColumns);
        assert_eq!(trouble("终端号,序列号,主密钥\na,b,c\n"), Trouble::Keys);
    }
}
