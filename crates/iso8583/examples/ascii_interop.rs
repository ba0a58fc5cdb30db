//! Lines in, lines out: lets another implementation check this one in both directions.
//!
//! `ascii_interop pack|unpack [--profile ascii|ascii-binary|unionpay]` (`ascii` unless told otherwise).
//!
//! * `pack` reads lines `MTI n=value n=value …` and prints each message in hexadecimal.
//! * `unpack` reads messages in hexadecimal and prints `MTI n=value …` sorted by field.
//!
//! Values of binary fields are written `hex:…`, in upper case when printed. So is any text that has a space, a control
//! character or a character beyond ASCII, or that begins with `hex:`. Each line in gives one line out; a line that
//! cannot be done gives `error: …` and in the end the exit code 1.
//!
//! For made-up messages only: unlike the crate, this program prints every field. Never give it real card data.

use std::error::Error;
use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

use iso8583::{Kind, Message, Mti, Profile, Writer, ascii, unionpay};

/// The longest message in hexadecimal, and no line is longer.
const LINE_BYTES_MAX: u64 = 2 * 65_536;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (verb, profile) = match words[..] {
        [verb] => (verb, "ascii"),
        [verb, "--profile", profile] | ["--profile", profile, verb] => (verb, profile),
        _ => return Err("usage: pack|unpack [--profile ascii|ascii-binary|unionpay]".into()),
    };
    let profile: &'static Profile = match profile {
        "ascii" => &ascii::ISO1987,
        "ascii-binary" => &ascii::ISO1987_BINARY,
        "unionpay" => &unionpay::POS,
        other => return Err(format!("no profile {other}").into()),
    };
    let answer = match verb {
        "pack" => pack,
        "unpack" => unpack,
        other => return Err(format!("no verb {other}").into()),
    };
    answer_lines(|line| answer(profile, line))
}

fn answer_lines(answer: impl Fn(&str) -> Outcome<String>) -> Outcome<ExitCode> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut exit = ExitCode::SUCCESS;
    loop {
        let mut line = String::new();
        if (&mut input).take(LINE_BYTES_MAX).read_line(&mut line)? == 0 {
            return Ok(exit);
        }
        if line.trim().is_empty() {
            continue;
        }
        match answer(line.trim_end_matches(['\r', '\n'])) {
            Ok(text) => writeln!(output, "{text}")?,
            Err(error) => {
                exit = ExitCode::FAILURE;
                writeln!(output, "error: {error}")?;
            }
        }
    }
}

fn pack(profile: &'static Profile, line: &str) -> Outcome<String> {
    let mut words = line.split_ascii_whitespace();
    let mti = words
        .next()
        .filter(|mti| mti.len() == 4)
        .ok_or("the message type is missing")?;
    let mut writer = Writer::new(profile);
    writer.begin(Mti(u16::from_str_radix(mti, 16)?));
    for word in words {
        let (n, value) = word.split_once('=').ok_or("a field is written n=value")?;
        let n: u8 = n.parse()?;
        match (value.strip_prefix("hex:"), profile.format(n).kind()) {
            (Some(hex), Kind::Text) => writer.text(n, &unhex(hex)?),
            (Some(hex), _) => writer.bytes(n, &unhex(hex)?),
            (None, Kind::Text | Kind::Binary | Kind::Hex) => writer.text(n, value.as_bytes()),
            (None, _) => writer.digits(n, value),
        };
    }
    Ok(hex(writer.finish()?))
}

fn unpack(profile: &'static Profile, line: &str) -> Outcome<String> {
    let bytes = unhex(line.trim())?;
    let message = Message::parse(profile, &bytes)?;
    let mut text = message.mti().to_string();
    for n in message.fields() {
        text.push_str(&format!(" {n}={}", value(&message, n)));
    }
    Ok(text)
}

fn value(message: &Message<'_>, n: u8) -> String {
    if let Some(digits) = message.digits(n) {
        return digits.to_string();
    }
    let content = message.text(n).unwrap_or_default();
    let plain = content.iter().all(u8::is_ascii_graphic) && !content.starts_with(b"hex:");
    match message.profile().format(n).kind() {
        Kind::Hex => format!("hex:{}", String::from_utf8_lossy(content).to_uppercase()),
        Kind::Text if plain => String::from_utf8_lossy(content).into_owned(),
        _ => format!("hex:{}", hex(content)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn unhex(text: &str) -> Outcome<Vec<u8>> {
    let nibble = |c: u8| char::from(c).to_digit(16).ok_or("not hexadecimal");
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err("half a byte".into());
    }
    pairs
        .iter()
        .map(|&[high, low]| Ok((nibble(high)? << 4 | nibble(low)?) as u8))
        .collect()
}
