//! The program as the server runs it: a job on standard input, a PDF or a line of JSON, within the limits.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const SIGNAL_ABORT: i32 = 6;
const SIGNAL_CPU: i32 = 24;

fn run(job: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tillguard-documents"))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let job = job.to_vec();
    // It may end before it has read all.
    let writer = std::thread::spawn(move || stdin.write_all(&job).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn pdf(job: &Value) -> Vec<u8> {
    let output = run(job.to_string().as_bytes());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
    assert!(output.stdout.starts_with(b"%PDF-"));
    output.stdout
}

fn refused(output: &Output) -> (Option<i32>, Value) {
    assert!(output.stdout.is_empty());
    (
        output.status.code(),
        serde_json::from_slice(&output.stderr).unwrap(),
    )
}

fn text(template: &str) -> Value {
    json!({ "template_text": template, "language": "en", "time": "2026-11-27T04:03:45Z", "data": {} })
}

fn packet(language: &str, rows: usize, change: impl FnOnce(&mut Value)) -> Value {
    let row = |index: usize| {
        json!({
            "at": format!("2026-11-27 10:{:02}:{:02}", index / 60 % 60, index % 60), "kind": "purchase",
            "card": "622202******0000", "amount": "CNY 1,234.00", "decision": "approved", "operator": "02",
            "peer": "203.0.113.7:44321", "proof": "unproven", "repeated": null
        })
    };
    let rows: Vec<Value> = (0..rows).map(row).collect();
    let mut data = json!({
        "number": "ABCD2345", "made_at": "2026-11-27 12:03 (UTC+08:00)", "zone": "Asia/Shanghai", "outside": false,
        "incident": {
            "manner": "stolen", "reported_by": "李娜", "reported_at": "2026-11-27 11:00:00", "last_seen_at": null, "place": null,
            "circumstances": null, "stop": "stopped", "stopped_at": "2026-11-27 11:00:00", "stop_requested_at": null,
            "stop_confirmation": null, "last_heard": null, "at_provider": null, "found_at": null, "found_as": null,
            "window_from": "2026-11-27 09:58:00", "window_to": "2026-11-27 11:00:00", "window_basis": "reported_only"
        },
        "terminal": {
            "model": "PAX A920", "serial": "PAX9200012345", "tusn": null, "terminal_id": "T0000001", "name": "前台",
            "location": null, "purchased_on": null, "purchased_from": null, "price": null
        },
        "merchant": { "merchant_id": "104310058120001", "name": "城南小吃", "credit_code": null },
        "shop": { "name": "城南店", "address": "上海市黄浦区南京东路 1 号" },
        "evidence": [
            { "kind": "stop_letter", "format": "text/plain; UTF-8", "sha256": "a3".repeat(32) },
            { "kind": "file", "name": "受案回执（扫描件）.pdf", "format": "application/pdf", "size": 482_113, "sha256": "b4".repeat(32),
                "sent_sha256": null },
            { "kind": "file", "name": null, "format": "image/jpeg", "size": 20_971_520, "sha256": "c5".repeat(32),
                "sent_sha256": "d6".repeat(32) },
            { "kind": "stated", "name": "监控 12 号机.mp4", "format": "application/octet-stream", "size": 734_003_200,
                "sha256": "e7".repeat(32), "sent_sha256": null }
        ],
        "window": { "count": rows.len(), "cut": false, "approved": [], "operators": [], "rows": rows },
        "after": { "count": 0, "cut": false, "rows": [] },
        "marked": { "cut": false, "rows": [] }
    });
    change(&mut data);
    json!({ "template": "police_packet", "language": language, "time": "2026-11-27T04:03:45Z", "data": data })
}

fn pages(pdf: &[u8]) -> usize {
    // Every page has a dictionary of its own, and those are not packed in PDF/A-2b of this writer.
    let text = String::from_utf8_lossy(pdf);
    text.matches("/Type/Page").count() - text.matches("/Type/Pages").count()
}

#[test]
fn the_same_job_makes_the_same_bytes_and_another_time_makes_others() {
    for language in ["zh", "en"] {
        let job = packet(language, 3, |_| ());
        let first = pdf(&job);
        assert!(first == pdf(&job), "{language}");
        let mut later = job;
        later["time"] = json!("2026-11-27T04:03:46Z");
        assert!(first != pdf(&later), "{language}");
    }
}

#[test]
fn each_manner_is_set_in_both_languages() {
    for language in ["zh", "en"] {
        for manner in ["stolen", "lost", "unsure", "tampered"] {
            pdf(&packet(language, 0, |data| {
                data["incident"]["manner"] = json!(manner)
            }));
        }
        for stop in ["requested", "confirmed"] {
            pdf(&packet(language, 0, |data| {
                data["outside"] = json!(true);
                data["incident"]["stop"] = json!(stop);
                data["incident"]["stop_requested_at"] = json!("2026-11-27 11:00:00");
                data["incident"]["stop_confirmation"] =
                    json!({ "reference": "GS-1", "by": "0317", "at": "2026-11-27 11:20:00 (UTC+08:00)" });
            }));
        }
    }
}

#[test]
fn what_people_say_of_payments_is_set_with_its_reasons() {
    let row = |nth: usize| {
        let in_statement = json!({ "number": 1, "payment": nth });
        json!({
            "at": "2026-11-27 10:12:00", "kind": "refund", "state": "approved", "card": "622200******0001", "amount": "CNY 4800.00",
            "is_certain": nth.is_multiple_of(2), "said": "fraudulent", "at_gate": nth.is_multiple_of(3),
            "in_statement": (!nth.is_multiple_of(3)).then_some(in_statement),
            "reasons": ["退款 CNY 4800.00，找不到对应的销售", "是这台终端中位数的 96.0 倍"]
        })
    };
    for language in ["zh", "en"] {
        let set = |rows: usize| {
            pdf(&packet(language, 0, |data| {
                data["marked"]["rows"] = (0..rows).map(row).collect();
                let file = json!({ "kind": "statement", "name": "9月账单.csv", "format": "wechat-trade", "size": 12_345,
                    "sha256": "f8".repeat(32), "sent_sha256": null });
                data["evidence"].as_array_mut().unwrap().push(file);
            }))
        };
        assert!(pages(&set(200)) >= pages(&set(0)) + 5, "{language}");
    }
}

/// With this in it: Typst fails of what is not given, and of what a function does not know.
#[test]
fn all_that_may_be_known_is_set_in_both_languages() {
    for language in ["zh", "en"] {
        let shortest = pages(&pdf(&packet(language, 0, |_| ())));
        let told = packet(language, 2, |data| {
            let incident = &mut data["incident"];
            incident["found_at"] = json!("2026-11-28 09:00:00 (UTC+08:00)");
            incident["found_as"] = json!("recovered");
            incident["at_provider"] = json!("last seen 2026-11-27T02:40:00Z, 203.0.113.7");
            incident["last_heard"] = json!({ "at": "2026-11-27 10:58:00 (UTC+08:00)", "peer": "203.0.113.7:44321", "proof": "unproven" });
            let operator = json!({ "operator": "02", "first": "2026-11-27 10:00:00 (UTC+08:00)", "last": "2026-11-27 10:58:00 (UTC+08:00)" });
            data["window"]["operators"] = json!([operator]);
            data["window"]["cut"] = json!(true);
            data["after"] = data["window"].clone();
            data["after"]["rows"][0]["repeated"] = json!(40);
        });
        let found = pages(&pdf(&told));
        assert_eq!(found, shortest - 1, "no letter of authority: {language}");
    }
}

fn sheet(language: &str, rows: usize) -> Value {
    let long = "很长的一句话 and a long one ".repeat(40);
    let row = |nth: usize| {
        json!([
            format!("duty {nth}"),
            "done",
            "2026-11-27 11:00:00 (UTC+08:00)",
            "李娜",
            &long
        ])
    };
    let data = json!({
        "title": "Closing report", "number": "ABCD2345", "made_at": "2026-11-27 12:03 (UTC+08:00)", "zone": "Asia/Shanghai",
        "note": "A note.",
        "sections": [
            { "title": "Facts", "facts": [{ "name": "serial number", "said": "S".repeat(200) }, { "name": "device value", "said": null }], "list": null },
            { "title": "None", "facts": [], "list": { "columns": ["a", "b"], "widths": [4, 3], "rows": [], "none": "None was brought." } },
            { "title": "Duties", "facts": [], "list": {
                "columns": ["duty", "state", "when", "by", "shown by"], "widths": [6, 3, 4, 3, 5],
                "rows": (0..rows).map(row).collect::<Vec<_>>(), "none": "-" } },
        ],
        "signatures": ["Closed by", "Date"],
    });
    json!({ "template": "fact_sheet", "language": language, "time": "2026-11-27T04:03:45Z", "data": data })
}

#[test]
fn a_sheet_of_facts_is_set_in_both_languages_however_much_there_is() {
    for language in ["zh", "en"] {
        let few = pages(&pdf(&sheet(language, 0)));
        let many = pages(&pdf(&sheet(language, 60)));
        assert!(few == 1 && many > 10, "{few} {many}");
    }
}

fn letter(language: &str, payments: usize, change: impl FnOnce(&mut Value)) -> Value {
    let examples: Value =
        serde_json::from_str(include_str!("../templates/inquiry_letter.example.json")).unwrap();
    let mut data = examples["all"].clone();
    data["payments"] = vec![data["payments"][0].clone(); payments].into();
    change(&mut data);
    json!({ "template": "inquiry_letter", "language": language, "time": "2026-11-27T04:03:45Z", "data": data })
}

#[test]
fn a_letter_is_set_in_both_languages_however_much_it_says_and_none_of_it_is_markup() {
    let wild = "#read(\"/etc/passwd\") *a* $x$ ] \\ #panic() @b <c>";
    for language in ["zh", "en"] {
        for manner in ["stolen", "lost", "unsure", "tampered"] {
            let few = letter(language, 0, |data| data["incident"]["manner"] = json!(manner));
            assert_eq!(pages(&pdf(&few)), 1, "{language} {manner}");
        }
        let many = letter(language, 100, |data| {
            data["to"] = json!(wild);
            data["questions"] = json!(vec![wild.repeat(8); 20]);
            data["payments"][0]["reference"] = json!("R".repeat(200));
        });
        assert!(pages(&pdf(&many)) > 3, "{language}");
    }
}

fn example(template: &Value, of: &str, known: &str, language: &str) -> Value {
    let mut job = json!({ "language": language, "time": "2026-03-02T13:00:00Z", "example": { "of": of, "known": known } });
    let (name, said) = template.as_object().unwrap().iter().next().unwrap();
    job[name] = said.clone();
    job
}

#[test]
fn each_template_is_set_with_invented_data_and_its_pages_say_so() {
    for of in ["police_packet", "fact_sheet", "inquiry_letter"] {
        let source = format!("{}/templates/{of}.typ", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(source).unwrap();
        for known in ["all", "few"] {
            for language in ["zh", "en"] {
                let built_in = pdf(&example(&json!({ "template": of }), of, known, language));
                let own = pdf(&example(&json!({ "template_text": text }), of, known, language));
                assert_eq!(pages(&built_in), pages(&own), "{of} {known} {language}");
            }
        }
    }
    // What is wrong in a line is named by the line that its writer sees.
    let wrong = example(
        &json!({ "template_text": "a\nb\n#sys.inputs.data.none" }),
        "fact_sheet",
        "all",
        "en",
    );
    let (_, said) = refused(&run(wrong.to_string().as_bytes()));
    assert!(
        said["message"].as_str().unwrap().starts_with("line 3: "),
        "{said}"
    );
    let both = json!({ "template": "fact_sheet", "language": "en", "time": "2026-03-02T13:00:00Z", "data": {},
        "example": { "of": "fact_sheet", "known": "all" } });
    for job in [
        both,
        example(&json!({ "template": "fact_sheet" }), "fact_sheet", "some", "en"),
    ] {
        assert_eq!(refused(&run(job.to_string().as_bytes())).0, Some(64));
    }
    let unknown = example(&json!({ "template_text": "a" }), "letter", "all", "en");
    assert_eq!(refused(&run(unknown.to_string().as_bytes())).0, Some(65));
}

#[test]
fn two_hundred_transactions_take_pages_of_their_own() {
    let few = pages(&pdf(&packet("zh", 1, |_| ())));
    let many = pages(&pdf(&packet("zh", 200, |_| ())));
    assert!(few > 4 && many >= few + 3, "{few} {many}");
}

#[test]
fn a_character_that_no_font_has_is_named_wherever_it_stands() {
    for character in ['\u{16A0}', '\u{1F600}'] {
        let job = packet("zh", 1, |data| {
            data["incident"]["reported_by"] = json!(format!("李{character}"))
        });
        let (status, said) = refused(&run(job.to_string().as_bytes()));
        assert_eq!((status, &said["code"]), (Some(67), &json!("missing_glyph")));
        assert_eq!(said["character"], json!(character));
    }
}

#[test]
fn rare_characters_of_names_are_set() {
    // Of CJK Extension A, of plane 2, and of GBK beyond GB 2312; in bold, too, which has GB 2312 alone.
    for name in ["㛃", "䶮", "𠮷", "喆"] {
        pdf(&packet("zh", 1, |data| {
            data["incident"]["reported_by"] = json!(name)
        }));
        pdf(&text(&format!("#set text(font: \"Noto Sans CJK SC\")\n*{name}*")));
    }
}

#[test]
fn what_people_write_is_words_and_never_markup() {
    let wild = "#read(\"/etc/passwd\") *a* $x$ ] \\ #panic() @b <c>";
    pdf(&packet("en", 1, |data| {
        data["incident"]["circumstances"] = json!(wild);
        data["merchant"]["name"] = json!("很长的名字".repeat(60));
        data["terminal"]["serial"] = json!("S".repeat(200));
    }));
}

#[test]
fn a_template_reaches_no_file_and_no_package() {
    for template in [
        "#read(\"/etc/passwd\")",
        "#read(\"Cargo.toml\")",
        "#include \"other.typ\"",
        "#image(\"/etc/hostname\")",
        "#import \"@preview/cetz:0.3.4\"",
        "#plugin(\"/etc/passwd\")",
    ] {
        let (status, said) = refused(&run(text(template).to_string().as_bytes()));
        assert_eq!(
            (status, &said["code"]),
            (Some(66), &json!("not_set")),
            "{template}"
        );
    }
}

#[test]
fn what_is_no_job_is_refused() {
    let both = json!({ "template": "police_packet", "template_text": "a", "language": "en", "time": "2026-11-27T04:03:45Z", "data": {} });
    for job in [
        "",
        "{}",
        &both.to_string(),
        &text("a").to_string().replace("\"en\"", "\"fr\""),
    ] {
        let (status, said) = refused(&run(job.as_bytes()));
        assert_eq!((status, &said["code"]), (Some(64), &json!("not_a_job")), "{job}");
    }
    let other = text("a")
        .to_string()
        .replace("\"template_text\":\"a\"", "\"template\":\"../../etc/passwd\"");
    assert_eq!(refused(&run(other.as_bytes())).0, Some(65));
    let long = vec![b' '; documents::JOB_LEN_MAX + 1];
    assert_eq!(refused(&run(&long)).0, Some(68));
    let endless = text("#for _ in range(300) { pagebreak() }");
    assert_eq!(refused(&run(endless.to_string().as_bytes())).0, Some(68));
}

#[test]
fn a_template_that_never_ends_is_ended() {
    let started_at = Instant::now();
    let output = run(
        text("#let f(n) = { let i = 0\nwhile true { i = calc.rem(i + n, 7) } }\n#f(1)")
            .to_string()
            .as_bytes(),
    );
    // Typst itself ends a plain loop; one that goes deeper meets the system.
    let ended = output.status.signal() == Some(SIGNAL_CPU) || output.status.code() == Some(66);
    assert!(ended && output.stdout.is_empty(), "{:?}", output.status);
    // Before whoever asks has waited for as long as a document may take.
    let nested = "#let f(n) = { let s = 0\nfor i in range(9000) { for j in range(9000) { s = calc.rem(s + j, 7) } }\ns }\n#f(1)";
    let output = run(text(nested).to_string().as_bytes());
    assert_eq!(
        output.status.signal(),
        Some(SIGNAL_CPU),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.stdout.is_empty());
    assert!(started_at.elapsed() < Duration::from_secs(120));
}

#[test]
fn a_template_that_takes_two_gigabytes_is_ended() {
    let greedy = "#let a = \"0123456789abcdef\" * 134217728\n#a.len()";
    let output = run(text(greedy).to_string().as_bytes());
    assert!(output.stdout.is_empty());
    assert_eq!(
        output.status.signal(),
        Some(SIGNAL_ABORT),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Of each thread of a program: the policy that the system schedules it by (proc_pid_stat(5), field 41).
#[cfg(target_os = "linux")]
fn policies(pid: u32) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let policy = |thread: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(thread.unwrap().path().join("stat")).unwrap();
        // The second field is a name in brackets, which may hold anything.
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        fields.split(' ').nth(41 - 3).unwrap().to_owned()
    };
    threads.map(policy).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn an_idle_one_runs_with_all_of_it_when_little_else_wants_to() {
    const SCHED_OTHER: &str = "0";
    const SCHED_IDLE: &str = "5";
    for (arguments, policy) in [(&["idle"][..], SCHED_IDLE), (&[], SCHED_OTHER)] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tillguard-documents"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // More than the system holds for it: whoever has written all knows that it reads, and it reads within its limits.
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&vec![b' '; 1 << 20]).unwrap();
        assert_eq!(policies(child.id()), [policy; 2]);
        drop(stdin);
        child.wait().unwrap();
    }
}

#[test]
fn a_picture_is_made_anew_within_the_limits_and_what_is_none_is_refused() {
    // A build that is not optimised takes seconds for what a telephone takes; a release does not.
    let seen = image::RgbImage::from_fn(3_000, 600, |x, y| {
        let of = |at: u32| u8::try_from(at % 251).unwrap();
        image::Rgb([of(x), of(y), of(x ^ y)])
    });
    let mut sent = documents::PICTURE_JOB.to_vec();
    image::codecs::jpeg::JpegEncoder::new(&mut sent)
        .encode_image(&seen)
        .unwrap();
    let output = run(&sent);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
    let made = image::load_from_memory(&output.stdout).unwrap();
    assert_eq!((made.width(), made.height()), (2_560, 512));
    let none = [documents::PICTURE_JOB, b"GIF89a"].concat();
    assert_eq!(refused(&run(&none)).0, Some(66));
    let mut long = documents::PICTURE_JOB.to_vec();
    long.resize(documents::INPUT_LEN_MAX + 1, b' ');
    assert_eq!(refused(&run(&long)).0, Some(68));
}
