//! What importers fell into, each with a file of our own.

use std::io::Write;

use encoding_rs::GB18030;
use flate2::Compression;
use flate2::write::GzEncoder;
use statement::{Certainty, Direction, Error, Kind, Method, Reason, Setting, State};

use crate::kit::{read, read_with, sample, text, wechat, xlsx, zipped};

const SALE: &str = "`2026-09-14 09:12:05,`4200001,`SH1,`00990001,`SUCCESS,`38.50,`0,`0.00,`";
const REFUND: &str = "`2026-09-14 10:12:05,`4200001,`SH1,`00990001,`REFUND,`0.00,`5030001,`8.50,`SUCCESS";

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn columns_may_move_be_more_and_be_missing() {
    let moved = "备注,退款状态,订单金额,新列,交易状态,设备号,微信订单号,交易时间\n\
        x,,38.50,1,SUCCESS,00990001,4200001,2026-09-14 09:12:05\n";
    let (statement, records) = text(moved);
    assert_eq!(statement.parts[0].kind, Kind::WechatTrade);
    assert_eq!(
        (records[0].money.minor, records[0].order_id.as_deref()),
        (3_850, None)
    );
    let missing = "交易时间,微信订单号,订单金额\n2026-09-14 09:12:05,4200001,38.50\n";
    let error = read(missing.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it looks like wechat-trade, but has no column 交易状态"
    );
}

#[test]
fn a_footer_may_be_padded_and_have_totals_that_nobody_described() {
    let file = wechat(&[
        SALE,
        REFUND,
        "总交易单数,应结订单总金额,订单总金额,申请退款总金额,新的总额",
        "`2 ,`38.50 ,`38.50\t,`8.50 ,`1 ,`2 ",
    ]);
    let (statement, records) = text(&file);
    assert_eq!(records.len(), 2);
    let checks = &statement.parts[0].checks;
    assert_eq!(checks.len(), 3);
    assert!(checks.iter().all(statement::Check::agrees), "{checks:?}");
}

#[test]
fn a_footer_that_disagrees_is_told_with_both_numbers() {
    let file = wechat(&[SALE, "总交易单数,订单总金额", "`2,`99.00"]);
    let (statement, records) = text(&file);
    assert_eq!(records.len(), 1);
    let checks = &statement.parts[0].checks;
    assert_eq!(
        (checks[0].what, checks[0].stated, checks[0].read),
        ("总交易单数", 2, 1)
    );
    assert_eq!(
        (checks[1].what, checks[1].stated, checks[1].read),
        ("订单总金额", 9_900, 3_850)
    );
    assert!(!checks[0].agrees() && !checks[1].agrees());
}

#[test]
fn a_day_without_transactions_is_no_error() {
    for answer in [
        "No Bill Exist",
        "<xml>\n<return_code><![CDATA[FAIL]]></return_code>\n<return_msg><![CDATA[No Bill Exist]]></return_msg>\n</xml>",
        "{\"code\":\"NO_STATEMENT_EXIST\",\"message\":\"账单文件不存在\"}",
        "NO_BILL_EXIST\r\n",
    ] {
        let (statement, records) = text(answer);
        assert_eq!(statement.parts[0].kind, Kind::WechatNoBill, "{answer}");
        assert!(records.is_empty());
    }
}

#[test]
fn a_bill_without_rows_has_none() {
    let (statement, records) = text(&wechat(&["总交易单数,订单总金额", "`0,`0.00"]));
    assert!(records.is_empty() && statement.parts[0].checks[0].agrees());
}

#[test]
fn what_a_file_is_its_content_says() {
    let file = wechat(&[SALE]);
    let html = format!(
        "<html><head><meta charset=gbk></head><body><TABLE border=1><tr><td colspan=2>流水</td></tr>{}</table>",
        file.lines()
            .map(|line| format!(
                "<tr>{}</tr>\r\n",
                line.split(',')
                    .map(|cell| format!("<td x=\"1\">{cell}&nbsp;</td>"))
                    .collect::<String>()
            ))
            .collect::<String>()
    );
    let (gbk, ..) = GB18030.encode(&html);
    let rows: Vec<Vec<&str>> = file.lines().map(|line| line.split(',').collect()).collect();
    for (name, bytes) in [
        ("text", file.clone().into_bytes()),
        ("gzip", gzipped(file.as_bytes())),
        ("workbook", xlsx(&rows)),
        ("gzipped workbook", gzipped(&xlsx(&rows))),
        ("zip", zipped(&[("../a/b.exe", file.as_bytes())])),
        ("workbook in a zip", zipped(&[("x.csv", &xlsx(&rows))])),
        ("HTML", html.clone().into_bytes()),
        ("HTML in GBK", gbk.into_owned()),
        ("HTML in a zip", zipped(&[("x.xls", html.as_bytes())])),
    ] {
        let (_, records) = read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((records.len(), records[0].money.minor), (1, 3_850), "{name}");
        assert_eq!(records[0].terminal.as_deref(), Some("00990001"), "{name}");
    }
}

