//! How long 100,000 rows take, and how much memory: for `docs/BENCHMARKS.md`, in a release build.
//!
//! Each in a process of its own, because the memory is the process's:
//! `for step in made text workbook; do cargo test -p statement --release --test it $step -- --ignored --nocapture; done`

use std::time::Instant;

use statement::{Record, Take};

use crate::kit::{dollars, peak_mb};

const ROWS: u32 = 100_000;

/// Counts, and keeps nothing.
#[derive(Default)]
struct Count(u64);

impl Take for Count {
    fn record(&mut self, _: Record) -> bool {
        self.0 += 1;
        true
    }
}

fn measure(name: &str, path: &std::path::Path) {
    let bytes = std::fs::metadata(path).unwrap().len();
    let begin = Instant::now();
    let mut count = Count::default();
    statement::read(std::fs::File::open(path).unwrap(), &dollars(), &mut count).unwrap();
    let took = begin.elapsed();
    assert_eq!(count.0, u64::from(ROWS));
    println!(
        "{name}: {} KB, {:.2} s, peak {} MB",
        bytes / 1024,
        took.as_secs_f64(),
        peak_mb()
    );
}

fn text() -> String {
    let head = include_str!("../../samples/wechat-trade-all.csv")
        .lines()
        .next()
        .unwrap();
    let mut text = format!("{head}\r\n");
    for at in 0..ROWS {
        let (hour, minute, second) = (at / 3600 % 24, at / 60 % 60, at % 60);
        text.push_str(&format!(
            "`2026-09-14 {hour:02}:{minute:02}:{second:02},`wxtest0000000000a1,`1999000001,`0,`00990001,`42000099992026{at:014},`SH{at:014},\
             `oTEST_payer_{at:04}_xxxxxxxxxxx,`MICROPAY,`SUCCESS,`OTHERS,`CNY,`38.50,`0.00,`0,`0,`0.00,`0.00,`,`,`早餐,`,`0.23000,`0.60%,`38.50,`0.00,`\r\n"
        ));
    }
    text
}

/// Where the files are kept between the two steps.
fn path(kind: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("tillguard-statement-speed.{kind}"))
}

#[test]
#[ignore = "makes the files that are measured"]
fn the_files_are_made() {
    let text = text();
    let (gbk, ..) = encoding_rs::GB18030.encode(&text);
    std::fs::write(path("csv"), &gbk).unwrap();
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, line) in (0..).zip(text.lines()) {
        for (column, cell) in (0..).zip(line.split(',')) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    book.save(path("xlsx")).unwrap();
}

#[test]
#[ignore = "a measurement"]
fn a_text_of_100_000_rows() {
    measure("GB 18030", &path("csv"));
}

#[test]
#[ignore = "a measurement"]
fn a_workbook_of_100_000_rows() {
    measure("XLSX", &path("xlsx"));
}
