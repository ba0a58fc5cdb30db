//! What the tests have in common: a file read whole, and what came of it in the shape of the samples.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use domain::money::Currency;
use serde_json::{Value, json};
use statement::{Error, Options, Record, Statement};

/// The folder of the samples.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// A sample's bytes.
pub fn sample(name: &str) -> Vec<u8> {
    std::fs::read(samples().join(name)).unwrap()
}

/// Dollars, where the file says no currency.
pub fn dollars() -> Options {
    Options {
        currency: Currency::parse("USD"),
        ..Options::default()
    }
}

/// Reads bytes.
pub fn read_with(bytes: &[u8], options: &Options) -> Result<(Statement, Vec<Record>), Error> {
    let mut records = Vec::new();
    let statement = statement::read(Cursor::new(bytes), options, &mut records)?;
    Ok((statement, records))
}

/// Reads bytes, in dollars where they say no currency.
pub fn read(bytes: &[u8]) -> Result<(Statement, Vec<Record>), Error> {
    read_with(bytes, &dollars())
}

/// Reads a text that must be read.
pub fn text(text: &str) -> (Statement, Vec<Record>) {
    read(text.as_bytes()).unwrap()
}

/// A record as the samples write it.
pub fn shape(record: &Record) -> Value {
    let at = jiff::Timestamp::from_millisecond(record.at).unwrap();
    let at = at.display_with_offset(jiff::tz::Offset::constant(8)).to_string();
    json!({
        "at": at,
        "amount_minor": record.money.minor,
        "currency": record.money.currency.letters(),
        "direction": record.direction.code(),
        "state": record.state.code(),
        "method": record.method.code(),
        "order_id": record.order_id,
        "terminal": record.terminal,
        "raw_row": record.row,
    })
}

/// A workbook of texts.
pub fn xlsx(rows: &[Vec<&str>]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (at, row) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(row) {
            if !cell.is_empty() {
                sheet.write_string(at, column, *cell).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

/// A zip of members.
pub fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The headings of a WeChat bill, and rows under them.
pub fn wechat(rows: &[&str]) -> String {
    let mut text =
        "交易时间,微信订单号,商户订单号,设备号,交易状态,订单金额,微信退款单号,申请退款金额,退款状态\n"
            .to_owned();
    for row in rows {
        text.push_str(row);
        text.push('\n');
    }
    text
}

/// The most memory that this process ever had, in MB; Linux only.
pub fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kb.unwrap_or(0) / 1024
}