#[test]
fn a_text_may_be_in_any_of_the_encodings() {
    let file = wechat(&[SALE]);
    let (gbk, ..) = GB18030.encode(&file);
    let marked = format!("\u{feff}{file}");
    let utf16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [file.as_bytes(), marked.as_bytes(), &gbk, &utf16] {
        assert_eq!(read(bytes).unwrap().1.len(), 1);
    }
    for delimiter in ["\t", "|", ";"] {
        assert_eq!(text(&file.replace(',', delimiter)).1.len(), 1);
    }
}

#[test]
fn a_preamble_may_grow_up_to_forty_lines() {
    let preamble = |lines: usize| format!("{}{}", "说明,第一行\n".repeat(lines), wechat(&[SALE]));
    let (_, records) = text(&preamble(39));
    assert_eq!(records[0].row, 41);
    assert_eq!(read(preamble(40).as_bytes()).unwrap_err(), Error::NotRecognised);
    let span = format!("账单时间：2026-09-14,,\n{}", wechat(&[SALE]));
    let (statement, _) = text(&span);
    let (from, until) = statement.parts[0].covers.unwrap();
    assert_eq!(until - from, 24 * 3_600_000);
}

#[test]
fn rows_after_a_total_are_not_lost_and_headings_may_come_again() {
    let once = wechat(&[SALE, "总交易单数,订单总金额", "`1,`38.50"]);
    let twice = format!("{once}{}", wechat(&[REFUND]));
    let (statement, records) = text(&twice);
    assert_eq!(records.len(), 2);
    assert_eq!(statement.parts[0].refused, 0);
}

#[test]
fn files_that_were_put_together_are_read_each_under_its_own_headings() {
    let moved = "订单金额,交易状态,微信订单号,交易时间\n7.00,SUCCESS,4200009,2026-09-14 12:00:00\n";
    let (statement, records) = text(&format!("{}{moved}", wechat(&[SALE])));
    assert_eq!((statement.parts.len(), statement.parts[0].refused), (2, 0));
    assert_eq!(
        (records[1].money.minor, records[1].key.as_str(), records[1].row),
        (700, "wechat:4200009:sale", 4)
    );
    let fund = "微信支付业务单号,业务类型,收支类型,收支金额(元),资金流水单号,记账时间\n\
        `4200009,`交易,`收入,`7.00,`F1,`2026-09-14 12:00:00\n";
    let (statement, records) = text(&format!("{}{fund}", wechat(&[SALE])));
    let kinds: Vec<Kind> = statement.parts.iter().map(|part| part.kind).collect();
    assert_eq!(kinds, [Kind::WechatTrade, Kind::WechatFundFlow]);
    assert_eq!((records.len(), records[1].money.minor), (2, 700));
    // Headings that begin with nothing are no reason to take a row for headings.
    let blank = ",,,交易时间,微信订单号,交易状态,订单金额\n,,,2026-09-14 12:00:00,4200009,SUCCESS,7.00\n";
    assert_eq!(text(blank).1.len(), 1);
}

#[test]
fn a_word_that_nobody_knows_stops_nothing_and_counts_as_nothing() {
    let file = wechat(&[
        SALE,
        "`2026-09-14 09:13:05,`4200002,`SH2,`,`MYSTERY,`1.00,`0,`0.00,`",
        "`2026-09-14 09:14:05,`4200003,`SH3,`,`REFUND,`0.00,`503,`2.00,`LATER",
    ]);
    let (statement, records) = text(&file);
    let shown: Vec<_> = records
        .iter()
        .map(|record| (record.state, record.word.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            (State::Approved, None),
            (State::Unknown, Some("MYSTERY")),
            (State::Unknown, Some("LATER"))
        ]
    );
    assert_eq!(records[2].direction, Direction::Refund);
    assert_eq!(statement.parts[0].notes.words_unknown, 2);
}

#[test]
fn a_refund_is_no_sale_whatever_its_sign_and_a_closed_one_is_kept() {
    let allinpay = "终端号,交易时间,交易类型,交易批次号,交易金额,交易日期,交易单号,原交易单\n\
        99000001,09:00:10,消费,1,45.00,2026-09-14,1001,\n\
        99000001,09:10:10,退货,1,45.00,2026-09-14,1002,1001\n\
        99000001,09:20:10,微信退款,1,-5.00,2026-09-14,1003,1001\n\
        99000001,09:30:10,消费失败,1,9.00,2026-09-14,1004,\n";
    let (_, records) = text(allinpay);
    let shown: Vec<_> = records
        .iter()
        .map(|record| {
            (
                record.direction,
                record.state,
                record.money.minor,
                record.order_id.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (Direction::Sale, State::Approved, 4_500, Some("1001")),
            (Direction::Refund, State::Refunded, 4_500, Some("1001")),
            (Direction::Refund, State::Refunded, 500, Some("1001")),
            (Direction::Sale, State::Unknown, 900, Some("1004")),
        ]
    );
}

#[test]
fn an_alipay_refund_is_dated_when_it_was_done_and_signs_differ() {
    let head = "#支付宝业务明细查询\n支付宝交易号,商户订单号,业务类型,创建时间,完成时间,终端号,订单金额（元）,退款批次号\n";
    for sign in ["-", ""] {
        let file = format!(
            "{head}2026001\t,SH1\t,退款\t,2026-09-01 10:00:00,2026-09-14 22:31:47,\t,{sign}15.00,RQ1\t\n#退款合计：1笔\n"
        );
        let (statement, records) = text(&file);
        assert_eq!(
            (records[0].money.minor, records[0].state),
            (1_500, State::Refunded)
        );
        assert_eq!(
            records[0].at,
            jiff::civil::date(2026, 9, 14)
                .at(14, 31, 47, 0)
                .to_zoned(jiff::tz::TimeZone::UTC)
                .unwrap()
                .timestamp()
                .as_millisecond()
        );
        assert_eq!(records[0].key, "alipay:2026001:refund:RQ1");
        assert_eq!(records[0].terminal, None);
        assert!(statement.parts[0].checks[0].agrees());
    }
}

#[test]
fn a_bill_in_a_workbook_has_its_remarks_and_may_begin_with_an_empty_column() {
    let book = xlsx(&[
        vec!["#支付宝账务明细查询"],
        vec!["#起始日期：[2026年09月14日 00:00:00]   终止日期：[2026年09月15日 00:00:00]"],
        vec![
            "",
            "账务流水号",
            "业务流水号",
            "商户订单号",
            "发生时间",
            "收入金额（+元）",
            "支出金额（-元）",
            "业务类型",
            "备注",
        ],
        vec![
            "",
            "L1",
            "2026001",
            "SH1",
            "2026-09-14 08:30:00",
            "12.00",
            "",
            "在线支付",
            "",
        ],
        vec![
            "",
            "L2",
            "2026001",
            "SH1",
            "2026-09-14 09:30:00",
            "",
            "2.00",
            "交易退款",
            "退一件",
        ],
        vec![
            "",
            "L3",
            "2026001",
            "SH1",
            "2026-09-14 09:30:00",
            "",
            "0.07",
            "收费",
            "",
        ],
        vec!["#收入合计：1笔，共12.00元"],
        vec!["#支出合计：2笔，共-2.07元"],
    ]);
    let (statement, records) = read(&book).unwrap();
    let keys: Vec<&str> = records.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["alipay:2026001:sale", "alipay:line:L2"]);
    let part = &statement.parts[0];
    assert_eq!((part.passed_over, part.refused, part.checks.len()), (1, 0, 4));
    assert!(
        part.covers.is_some() && part.checks.iter().all(statement::Check::agrees),
        "{part:?}"
    );
}

#[test]
fn a_file_that_a_spreadsheet_saved_anew_keeps_what_it_can() {
    let file = "交易时间,微信订单号,商户订单号,设备号,交易状态,订单金额,微信退款单号,申请退款金额,退款状态\n\
        2026/9/14 9:12,4.2E+27,1.00E+33,990001,SUCCESS,\"1,020.00\",0,0,\n\
        2026/9/14 9:12,4.2E+27,1.00E+33,990001,SUCCESS,\"1,020.00\",0,0,\n";
    let (statement, records) = text(file);
    assert_eq!(records[0].certainty, Certainty::Minute);
    assert_eq!(records[0].money.minor, 102_000);
    assert_eq!((records[0].order_id.as_ref(), records.len()), (None, 2));
    assert_ne!(
        records[0].key, records[1].key,
        "without an identifier both are kept"
    );
    let notes = statement.parts[0].notes;
    assert_eq!(
        (notes.ids_destroyed, notes.seconds_missing, notes.without_id),
        (4, 2, 2)
    );
    let again = text(file).1;
    assert_eq!(again, records, "the same file twice says the same");
}

#[test]
fn a_long_number_of_a_workbook_is_no_identifier_and_days_are_read() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let heads = [
        "清算时间",
        "交易时间",
        "终端号",
        "交易类型",
        "交易金额",
        "检索号",
        "流水号",
        "交易方式",
    ];
    for (column, head) in (0..).zip(heads) {
        sheet.write_string(0, column, head).unwrap();
    }
    let day = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    for row in 1..4 {
        sheet.write_number(row, 0, 20_260_914.0).unwrap();
        sheet.write_string(row, 3, "消费").unwrap();
        sheet.write_number(row, 4, 0.1 + 0.2).unwrap();
        sheet.write_string(row, 6, "101").unwrap();
    }
    sheet
        .write_number_with_format(1, 1, 46_279.383_391_203_7, &day)
        .unwrap();
    sheet.write_number(2, 1, 46_279.383_391_203_7).unwrap();
    sheet.write_string(3, 1, "2026-09-14 09:12:05").unwrap();
    sheet.write_number(1, 2, 990_001.0).unwrap();
    sheet.write_string(2, 2, "00990001").unwrap();
    sheet.write_string(3, 2, "A0990001").unwrap();
    sheet.write_number(1, 5, 10_000_000_101.0).unwrap();
    sheet.write_number(2, 5, 6_222_020_200_112_233_445.0).unwrap();
    let (statement, records) = read(&book.save_to_buffer().unwrap()).unwrap();
    assert!(
        records
            .iter()
            .all(|record| record.at == records[0].at && record.money.minor == 30),
        "{records:?}"
    );
    let terminals: Vec<_> = records
        .iter()
        .map(|record| record.terminal.as_deref().unwrap())
        .collect();
    assert_eq!(terminals, ["00990001", "00990001", "A0990001"]);
    let orders: Vec<_> = records.iter().map(|record| record.order_id.as_deref()).collect();
    assert_eq!(orders, [Some("10000000101"), None, None]);
    assert_eq!(statement.parts[0].notes.ids_destroyed, 1);
}

#[test]
fn a_comma_that_shifts_the_columns_refuses_its_row() {
    let file = wechat(&[
        SALE,
        "`2026-09-14 09:12:05,`4200001,`SH,1,`00990001,`SUCCESS,`38.50,`0,`0.00,`x",
    ]);
    let (statement, records) = text(&file);
    assert_eq!(records.len(), 1);
    let refused = &statement.parts[0].refused_rows;
    assert_eq!((refused[0].row, refused[0].reason.code()), (3, "too_many_fields"));
    // What stands empty behind the last heading shifts nothing.
    assert_eq!(text(&wechat(&[&format!("{SALE},,")])).1.len(), 1);
}

#[test]
fn a_row_is_refused_by_its_number_and_its_column_and_the_rest_is_read() {
    let file = wechat(&[
        SALE,
        "`yesterday,`4200002,`SH2,`,`SUCCESS,`1.00,`0,`0.00,`",
        "`2026-09-14 09:12:05,`4200003,`SH2,`,`SUCCESS,`one,`0,`0.00,`",
        "`2026-09-14 09:12:05,`4200004,`SH2,`,`SUCCESS,`,`0,`,`",
        "`,`4200005,`SH2,`,`SUCCESS,`1.00,`0,`0.00,`",
        "`2026-09-14 09:12:05,`4200006,`SH2,`,`SUCCESS,`99999999999999.00,`0,`0.00,`",
        "`2026-09-14 09:12:05,`4200007,`SH2,`,`SUCCESS,`1.005,`0,`0.00,`",
        REFUND,
    ]);
    let (statement, records) = text(&file);
    assert_eq!(records.len(), 2);
    let refused: Vec<_> = statement.parts[0]
        .refused_rows
        .iter()
        .map(|refused| (refused.row, refused.reason.clone()))
        .collect();
    assert_eq!(
        refused,
        [
            (3, Reason::Time("交易时间".into())),
            (4, Reason::Amount("订单金额".into())),
            (5, Reason::Blank("申请退款金额".into())),
            (6, Reason::Blank("交易时间".into())),
            (7, Reason::TooLarge("订单金额".into())),
            (8, Reason::Amount("订单金额".into())),
        ]
        .map(|(row, reason)| (
            row,
            if row == 5 {
                Reason::Blank("订单金额".into())
            } else {
                reason
            }
        ))
    );
}

#[test]
fn names_in_a_zip_may_be_gbk_and_summaries_are_passed_over() {
    let (statement, _) = read(&sample("alipay-detail.zip")).unwrap();
    assert_eq!(statement.parts.len(), 1);
    let name = statement.parts[0].name.as_deref().unwrap();
    assert!(name.ends_with("_业务明细.csv"), "{name}");
    let other = zipped(&[
        ("read me.txt", b"hello"),
        ("folder/bill.csv", wechat(&[SALE]).as_bytes()),
    ]);
    let (statement, records) = read(&other).unwrap();
    assert_eq!(
        (records.len(), statement.passed_over.as_slice()),
        (1, ["read me.txt".to_owned()].as_slice())
    );
    assert_eq!(statement.parts[0].name.as_deref(), Some("bill.csv"));
}

#[test]
fn a_months_zip_has_a_table_for_each_day() {
    let other = SALE.replace("4200001", "4200009");
    let zip = zipped(&[
        ("1.csv", wechat(&[SALE]).as_bytes()),
        ("2.csv", wechat(&[&other]).as_bytes()),
    ]);
    let (statement, records) = read(&zip).unwrap();
    assert_eq!((statement.parts.len(), records.len()), (2, 2));
    assert_eq!((records[0].row, records[1].row), (2, 2));
}

#[test]
fn a_personal_bill_says_which_file_is_wanted() {
    for (file, wanted) in [
        (
            "微信支付账单明细,,\n----------------------,\n交易时间,交易类型,交易对方,金额(元)\n",
            "交易账单",
        ),
        (
            "------\n支付宝（中国）网络技术有限公司  电子客户回单\n交易时间,交易分类,金额\n",
            "业务明细",
        ),
    ] {
        let error = read(file.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::Personal(_)), "{error}");
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

#[test]
fn square_asks_for_its_currency_and_keeps_to_its_zone() {
    let file = "Date,Time,Time Zone,Total Collected,Card,Cash,Transaction ID,Event Type,Transaction Status,Partial Refunds\n\
        9/14/26,9:15:00 AM,Eastern Time (US & Canada),$15.06,$15.06,$0.00,TX1,Payment,Complete,-$5.06\n\
        2026-12-14,09:15:00,Eastern Time (US & Canada),-$5.06,-$5.06,$0.00,TX2,Refund,Pending,$0.00\n\
        2026-11-01,01:30:00,Eastern Time (US & Canada),$3.00,$0.00,$3.00,TX3,Payment,Complete,$0.00\n\
        2026-09-14,09:15:00,Somewhere,$1.00,$1.00,$0.00,TX4,Payment,Complete,$0.00\n";
    let error = read_with(file.as_bytes(), &statement::Options::default()).unwrap_err();
    assert_eq!(error, Error::Needs(Setting::Currency));
    let (statement, records) = text(file);
    let hour = |at: i64| jiff::Timestamp::from_millisecond(at).unwrap().to_string()[11..16].to_owned();
    assert_eq!(
        (hour(records[0].at), hour(records[1].at)),
        ("13:15".to_owned(), "14:15".to_owned())
    );
    assert_eq!(
        (records[0].money.minor, records[1].state),
        (1_506, State::Pending)
    );
    assert_eq!(
        (records[2].certainty, records[2].method),
        (Certainty::Hour, Method::Cash)
    );
    assert_eq!(
        statement.parts[0].refused_rows[0].reason,
        Reason::Zone("Time Zone".into())
    );
}

#[test]
fn stripes_times_are_utc_yen_are_whole_and_columns_are_added() {
    let file = "id,Description,Created (UTC),Amount,Amount Refunded,Currency,Status,Refunded date (UTC),New column\n\
        ch_1,,2026-09-14 16:59,\"1,000.00\",'-70,usd,Paid,2026-09-15 00:00:00,x\n\
        ch_2,,2026-09-14 16:59:00,500,0,jpy,Requires capture,,x\n\
        ,,2026-09-14 16:59:00,500,0,jpy,Canceled,,x\n\
        ch_3,,2026-09-14 16:59:00,5.00,5.00,eur,Refunded,,x\n";
    let (statement, records) = text(file);
    assert_eq!(statement.parts[0].passed_over, 1);
    let shown: Vec<_> = records
        .iter()
        .map(|record| (record.money.minor, record.state, record.certainty))
        .collect();
    assert_eq!(
        shown,
        [
            (100_000, State::Approved, Certainty::Minute),
            (7_000, State::Refunded, Certainty::Second),
            (500, State::Unknown, Certainty::Second),
            (500, State::Approved, Certainty::Second),
            (500, State::Refunded, Certainty::Day),
        ]
    );
}

#[test]
fn sumup_is_read_in_german_and_asks_for_what_it_does_not_say() {
    let file = "Datum;Transaktions-ID;Transaktionsart;Status;Letzte 4 Ziffern;Gesamt;Zahlungsart\n\
        14.09.2026, 09:15;TX1;Umsatz;Erfolgreich;**** **** **** 1234;1.234,56;Karte\n\
        14.09.2026, 10:15;TX2;Rückerstattung;Erfolgreich;;-34,56;Karte\n\
        14.09.2026, 11:15;TX3;Umsatz;Fehlgeschlagen;;5,00;Bar\n";
    let mut options = crate::kit::dollars();
    assert_eq!(
        read_with(file.as_bytes(), &options).unwrap_err(),
        Error::Needs(Setting::Zone)
    );
    options.zone = Some(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
    let (_, records) = read_with(file.as_bytes(), &options).unwrap();
    let shown: Vec<_> = records
        .iter()
        .map(|record| {
            (
                record.money.minor,
                record.state,
                record.method,
                record.card.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (123_456, State::Approved, Method::Card, Some("****1234")),
            (3_456, State::Refunded, Method::Other, None),
            (500, State::Failed, Method::Cash, None),
        ]
    );
    assert!(
        jiff::Timestamp::from_millisecond(records[0].at)
            .unwrap()
            .to_string()
            .contains("07:15")
    );
}

#[test]
fn what_became_of_the_money_is_said_only_where_a_row_says_it() {
    let fates = |text_of: &str| -> Vec<(Option<&str>, Option<String>)> {
        let (_, records) = text(text_of);
        let at = |ms: i64| jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
        let fate =
            |record: &statement::Record| (record.fate.map(statement::Fate::code), record.fate_at.map(at));
        records.iter().map(fate).collect()
    };
    let adyen = "Psp Reference,Payment Method,Booking Date,TimeZone,Main Currency,Main Amount,Record Type,Modification Psp Reference\n\
        P1,visa,2026-09-14 09:15:01,CET,EUR,12.00,Authorised,\n\
        P3,mc,2026-09-14 09:20:00,CET,EUR,9.00,Settled,\n\
        P3,mc,2026-09-15 09:20:00,CET,EUR,9.00,Chargeback,M3\n";
    let at = |at: &str| Some(at.to_owned());
    assert_eq!(
        fates(adyen),
        [
            (None, None),
            (Some("settled"), at("2026-09-14T08:20:00Z")),
            (Some("charged_back"), at("2026-09-15T08:20:00Z")),
        ]
    );
    let ums = "清算时间,交易时间,终端号,检索号,交易类型,交易金额\n\
        20260915,2026-09-14 20:00:00,10450001,123456789012N,消费,10.00\n\
        没有,2026-09-14 20:01:00,10450001,123456789013N,联机退货,-10.00\n";
    assert_eq!(
        fates(ums),
        [(Some("settled"), at("2026-09-14T16:00:00Z")), (None, None)]
    );
    let wechat = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),业务凭证号\n\
        2026-09-14 20:00:00,42,1,支付,交易,收入,10.00,SH1\n\
        2026-09-14 20:01:00,43,2,退款,退款,支出,10.00,SH1\n\
        2026-09-14 20:02:00,43,3,退款,退款关闭,收入,10.00,SH1\n";
    assert_eq!(
        fates(wechat),
        [
            (Some("settled"), at("2026-09-14T12:00:00Z")),
            (Some("settled"), at("2026-09-14T12:01:00Z")),
            (None, None),
        ]
    );
}

#[test]
fn of_a_payments_many_rows_adyen_gives_one_sale() {
    let file = "Psp Reference,Payment Method,Booking Date,TimeZone,Main Currency,Main Amount,Record Type,Modification Psp Reference,Unique Terminal ID\n\
        P1,visa,2026-09-14 09:15:00,CEST,EUR,12.00,Received,,V400m-1\n\
        P1,visa,2026-09-14 09:15:01,CEST,EUR,12.00,Authorised,,V400m-1\n\
        P1,visa,2026-09-15 09:15:00,CEST,EUR,12.00,SentForSettle,,V400m-1\n\
        P1,visa,2026-09-16 09:15:00,CEST,EUR,12.00,Settled,,V400m-1\n\
        P1,visa,2026-09-17 09:15:00,CEST,EUR,2.00,Refunded,M1,V400m-1\n\
        P1,visa,2026-09-17 09:16:00,CEST,EUR,3.00,Refunded,M2,V400m-1\n\
        P2,alipay_hk,2026-09-14 09:20:00,CEST,EUR,9.00,Refused,,V400m-1\n\
        P3,mc,2026-09-14 09:20:00,CEST,EUR,9.00,Settled,,V400m-1\n\
        P3,mc,2026-09-14 09:20:00,CST,EUR,9.00,Chargeback,,V400m-1\n";
    let (statement, records) = text(file);
    let shown: Vec<_> = records
        .iter()
        .map(|record| (record.key.as_str(), record.row, record.method))
        .collect();
    assert_eq!(
        shown,
        [
            ("adyen:P1:sale", 3, Method::Card),
            ("adyen:P1:refunded:M1", 6, Method::Card),
            ("adyen:P1:refunded:M2", 7, Method::Card),
            ("adyen:P2:failed", 8, Method::Alipay),
            ("adyen:P3:sale", 9, Method::Card),
        ]
    );
    assert_eq!(
        (statement.parts[0].passed_over, statement.parts[0].refused),
        (3, 1)
    );
}

#[test]
fn the_other_layouts_of_unionpay_are_read_and_an_uncertain_day_says_so() {
    let wide = "商户对账单\n商户：某店\n商户号,交易日期,交易时间,终端号,交易类型,交易金额,参考号,退货订单号,卡号\n\
        898000000000001,20260914,090102,990001,消费,88.00,260914000001,,622200******0001\n\
        合计,,,,,88.00,,,\n";
    let (statement, records) = text(wide);
    assert_eq!(statement.parts[0].kind, Kind::ChinaumsWide);
    assert_eq!(
        (records[0].certainty, records[0].terminal.as_deref()),
        (Certainty::Second, Some("00990001"))
    );
    assert_eq!((records.len(), statement.parts[0].refused), (1, 0));
    let narrow = "清算日期,交易日期时间,商编,终端,交易类型,交易金额,参考号\n20260915,90102,898000000000001,00990001,消费,88.00,260914000001\n";
    let (statement, records) = text(narrow);
    assert_eq!(statement.parts[0].kind, Kind::ChinaumsNarrow);
    assert_eq!(
        (records[0].certainty, statement.parts[0].notes.day_uncertain),
        (Certainty::Day, 1)
    );
    let portal = "商户代码,银联系统日期,订单号,交易金额（元）,交易状态\n\
        898000000000001,2026-09-14,OD1,88.00,交易成功\n\
        898000000000001,2026-09-14,OD2,88.00,交易失败\n\
        898000000000001,2026-09-14,OD3,88.00,处理中\n";
    let (statement, records) = text(portal);
    assert_eq!(statement.parts[0].kind, Kind::UnionpayPortal);
    let states: Vec<_> = records.iter().map(|record| record.state).collect();
    assert_eq!(states, [State::Approved, State::Failed, State::Unknown]);
    assert_eq!(statement.parts[0].notes.without_id, 3);
}

#[test]
fn two_files_that_overlap_add_each_payment_once() {
    use std::collections::HashSet;
    let day = |number: u32| format!("2026/9/{number} 9:12,,,00990001,SUCCESS,12.00,0,0,");
    let overlapping = |days: &[u32]| {
        let rows: Vec<String> = days.iter().map(|number| day(*number)).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        text(&wechat(&rows))
            .1
            .into_iter()
            .map(|record| record.key)
            .collect::<HashSet<_>>()
    };
    // On the 15th there were two of the same amount in one minute, and neither has an identifier.
    let (first, second) = (overlapping(&[14, 15, 15]), overlapping(&[15, 15, 16]));
    assert_eq!((first.len(), second.len()), (3, 3));
    assert_eq!(first.union(&second).count(), 4);
}

#[test]
fn a_mapping_reads_what_no_layout_knows() {
    let file = "拉卡拉交易明细\n终端编号|交易日期|交易时间|交易类型|交易金额(分)|参考号|流水号|卡号|支付方式|状态\n\
        00990001|2026-09-14|09:00:01|消费|1200|R1|S1|6222020200112233|刷卡|成功\n\
        00990001|2026-09-14|09:10:01|退货|200|R1|S2||微信|处理中\n\
        00990001|2026-09-14|09:20:01|手续费|1|R1|S3|||成功\n\
        00990001|2026-09-14|09:30:01|其他|1|R1|S4|||成功\n\
        合计||||1402|||||\n";
    assert_eq!(read(file.as_bytes()).unwrap_err(), Error::NotRecognised);
    let mapping = statement::guess(std::io::Cursor::new(file), "拉卡拉").unwrap();
    let written = serde_json::to_string(&mapping).unwrap();
    let options = statement::Options {
        mapping: Some(serde_json::from_str(&written).unwrap()),
        ..statement::Options::default()
    };
    let (statement, records) = read_with(file.as_bytes(), &options).unwrap();
    let shown: Vec<_> = records
        .iter()
        .map(|record| {
            (
                record.key.as_str(),
                record.money.minor,
                record.state,
                record.method,
                record.card.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (
                "mapped:拉卡拉:S1:sale",
                1_200,
                State::Approved,
                Method::Card,
                Some("622202******2233")
            ),
            (
                "mapped:拉卡拉:S2:refund",
                200,
                State::Pending,
                Method::Wechat,
                None
            ),
            ("mapped:拉卡拉:S4:sale", 1, State::Unknown, Method::Other, None),
        ]
    );
    assert_eq!(
        (statement.parts[0].passed_over, records[2].word.as_deref()),
        (1, Some("其他"))
    );

    let moved = "交易金额(分)|交易类型|状态|终端编号|交易日期|交易时间|参考号|流水号|卡号|支付方式\n\
        700|消费|成功|00990001|2026-09-15|09:00:01|R9|S9||微信\n";
    let (_, records) = read_with(format!("{file}{moved}").as_bytes(), &options).unwrap();
    assert_eq!(
        (records.len(), records[3].money.minor, records[3].key.as_str()),
        (4, 700, "mapped:拉卡拉:S9:sale")
    );

    let mut missing = options.clone();
    missing.mapping.as_mut().unwrap().columns.terminal = Some("机号".to_owned());
    let error = read_with(file.as_bytes(), &missing).unwrap_err();
    assert_eq!(error.to_string(), "it looks like mapped, but has no column 机号");
    let mut down = options;
    down.mapping.as_mut().unwrap().header_row = Some(2);
    assert_eq!(read_with(file.as_bytes(), &down).unwrap().1.len(), 3);
    let far = format!("{}{file}", "说明\n".repeat(60));
    down.mapping.as_mut().unwrap().header_row = Some(62);
    assert_eq!(read_with(far.as_bytes(), &down).unwrap().1.len(), 3);
}

#[test]
fn no_error_and_no_refusal_repeats_what_stands_in_a_cell() {
    let secret = "6222020200112233445";
    let rows = [
        format!("`{secret},`1,`2,`3,`SUCCESS,`1.00,`0,`0,`"),
        format!("`2026-09-14 09:12:05,`1,`2,`3,`SUCCESS,`{secret}x,`0,`0,`"),
        format!("`2026-09-14 09:12:05,`1,`2,`3,`{secret},`1.00,`0,`0,`"),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (statement, records) = text(&wechat(&rows));
    assert_eq!((statement.parts[0].refused, records.len()), (2, 1));
    let all = format!(
        "{statement:?} {records:?} {}",
        statement.parts[0].refused_rows[0].reason
    );
    assert!(!all.contains(secret) && !all.contains("2020200112"), "{all}");
}
